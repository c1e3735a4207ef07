//! `vezaimg drill`: whether the peers of a container serve on when it is gone.

mod watch;

use crate::commands::rollout::{self, Scope};
use crate::drill::{Check, Drill, Report, Step, Verdict, Wishes};
use crate::error::Class;
use crate::interrupt::Interrupt;
use crate::ui::{Console, Lasted, Table};
use crate::{Error, Result};
use watch::Watch;

/// What `vezaimg drill` is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which pool of which fleet.
    pub scope: Scope,
    /// What is to be found out.
    pub wishes: Wishes,
    /// Print one JSON object.
    pub json: bool,
}

/// Stops a container of the pool by force, and starts it again.
///
/// # Errors
/// Exit code 2 or 3 before anything was stopped; 1 for a check that failed, or 5, with what was seen in the result.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let (fleet, client) = rollout::open(&request.scope, console)?;
    let interrupt = Interrupt::on_signals().map_err(|cause| Error::failed("cannot watch for signals").cause(cause))?;
    let watch = Watch::new(console, request.json, request.wishes.websockets > 0);
    for pool in &fleet.pools {
        let drill = Drill {
            client: &client,
            fleet: &fleet,
            pool,
            balance: rollout::balance(&fleet, &client),
            wishes: &request.wishes,
            interrupt: &interrupt,
            audience: &|event| watch.event(event),
        };
        let outcome = drill.run();
        watch.finish();
        let report = outcome?;
        print(&report, request.json, console)?;
        verdict(report)?;
    }
    Ok(())
}

fn print(report: &Report, json: bool, console: &Console) -> Result<()> {
    if json {
        return console.json(report);
    }
    let mut table = Table::new(["CHECK", "RESULT", "TOOK", "SEEN"]);
    for check in &report.checks {
        let took = Lasted(std::time::Duration::from_secs_f64(check.seconds));
        let took = if check.result == Verdict::NotReached { "-".to_owned() } else { took.to_string() };
        table.row([check.step.name().to_owned(), check.result.word().to_owned(), took, check.detail.clone()]);
    }
    table.print(console)?;
    if let Some(tally) = &report.requests.until_down {
        console
            .detail("until DOWN", &format!("{} of {} requests were answered: nobody knew yet", tally.ok, tally.sent));
    }
    Ok(())
}

fn verdict(report: Report) -> Result<()> {
    let instance = &report.instance;
    let causes: Vec<_> = report.failed().map(|check| format!("{}: {}", check.step.name(), check.detail)).collect();
    let is_stopped = report.failed().any(|check| check.step == Step::Start);
    let message = match causes.len() {
        _ if is_stopped => format!("`{instance}` was stopped, and could not be started again"),
        0 => return report.trouble.map_or(Ok(()), Err),
        1 => "1 check of the drill failed".to_owned(),
        count => format!("{count} checks of the drill failed"),
    };
    match report.trouble {
        Some(trouble) if !is_stopped && trouble.class() == Class::Interrupted => Err(trouble),
        trouble => {
            // Codes 2 and 3 say that nothing was stopped.
            let (message, causes) = match trouble.as_ref().filter(|_| !is_stopped) {
                Some(trouble) => (trouble.message().to_owned(), [trouble.causes(), &causes].concat()),
                None => (message, causes),
            };
            let hints = trouble.iter().flat_map(Error::hints).cloned();
            let hints = hints.chain(report.checks.iter().filter_map(way_out));
            let error = causes.into_iter().fold(Error::failed(message), Error::cause);
            Err(hints.fold(error, Error::hint))
        }
    }
}

/// What may be done about a check that failed.
fn way_out(check: &Check) -> Option<String> {
    let hint = match (check.result, check.step) {
        (Verdict::Failed, Step::Connect) => {
            "`--websocket-path PATH` says where they are, and `--websockets 0` leaves them out"
        }
        (Verdict::Failed, Step::Down) => {
            "`timeout check 2s` beside `timeout connect 2s` in haproxy.cfg ends a check of an address that is gone, and \
             `fastinter 1s` on the line `default-server` has it asked again, sooner"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(failed: &[Step], trouble: Option<Error>) -> Report {
        let check = |step: Step| Check {
            step,
            result: if failed.contains(&step) { Verdict::Failed } else { Verdict::Passed },
            seconds: 1.0,
            detail: format!("seen of {}", step.name()),
        };
        Report {
            fleet: "fleet.toml".to_owned(),
            pool: "api".to_owned(),
            instance: "api-1".to_owned(),
            through: "http://lb".to_owned(),
            passed: failed.is_empty(),
            checks: Step::ALL.map(check).to_vec(),
            trouble,
            ..Report::default()
        }
    }

    fn told(failed: &[Step], trouble: Option<Error>) -> (Class, String) {
        let error = verdict(report(failed, trouble)).unwrap_err();
        (error.class(), error.to_string())
    }

    #[test]
    fn checks_that_failed_are_told_and_what_kept_it_from_going_on_comes_before_them() {
        assert!(verdict(report(&[], None)).is_ok());
        let two = "2 checks of the drill failed\ncause: meanwhile: seen of meanwhile\ncause: up: seen of up";
        assert_eq!(told(&[Step::Meanwhile, Step::Up], None), (Class::Failed, two.to_owned()));
        let connect = "1 check of the drill failed\ncause: connect: seen of connect\n\
                       hint: `--websocket-path PATH` says where they are, and `--websockets 0` leaves them out";
        assert_eq!(told(&[Step::Connect], None), (Class::Failed, connect.to_owned()));
        let interrupted = || Some(Error::interrupted("interrupted; `api-1` runs again"));
        let told_of_it = (Class::Interrupted, "interrupted; `api-1` runs again".to_owned());
        assert_eq!([told(&[], interrupted()), told(&[Step::Down], interrupted())], [told_of_it.clone(), told_of_it]);
    }

    #[test]
    fn a_container_that_does_not_start_comes_before_everything() {
        let trouble = Some(Error::failed("Incus cannot start `api-1`").cause("no").hint("`incus start api-1`"));
        let expected = "`api-1` was stopped, and could not be started again\ncause: start: seen of start\n\
                        hint: `incus start api-1`";
        assert_eq!(told(&[Step::Start], trouble), (Class::Failed, expected.to_owned()));
    }
}
