//! Who is asked: one project of one Incus.

use std::path::Path;
use std::time::Duration;

use super::Result;

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
#[derive(Clone, Debug)]
pub struct Client {}

impl Client {
    /// The Incus that the user's configuration calls `remote`, and of it this project, else the remote's own, else
    /// `default`. It is asked once whether it answers and trusts us.
    ///
    /// # Errors
    /// There is no such remote, it is no Incus, it cannot be reached, or it does not trust this client.
    pub fn connect(remote: &str, project: Option<&str>) -> crate::Result<Self> {
        let _ = (remote, project);
        unimplemented!()
    }

    /// The Incus behind this unix socket, and of it this project, else `default`.
    ///
    /// # Errors
    /// It cannot be reached, or it does not trust this client.
    pub fn at(socket: &Path, project: Option<&str>) -> crate::Result<Self> {
        let _ = (socket, project);
        unimplemented!()
    }

    /// The same, but what only reads is asked again for so long when the connection is lost; 60 s otherwise.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        let _ = patience;
        unimplemented!()
    }

    /// What the user's configuration calls it; `local` for a socket.
    pub fn remote(&self) -> &str {
        unimplemented!()
    }

    /// The project that every request is about.
    pub fn project(&self) -> &str {
        unimplemented!()
    }

    /// Whether it is on this machine, behind a unix socket.
    pub fn is_local(&self) -> bool {
        unimplemented!()
    }

    /// What it says about itself.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn server(&self) -> Result<Server> {
        unimplemented!()
    }

    /// The daemon's own clock, in whole seconds.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn now(&self) -> Result<jiff::Timestamp> {
        unimplemented!()
    }
}
