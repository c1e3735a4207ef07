//! What an instance's own health check says.

use std::net::IpAddr;

use serde::Serialize;

use super::{Unread, state};
use crate::incus::{Client, Instance, Status};
use crate::rollout::contract::Contract;
use crate::rollout::probe::{Probe, Reach};
use crate::rollout::swap::{UnitState, Vitals};

/// How an instance does, by its own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Health {
    /// Its unit is active, and its health check answers 200.
    Ok,
    /// It does not.
    Failing {
        /// What it answers instead, or what its unit does.
        why: String,
    },
    /// There was nobody or nothing to ask.
    NotAsked {
        /// Why.
        why: String,
    },
}

impl Health {
    fn failing(why: impl Into<String>) -> Self {
        Self::Failing { why: why.into() }
    }

    fn not_asked(why: impl Into<String>) -> Self {
        Self::NotAsked { why: why.into() }
    }
}

/// Asks the live container, from here where its address can be reached, else from inside it.
pub(super) fn ask(client: &Client, live: Option<&Instance>, addresses: &[IpAddr], unread: &mut Vec<Unread>) -> Health {
    let Some(live) = live else { return Health::not_asked("missing") };
    if live.status != Status::Running {
        return Health::not_asked(state(&live.status));
    }
    let contract = match Contract::of_container(live) {
        Ok(contract) => contract,
        Err(wrong) => return Health::not_asked(wrong.join(", ")),
    };
    if contract.health.is_none() && contract.unit.is_none() {
        return Health::not_asked("its image names no health check");
    }
    let probe = Probe::new(client, &contract);
    let reach = if client.is_local() { probe.reach(addresses) } else { Reach::Inside };
    match probe.vitals(&live.name, reach, false) {
        Ok(Some(vitals)) => verdict(vitals),
        Ok(None) => Health::not_asked("it is starting"),
        Err(failure) => {
            let why = failure.to_string();
            unread.push(crate::Error::from(failure).into());
            Health::not_asked(why)
        }
    }
}

fn verdict(vitals: Vitals) -> Health {
    match (vitals.unit, vitals.health) {
        (Some(UnitState::Dead(why)), _) => Health::failing(format!("its unit is {why}")),
        (_, Some(Err(why))) => Health::failing(why),
        (Some(UnitState::Unknown), _) => Health::not_asked("its systemd does not answer"),
        (Some(UnitState::Starting), _) => Health::failing("its unit is not active"),
        (Some(UnitState::Restarting), _) => Health::failing("its service ended, and systemd starts it again"),
        (Some(UnitState::Active { .. }) | None, Some(Ok(())) | None) => Health::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_failed_is_told_before_the_silence_of_its_port() {
        let silent = || Some(Err("`GET :8080/` is not answered".to_owned()));
        let of = |unit, health| verdict(Vitals { unit, health });
        let dead = Some(UnitState::Dead("failed (exit-code)".to_owned()));
        assert_eq!(of(dead, silent()), Health::failing("its unit is failed (exit-code)"));
        let active = || Some(UnitState::Active { restarts: 0 });
        assert_eq!(of(active(), silent()), Health::failing("`GET :8080/` is not answered"));
        assert_eq!(of(Some(UnitState::Starting), Some(Ok(()))), Health::failing("its unit is not active"));
        assert_eq!([of(active(), Some(Ok(()))), of(None, Some(Ok(()))), of(active(), None)], [const { Health::Ok }; 3]);
    }
}
