//! Names of hosts, each asked for once: a hundred files of one mirror would be a hundred questions within a second, of
//! which a resolver now and then drops one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The system's resolver, with what it said before.
#[derive(Debug, Default)]
pub(super) struct Remembering {
    system: DefaultResolver,
    known: Mutex<BTreeMap<String, ResolvedSocketAddrs>>,
}

impl Resolver for Remembering {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.scheme().zip(uri.authority());
        let Some(host) = host.and_then(|(scheme, host)| DefaultResolver::host_and_port(scheme, host)) else {
            return self.system.resolve(uri, config, timeout);
        };
        // Not held while the system is asked: a name that takes long must not hold up the others.
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(addresses) = known().get(&host) {
            return Ok(addresses.clone());
        }
        let addresses = self.system.resolve(uri, config, timeout)?;
        known().insert(host, addresses.clone());
        Ok(addresses)
    }
}
