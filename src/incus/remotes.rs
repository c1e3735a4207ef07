//! The remotes of the user's `incus` configuration: `config.yml`, and the certificates beside it.
//!
//! Read as Incus's own client reads them (its package `shared/cliconfig`): the user's file, the machine's in
//! `/etc/incus` for remotes that the user's does not have, and `local`, which is always the machine's own socket.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use ureq::http::Uri;

use super::transport::{Credentials, Trust};
use crate::diagnostic::nearest;
use crate::rootfs::escaped;
use crate::{Error, Result};

/// The most that a file of the configuration may hold.
const LARGEST: u64 = 1 << 20;

/// How a remote is reached.
pub(super) enum Endpoint {
    /// A socket of this machine.
    Socket(PathBuf),
    /// `https://HOST:PORT`.
    Https {
        /// Without a trailing slash.
        base: String,
        /// Whom to take for it.
        trust: Trust,
        /// Who we are.
        credentials: Credentials,
    },
}

/// A remote that an Incus is behind.
pub(super) struct Remote {
    /// What the configuration calls it.
    pub(super) name: String,
    /// The project that it stands for.
    pub(super) project: Option<String>,
    /// How it is reached.
    pub(super) endpoint: Endpoint,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Document {
    default_remote: Option<String>,
    remotes: Option<BTreeMap<String, Entry>>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(default)]
struct Entry {
    addr: String,
    auth_type: String,
    project: String,
    protocol: String,
    public: bool,
    /// The directory whose `servercerts` has its certificate.
    #[serde(skip)]
    home: PathBuf,
}

/// Where this user's configuration is.
struct Places {
    user: PathBuf,
    machine: PathBuf,
}

impl Places {
    fn new(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let user = variable("INCUS_CONF").map(PathBuf::from);
        let user = user.or_else(|| Some(Path::new(&variable("HOME")?).join(".config/incus")));
        let machine = variable("INCUS_GLOBAL_CONF").unwrap_or_else(|| "/etc/incus".to_owned());
        Self { user: user.unwrap_or_default(), machine: machine.into() }
    }
}

impl Remote {
    /// The remote of that name, or the configuration's default one for none; `variable` is the environment.
    pub(super) fn read(name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let variable = &|name: &str| variable(name).filter(|value| !value.is_empty());
        let places = Places::new(variable);
        let (remotes, default) = read_all(&places)?;
        let name = if name.is_empty() { default.as_str() } else { name };
        let entry = remotes.get(name).ok_or_else(|| unknown(name, &remotes))?;
        let project = Some(entry.project.clone()).filter(|project| !project.is_empty());
        let endpoint = entry.endpoint(name, &places, variable)?;
        Ok(Self { name: name.to_owned(), project, endpoint })
    }
}

fn read_all(places: &Places) -> Result<(BTreeMap<String, Entry>, String)> {
    let mut remotes = BTreeMap::new();
    let mut default = None;
    for home in [&places.machine, &places.user] {
        let path = home.join("config.yml");
        let Some(text) = read_if_there(&path)? else { continue };
        let document: Option<Document> = yaml_serde::from_slice(&text).map_err(|cause| {
            Error::invalid(format!("`{}` is not a configuration of `incus`", path.display()))
                .cause(escaped(cause.to_string().as_bytes()))
        })?;
        let document = document.unwrap_or_default();
        default = document.default_remote.or(default);
        for (name, entry) in document.remotes.unwrap_or_default() {
            remotes.insert(name, Entry { home: home.clone(), ..entry });
        }
    }
    let local: &mut Entry = remotes.entry("local".to_owned()).or_default();
    "unix://".clone_into(&mut local.addr);
    Ok((remotes, default.unwrap_or_else(|| "local".to_owned())))
}

fn unknown(name: &str, remotes: &BTreeMap<String, Entry>) -> Error {
    let error = Error::invalid(format!("there is no remote `{}`", escaped(name.as_bytes())));
    let known: Vec<_> = remotes.keys().map(|name| format!("`{}`", escaped(name.as_bytes()))).collect();
    match nearest(name, remotes.keys().map(String::as_str)) {
        Some(meant) => error.hint(format!("did you mean `{}`?", escaped(meant.as_bytes()))),
        None => error.hint(format!("`incus remote list` has {}", known.join(", "))),
    }
}

impl Entry {
    fn endpoint(&self, name: &str, places: &Places, variable: &dyn Fn(&str) -> Option<String>) -> Result<Endpoint> {
        let shown = escaped(name.as_bytes());
        if let Some(path) = self.addr.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return Ok(Endpoint::Socket(if path.is_empty() { own_socket(variable) } else { path.into() }));
        }
        let refused = |why: &str| Err(Error::invalid(format!("the remote `{shown}` {why}")));
        match self.protocol.as_str() {
            "" | "incus" if !self.public => {}
            "" | "incus" => return refused("is public, and gives images alone: it has no instances"),
            protocol => {
                let protocol = escaped(protocol.as_bytes());
                return refused(&format!("is a server of images, of the protocol `{protocol}`: it has no instances"));
            }
        }
        if !matches!(self.auth_type.as_str(), "" | "tls") {
            let kind = escaped(self.auth_type.as_bytes());
            return refused(&format!("wants a login of the kind `{kind}`, and vezaimg has certificates alone"));
        }
        let base = self.addr.trim_end_matches('/');
        let is_address = base.parse::<Uri>().is_ok_and(|uri| {
            uri.scheme_str() == Some("https")
                && uri.host().is_some_and(|host| !host.is_empty())
                && matches!(uri.path(), "" | "/")
                && uri.query().is_none()
                && !self.addr.contains('@')
        });
        if !is_address {
            let address = escaped(self.addr.as_bytes());
            return refused(&format!("has the address `{address}`, and not one such as `https://HOST:8443`"));
        }
        // It becomes a part of a path.
        if name.contains(['/', '\0']) || name.starts_with('.') {
            return refused("has a name that no file can have");
        }
        let pin = self.home.join("servercerts").join(format!("{name}.crt"));
        let trust = match read_if_there(&pin)? {
            None => Trust::Platform,
            Some(pem) => Trust::Pinned(CertificateDer::from_pem_slice(&pem).map_err(|cause| not_pem(&pin, &cause))?),
        };
        Ok(Endpoint::Https { base: base.to_owned(), trust, credentials: credentials(&places.user)? })
    }
}

/// The socket of this machine's daemon.
fn own_socket(variable: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(socket) = variable("INCUS_SOCKET") {
        return socket.into();
    }
    let directory = variable("INCUS_DIR").map(PathBuf::from).unwrap_or_else(|| {
        let directory = Path::new("/run/incus");
        let is_there = fs::symlink_metadata(directory.join("unix.socket")).is_ok();
        if is_there { directory.to_owned() } else { "/var/lib/incus".into() }
    });
    directory.join("unix.socket")
}

fn credentials(home: &Path) -> Result<Credentials> {
    let (certificate, key) = (home.join("client.crt"), home.join("client.key"));
    let read = |path: &Path| {
        read_if_there(path)?.ok_or_else(|| {
            Error::invalid(format!("there is no `{}`, by which a remote knows its clients", path.display()))
                .hint("`incus remote add NAME ADDRESS` makes one, and has the remote trust it")
        })
    };
    let chain = CertificateDer::pem_slice_iter(&read(&certificate)?)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|cause| not_pem(&certificate, &cause))?;
    if chain.is_empty() {
        return Err(Error::invalid(format!("`{}` holds no certificate", certificate.display())));
    }
    let pem = read(&key)?;
    if pem.windows(b"ENCRYPTED".len()).any(|word| word == b"ENCRYPTED") {
        return Err(Error::invalid(format!("the key in `{}` is behind a password", key.display()))
            .hint("let `INCUS_CONF` name a directory whose `client.key` has none"));
    }
    // What the parser says of a key could quote it.
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| Error::invalid(format!("`{}` holds no private key in PEM", key.display())))?;
    Ok(Credentials { chain, key })
}

fn not_pem(path: &Path, cause: &rustls::pki_types::pem::Error) -> Error {
    Error::invalid(format!("`{}` holds no certificate in PEM", path.display()))
        .cause(escaped(cause.to_string().as_bytes()))
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    let read = || {
        let file = match File::open(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::other("it holds more than 1 MiB"));
        }
        Ok(Some(bytes))
    };
    read().map_err(|cause| Error::invalid(format!("cannot read `{}`", path.display())).cause(cause))
}
