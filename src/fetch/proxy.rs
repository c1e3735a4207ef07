//! Proxies, as the environment names them and apt and curl understand it.
//!
//! The client library tunnels everything through `CONNECT`, which proxies for packages refuse for anything but TLS: a
//! plain request goes to the proxy as it is, in the absolute form of RFC 9112, section 3.2.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::config::Config;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};
use ureq::{Proxy, ProxyProtocol};

use super::failure::Failure;
use crate::{Error, Result};

/// The proxies by the scheme of what is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    pub(super) http: Option<Proxy>,
    pub(super) https: Option<Proxy>,
}

impl Proxies {
    /// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, or the same in capitals.
    pub(super) fn new(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let either = |name: &str| {
            let value = [name.to_owned(), name.to_ascii_uppercase()].iter().find_map(|name| variable(name));
            value.filter(|value| !value.trim().is_empty()).map(|value| (name.to_owned(), value))
        };
        let except = either("no_proxy").map(|(_, hosts)| hosts).unwrap_or_default();
        let proxy = |name: &str| match either(name).or_else(|| either("all_proxy")) {
            Some((name, url)) => parse(&name, url.trim(), &except).map(Some),
            None => Ok(None),
        };
        Ok(Self { http: proxy("http_proxy")?, https: proxy("https_proxy")? })
    }
}

fn parse(name: &str, url: &str, except: &str) -> Result<Proxy> {
    let read = || {
        let proxy = Proxy::new(url)?;
        let mut builder = Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
        builder = builder.resolve_target(proxy.resolve_target());
        builder = proxy.username().into_iter().fold(builder, ureq::ProxyBuilder::username);
        builder = proxy.password().into_iter().fold(builder, ureq::ProxyBuilder::password);
        for host in except.split([',', ' ']).map(|host| host.trim_start_matches('.')).filter(|host| !host.is_empty()) {
            // A domain stands for itself and what is below it.
            builder = builder.no_proxy(host).no_proxy(&format!(".{host}"));
        }
        builder.build()
    };
    read().map_err(|_| {
        // Not shown: it may hold a password.
        Error::invalid(format!("the environment's `{name}` is not the address of a proxy"))
            .hint(format!("such as `{name}=http://HOST:3128`, or unset it"))
    })
}

/// Connects as usual, but for plain requests that go through a proxy.
#[derive(Debug)]
pub(super) struct ThroughProxy {
    usual: DefaultConnector,
    /// The same configuration without a proxy, for the way to the proxy itself.
    direct: Config,
}

impl ThroughProxy {
    pub(super) fn new(direct: Config) -> Self {
        Self { usual: DefaultConnector::new(), direct }
    }
}

impl Connector for ThroughProxy {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, ureq::Error> {
        let proxy = details.config.proxy().filter(|proxy| !proxy.is_no_proxy(details.uri));
        let Some(proxy) = proxy else { return self.usual.connect(details, chained) };
        // Otherwise it would look like the mirror's doing.
        self.connect_through(proxy, details).map_err(|error| match error {
            ureq::Error::Io(cause) => ureq::Error::ConnectProxyFailed(Failure::of_io(&cause).reason),
            other => other,
        })
    }
}

impl ThroughProxy {
    fn connect_through(
        &self,
        proxy: &Proxy,
        details: &ConnectionDetails<'_>,
    ) -> Result<Option<Box<dyn Transport>>, ureq::Error> {
        if details.needs_tls() || !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
            return self.usual.connect(details, None);
        }
        let to_proxy = ConnectionDetails {
            uri: proxy.uri(),
            addrs: details.resolver.resolve(proxy.uri(), &self.direct, details.timeout)?,
            config: &self.direct,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let Some(transport) = self.usual.connect(&to_proxy, None)? else { return Ok(None) };
        // Without the credentials that may stand before the host: those are the mirror's, and sent as a header.
        let authority = details.uri.authority().map_or("", |authority| authority.as_str());
        let host = authority.rsplit('@').next().unwrap_or_default();
        let authorization = proxy.username().map(|user| {
            let pair = format!("{user}:{}", proxy.password().unwrap_or_default());
            format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(pair))
        });
        let absolute =
            Absolute { transport, target: format!("http://{host}"), authorization: authorization.unwrap_or_default() };
        Ok(Some(Box::new(absolute)))
    }
}

/// A connection to a proxy, on which every request names the host that it is for.
#[derive(Debug)]
struct Absolute {
    transport: Box<dyn Transport>,
    target: String,
    authorization: String,
}

impl Transport for Absolute {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        // Requests have no body here, so that what begins like one is one.
        const METHOD: &[u8] = b"GET ";
        let output = self.transport.buffers().output();
        let request = output[..amount].to_vec();
        let line = request.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if !request.starts_with(b"GET /") || line == 0 {
            return self.transport.transmit_output(amount, timeout);
        }
        let (target, authorization) = (self.target.as_bytes(), self.authorization.as_bytes());
        let absolute = [METHOD, target, &request[METHOD.len()..line], authorization, &request[line..]].concat();
        let Some(room) = output.get_mut(..absolute.len()) else {
            return Err(ureq::Error::LargeResponseHeader(absolute.len(), output.len()));
        };
        room.copy_from_slice(&absolute);
        self.transport.transmit_output(absolute.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }
}
