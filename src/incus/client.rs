//! Who is asked: one project of one Incus.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use ureq::Agent;
use ureq::http::header;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};

use super::exchange::Call;
use super::failure::{Failure, Kind, Result};
use super::remotes::{Endpoint, Remote};
use super::transport::{Nowhere, Tls, Unix};
use crate::Error;
use crate::rootfs::escaped;

/// How long what only reads is asked again: an incusd that restarts is back within seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// For a connection, with its TLS.
const CONNECT: Duration = Duration::from_secs(10);

/// For the next bytes, in either direction. What Incus does before it answers may take its time.
const STALL: Duration = Duration::from_secs(60);

/// What an Incus says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its version, such as `6.0.4`.
    pub version: String,
    /// Its name, in a cluster that of the member which answers.
    pub name: String,
    /// Whether it is a member of a cluster.
    pub clustered: bool,
    /// The architectures that it runs, the native one first, such as `x86_64`.
    pub architectures: Vec<String>,
    /// The extensions of the API that it knows.
    pub extensions: Vec<String>,
}

/// One project of one Incus. Clones are cheap and share their connections.
#[derive(Clone)]
pub struct Client {
    pub(super) agent: Agent,
    /// `https://HOST:PORT`, or a stand-in for a socket.
    pub(super) base: Arc<str>,
    pub(super) patience: Duration,
    remote: Arc<str>,
    project: Arc<str>,
    is_local: bool,
}

/// The remote and the project; whoever wants to see a client wants no key.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("remote", &self.remote).field("project", &self.project).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct ServerAnswer {
    #[serde(default)]
    api_extensions: Vec<String>,
    auth: String,
    #[serde(default)]
    environment: Environment,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Environment {
    architectures: Vec<String>,
    server_clustered: bool,
    server_name: String,
    server_version: String,
}

impl Client {
    /// The Incus that the user's configuration calls `remote`, its default one for the empty name, and of it this
    /// project, else the remote's own, else `default`. It is asked once whether it answers and trusts us.
    ///
    /// The configuration is that of the directory `INCUS_CONF`, else `~/.config/incus`. `local` is the socket
    /// `INCUS_SOCKET`, else `INCUS_DIR/unix.socket`, else the one in `/run/incus` or `/var/lib/incus`.
    ///
    /// # Errors
    /// There is no such remote or project, it is no Incus, it cannot be reached, or it does not trust this client.
    pub fn connect(remote: &str, project: Option<&str>) -> crate::Result<Self> {
        let remote = Remote::read(remote, &|name| std::env::var(name).ok())?;
        let project = project.map(str::to_owned).or(remote.project);
        let client = match remote.endpoint {
            Endpoint::Socket(socket) => Self::through(&socket, &remote.name, project.as_deref())?,
            Endpoint::Https { base, trust, credentials } => {
                let tls = Tls::new(trust, credentials).map_err(|cause| {
                    Error::invalid("`client.crt` and `client.key` are no pair for TLS").cause(cause)
                })?;
                let connector = ().chain(TcpConnector::default()).chain(tls);
                let agent = Agent::with_parts(config(), connector, DefaultResolver::default());
                Self::new(agent, &base, &remote.name, project.as_deref(), false).greet(&base)?
            }
        };
        client.check_project()?;
        Ok(client)
    }

    /// The Incus behind this unix socket, and of it this project, else `default`.
    ///
    /// # Errors
    /// It cannot be reached, or it does not trust this client.
    pub fn at(socket: &Path, project: Option<&str>) -> crate::Result<Self> {
        Self::through(socket, "local", project)
    }

    fn through(socket: &Path, remote: &str, project: Option<&str>) -> crate::Result<Self> {
        let agent = Agent::with_parts(config(), Unix(socket.to_owned()), Nowhere);
        Self::new(agent, "http://incus", remote, project, true).greet(&socket.display().to_string())
    }

    fn new(agent: Agent, base: &str, remote: &str, project: Option<&str>, is_local: bool) -> Self {
        let project = project.unwrap_or("default");
        Self { agent, base: base.into(), patience: PATIENCE, remote: remote.into(), project: project.into(), is_local }
    }

    /// Asks once whether it is there and trusts us.
    fn greet(self, place: &str) -> crate::Result<Self> {
        let once = self.clone().with_patience(Duration::ZERO);
        let answer = once.ask::<ServerAnswer>().map_err(|failure| self.unreachable(failure, place))?;
        if answer.auth != "trusted" {
            let remote = escaped(self.remote.as_bytes());
            return Err(Error::failed(format!("Incus at `{}` does not trust this client", escaped(place.as_bytes())))
                .hint(format!(
                    "`incus config trust add NAME` there gives a token for `incus remote add {remote}` here"
                )));
        }
        Ok(self)
    }

    /// A project that is not there looks like one without instances and images.
    fn check_project(&self) -> crate::Result<()> {
        let project = escaped(self.project.as_bytes());
        let call = Call::get(&["projects", &self.project], format!("show the project `{project}`"));
        match self.read_if_there::<serde::de::IgnoredAny>(&call)? {
            Some(_) => Ok(()),
            None => {
                let remote = escaped(self.remote.as_bytes());
                Err(Error::invalid(format!("there is no project `{project}` on `{remote}`"))
                    .hint("`incus project list` shows those that there are"))
            }
        }
    }

    /// Why a first request failed, with the way out where there is one.
    fn unreachable(&self, failure: Failure, place: &str) -> Error {
        let place = escaped(place.as_bytes());
        let said = failure.system();
        let kind = failure.kind();
        let message = match kind {
            Kind::Malformed => format!("what answers at `{place}` is no Incus"),
            _ => format!("cannot reach Incus at `{place}`"),
        };
        let error = failure.causes().iter().fold(Error::failed(message), Error::cause);
        match said {
            Some(io::ErrorKind::PermissionDenied) if self.is_local => {
                error.hint("who may talk to it is in the group `incus-admin`; a new group holds from the next login on")
            }
            Some(io::ErrorKind::NotFound) if self.is_local => {
                error.hint("is Incus installed here? `INCUS_DIR` and `INCUS_SOCKET` say where its socket is otherwise")
            }
            Some(io::ErrorKind::ConnectionRefused) if self.is_local => {
                error.hint("the daemon does not run; `systemctl status incus` says why")
            }
            _ if self.is_local || kind == Kind::Malformed => error,
            _ if kind == Kind::Denied => {
                let remote = escaped(self.remote.as_bytes());
                error.hint(format!(
                    "if its certificate was replaced on purpose, `incus remote remove {remote}` and add it again"
                ))
            }
            _ => error.hint("`core.https_address` of its configuration says where it listens"),
        }
    }

    /// The same, but what only reads is asked again for so long when the connection is lost; 60 s otherwise.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What the user's configuration calls it; `local` for a socket.
    pub fn remote(&self) -> &str {
        &self.remote
    }

    /// The project that every request is about.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Whether it is on this machine, behind a unix socket.
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// What it says about itself.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn server(&self) -> Result<Server> {
        let answer: ServerAnswer = self.ask()?;
        Ok(Server {
            version: answer.environment.server_version,
            name: answer.environment.server_name,
            clustered: answer.environment.server_clustered,
            architectures: answer.environment.architectures,
            extensions: answer.api_extensions,
        })
    }

    fn ask<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        Ok(self.read_one(&Call::get(&[], "describe itself"))?.metadata)
    }

    /// The daemon's own clock, in whole seconds.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn now(&self) -> Result<Timestamp> {
        let call = Call::get(&[], "tell the time");
        let date = self.read_one::<serde::de::IgnoredAny>(&call)?.header(&header::DATE);
        // The date of HTTP is one of mail: RFC 9110, section 5.6.7.
        let time = date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date).ok());
        time.ok_or_else(|| call.malformed("its answer has no date"))
    }
}

fn config() -> ureq::config::Config {
    Agent::config_builder()
        .proxy(None)
        .user_agent(concat!("vezaimg/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_per_read(Some(STALL))
        .timeout_per_write(Some(STALL))
        .build()
}
