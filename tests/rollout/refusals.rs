//! What a rollout refuses: all of it at once, in the words that help, and with nothing changed.

mod balancers;
mod containers;
mod operators;
mod requests;
mod signatures;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use snapbox::{IntoData, assert_data_eq};

use super::found::{self, Found};
use crate::support::veza::{Config, Haproxy, Member, Recipe, Veza};
use crate::support::{Lab, seconds};

/// A fleet that nothing is ever done to: what is refused changes nothing, so that all tests can share it.
fn fleet() -> &'static Veza {
    static FLEET: OnceLock<Veza> = OnceLock::new();
    FLEET.get_or_init(|| Veza::new("refused").start())
}

/// One fleet file on the shared fleet, behind a HAProxy of its own that can be changed.
struct Trial {
    veza: &'static Veza,
    haproxy: Haproxy,
    pool: String,
    /// What is written instead of what each run chooses anew.
    shown: BTreeMap<String, String>,
}

impl Trial {
    fn new(config: &Config) -> Self {
        let (veza, pool) = (fleet(), Lab::shared().unique("pool"));
        let haproxy = veza.balancer(config);
        let mut trial = Self { veza, haproxy, shown: BTreeMap::new(), pool };
        let members: Vec<_> = veza.members().iter().map(Member::name).collect();
        trial.fleet(&format!("tcp:{}", trial.haproxy.admin()), &members, "");
        trial.show(trial.haproxy.entry().ip().to_string(), "127.0.0.1");
        trial.show(trial.haproxy.drain_map().parent().unwrap().display().to_string(), "/etc/haproxy");
        trial.show(Lab::shared().bridge().to_owned(), "lab");
        for (index, member) in veza.members().iter().enumerate() {
            trial.show(member.address().to_string(), &format!("10.0.0.{}", index + 1));
            trial.show(member.name().to_owned(), &format!("api-{}", index + 1));
        }
        trial.show(format!("{}.toml", trial.pool), "fleet.toml");
        trial.show(trial.pool.clone(), "api");
        trial
    }

    /// The server `index` of the pool, as the runtime API names it.
    fn server(&self, index: usize) -> String {
        format!("api_pool/{}", self.veza.members()[index].name())
    }

    fn tell(&self, command: &str) {
        assert_eq!(self.haproxy.ask(command).trim(), "", "{command}");
    }

    fn show(&mut self, text: String, shown: &str) {
        self.shown.insert(text, shown.to_owned());
    }

    /// Writes the fleet file.
    fn fleet(&self, socket: &str, instances: &[&str], lines: &str) {
        let pool = &self.pool;
        let text = format!(
            "[haproxy]\nsockets = [\"{socket}\"]\n\n[[pool]]\nname = \"{pool}\"\ninstances = {instances:?}\n\
             backends = [\"api_pool\"]\n{lines}"
        );
        self.write(&text);
    }

    fn write(&self, text: &str) {
        self.veza.workspace().write(&format!("{}.toml", self.pool), text);
    }

    fn file(&self) -> String {
        format!("{}.toml", self.pool)
    }

    /// What vezaimg said, with names that every run chooses anew as any reader would call them.
    fn told(&self, said: &str) -> String {
        // The longer first: one may be a part of another.
        let mut shown: Vec<_> = self.shown.iter().collect();
        shown.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        shown.into_iter().fold(said.to_owned(), |said, (text, shown)| said.replace(text, shown))
    }

    fn found(&self) -> (Found, Vec<String>, Vec<String>) {
        let map = self.haproxy.ask(&format!("show map {}", self.haproxy.drain_map().display()));
        let servers = found::servers(&self.haproxy.ask("show servers state"));
        (Found::of(self.veza), servers, map.lines().map(str::to_owned).collect())
    }

    /// Runs vezaimg, and holds it to all that it prints, to its exit code, and to having changed nothing.
    fn refuses(&self, arguments: &[&str], code: i32, expected: impl IntoData) {
        let (before, file) = (self.found(), self.file());
        let done = self.veza.command(&[arguments, &["--fleet", &file]].concat());
        assert_data_eq!(self.told(&done.stderr), expected.raw());
        assert_eq!((&*done.stdout, done.code), ("", Some(code)), "{}", done.stderr);
        assert_eq!(self.found(), before);
    }
}

/// The release that everybody would like to have.
fn wanted() -> String {
    Recipe::good("2.0.0").imported()
}

/// Terms with which a server is slow to get its full share again.
fn slow_start() -> Config {
    Config { slowstart: seconds(60), ..Config::default() }
}
