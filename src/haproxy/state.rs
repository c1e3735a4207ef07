//! A line of `show servers state`, <https://docs.haproxy.org/2.6/management.html#9.3-show%20servers%20state>.

use std::net::IpAddr;

use super::answer::malformed;
use super::table::Row;
use super::{Admin, Operation, Result, ServerName};

// `enum srv_admin` of HAProxy's `include/haproxy/server-t.h`, each bit with its name there.
/// `SRV_ADMF_FMAINT`: put into maintenance, by the runtime API or by `disabled`.
const FORCED_MAINT: u32 = 0x01;
/// `SRV_ADMF_IMAINT`: the server that it tracks is in maintenance.
const INHERITED_MAINT: u32 = 0x02;
/// `SRV_ADMF_CMAINT`: `disabled` in the configuration; it stays when the server is made ready, and is no maintenance by
/// itself.
const CONFIGURED_MAINT: u32 = 0x04;
/// `SRV_ADMF_FDRAIN`: put into drain, by the runtime API or an agent.
const FORCED_DRAIN: u32 = 0x08;
/// `SRV_ADMF_IDRAIN`: the server that it tracks is in drain.
const INHERITED_DRAIN: u32 = 0x10;
/// `SRV_ADMF_RMAINT`: its name does not resolve.
const UNRESOLVED_MAINT: u32 = 0x20;

// The bits of a check's state: `CHK_ST_*` of HAProxy's `include/haproxy/check-t.h`.
/// `CHK_ST_INPROGRESS`.
const IN_PROGRESS: u32 = 0x01;
/// `CHK_ST_CONFIGURED`: there is such a check.
const CONFIGURED: u32 = 0x02;
/// `CHK_ST_ENABLED`: it was not switched off by `disable health`.
const ENABLED: u32 = 0x04;

/// What the line says that `show stat` does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) address: Option<(IpAddr, u16)>,
    pub(super) admin: Admin,
    pub(super) forced: bool,
    pub(super) disabled: bool,
    pub(super) operation: Operation,
    pub(super) weight: u32,
    /// Of the health check, where there is one.
    pub(super) check: Option<CheckState>,
    pub(super) agent: bool,
}

/// How far the health check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckState {
    pub(super) enabled: bool,
    pub(super) passed: bool,
    pub(super) in_progress: bool,
}

pub(super) fn parse(row: &Row<'_, '_>) -> Result<(ServerName, State)> {
    let (backend, server) = (row.text("be_name")?, row.text("srv_name")?);
    let name = ServerName::new(backend, server)
        .ok_or_else(|| malformed("the name of a server", &format!("{backend}/{server}")))?;
    let bits: u32 = row.required("srv_admin_state")?;
    let any = |mask: u32| bits & mask != 0;
    let admin = if any(FORCED_MAINT | INHERITED_MAINT | UNRESOLVED_MAINT) {
        Admin::Maint
    } else if any(FORCED_DRAIN | INHERITED_DRAIN) {
        Admin::Drain
    } else {
        Admin::Ready
    };
    let forced = match admin {
        Admin::Maint => any(FORCED_MAINT),
        Admin::Drain => any(FORCED_DRAIN),
        Admin::Ready => false,
    };
    let check: u32 = row.required("srv_check_state")?;
    let state = State {
        address: address(row)?,
        admin,
        forced,
        disabled: any(CONFIGURED_MAINT),
        operation: operation(row)?,
        weight: row.required("srv_uweight")?,
        check: (check & CONFIGURED != 0)
            .then(|| row.required("srv_check_result").map(|result| check_state(check, result)))
            .transpose()?,
        agent: row.required::<u32>("srv_agent_state")? & CONFIGURED != 0,
    };
    Ok((name, state))
}

/// `enum srv_state` of HAProxy's `include/haproxy/server-t.h`.
fn operation(row: &Row<'_, '_>) -> Result<Operation> {
    const COLUMN: &str = "srv_op_state";
    match row.required::<u8>(COLUMN)? {
        0 => Ok(Operation::Stopped),
        1 => Ok(Operation::Starting),
        2 => Ok(Operation::Running),
        3 => Ok(Operation::Stopping),
        other => Err(row.malformed(COLUMN, &other.to_string())),
    }
}

/// Of the results in `enum chk_result` of HAProxy's `include/haproxy/check-t.h`, 3 is passed, 4 is passed but no new
/// sessions (a 404).
fn check_state(state: u32, result: u32) -> CheckState {
    CheckState { enabled: state & ENABLED != 0, passed: matches!(result, 3 | 4), in_progress: state & IN_PROGRESS != 0 }
}

/// A slot without an address has `-` or `0.0.0.0`; the address of a unix socket is none for us.
fn address(row: &Row<'_, '_>) -> Result<Option<(IpAddr, u16)>> {
    let port = row.number("srv_port")?.unwrap_or(0);
    let address = row.text("srv_addr")?.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    Ok(address.filter(|address| !address.is_unspecified()).map(|address| (address, port)))
}
