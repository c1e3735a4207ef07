//! A line of `show stat`, <https://docs.haproxy.org/2.6/management.html#9.1>.

use super::answer::{malformed, short};
use super::state::State;
use super::table::Row;
use super::{Check, Counters, Result, Server, ServerName};

/// The column `type`.
const BACKEND: u32 = 1;
const SERVER: u32 = 2;

/// The name of the server that the line is about; none for a line about a frontend, a backend or a listener.
pub(super) fn server(row: &Row<'_, '_>) -> Result<Option<ServerName>> {
    if row.required::<u32>("type")? != SERVER {
        return Ok(None);
    }
    name(row.text("pxname")?, row.text("svname")?).map(Some)
}

/// A backend and the name of its cookie, if the line is about a backend with one.
pub(super) fn cookie(row: &Row<'_, '_>) -> Result<Option<(String, String)>> {
    let cookie = row.text("cookie")?;
    if row.required::<u32>("type")? != BACKEND || cookie.is_empty() {
        return Ok(None);
    }
    Ok(Some((short(row.text("pxname")?), short(cookie))))
}

pub(super) fn parse(row: &Row<'_, '_>, name: ServerName, state: &State) -> Result<Server> {
    let throttle = row.number::<u8>("throttle")?;
    if let Some(percent) = throttle.filter(|percent| *percent > 100) {
        return Err(row.malformed("throttle", &percent.to_string()));
    }
    Ok(Server {
        name,
        address: state.address,
        cookie: Some(row.text("cookie")?).filter(|cookie| !cookie.is_empty()).map(str::to_owned),
        admin: state.admin,
        forced: state.forced,
        disabled: state.disabled,
        operation: state.operation,
        status: short(row.text("status")?),
        throttle,
        sessions: row.required("scur")?,
        queued: row.required("qcur")?,
        weight: state.weight,
        backup: row.number::<u32>("bck")?.unwrap_or(0) > 0,
        check: match state.check {
            Some(check) => Some(Check {
                status: short(row.text("check_status")?.trim_start_matches("* ")),
                code: row.number("check_code")?,
                passed: check.passed,
                in_progress: check.in_progress,
                enabled: check.enabled,
                description: short(
                    row.find("last_chk").filter(|text| !text.is_empty()).or(row.find("check_desc")).unwrap_or_default(),
                ),
            }),
            None => None,
        },
        agent: state.agent,
        track: track(row)?,
        counters: counters(row)?,
    })
}

/// `BACKEND/SERVER`.
fn track(row: &Row<'_, '_>) -> Result<Option<ServerName>> {
    match row.find("tracked").filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => {
            let (backend, server) = text.split_once('/').ok_or_else(|| row.malformed("tracked", text))?;
            name(backend, server).map(Some)
        }
    }
}

fn counters(row: &Row<'_, '_>) -> Result<Counters> {
    let count = |column: &str| row.number::<u64>(column).map(Option::unwrap_or_default);
    let sessions = row.required("stot")?;
    Ok(Counters {
        requests: row.number("req_tot")?.unwrap_or(sessions),
        sessions,
        connection_errors: count("econ")?,
        response_errors: count("eresp")?,
        retries: count("wretr")?,
        redispatches: count("wredis")?,
        answers_5xx: count("hrsp_5xx")?,
        client_aborts: count("cli_abrt")?,
        server_aborts: count("srv_abrt")?,
    })
}

fn name(backend: &str, server: &str) -> Result<ServerName> {
    ServerName::new(backend, server).ok_or_else(|| malformed("the name of a server", &format!("{backend}/{server}")))
}
