//! What `show sess` says of the streams on each server.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::answer::unexpected;
use super::{Result, ServerName};

/// The streams on one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams {
    /// Requests in flight: they end by themselves.
    pub requests: u64,
    /// WebSockets and other tunnels, TCP connections included: they end when either side wants.
    pub tunnels: u64,
}

/// The streams of all servers. A keep-alive connection that idles is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions(BTreeMap<ServerName, Streams>);

impl Sessions {
    /// The streams on a server; none where HAProxy shows none.
    pub fn on(&self, name: &ServerName) -> Streams {
        self.0.get(name).copied().unwrap_or_default()
    }
}

impl Sessions {
    /// Reads `show sess`: a line a stream, of words `KEY=VALUE` and `KEY[…]`. Streams on other servers than these are
    /// passed over, so that an answer cannot make us remember more names than HAProxy has.
    ///
    /// A stream is a tunnel once no analyser waits for anything on its request (`rq`) or response (`rp`) any more:
    /// `an=00h` on both. While a request is in flight, HTTP's own analysers are on both, `AN_REQ_HTTP_XFER_BODY` and
    /// `AN_RES_WAIT_HTTP` for one (`include/haproxy/channel-t.h`).
    pub(super) fn parse(text: &str, servers: &BTreeSet<&ServerName>) -> Result<Self> {
        let mut sessions = Self::default();
        for line in text.lines() {
            if !line.starts_with("0x") {
                return Err(unexpected(line));
            }
            let Some(name) = server(line).filter(|name| servers.contains(name)) else { continue };
            let streams = sessions.0.entry(name).or_default();
            match (analysers(line, " rq["), analysers(line, " rp[")) {
                (Some(0), Some(0)) => streams.tunnels += 1,
                (Some(_), Some(_)) => streams.requests += 1,
                _ => return Err(unexpected(line)),
            }
        }
        Ok(sessions)
    }
}

/// The server of the stream that a client has opened from this address, in the answer to `show sess`.
pub(super) fn server_of(text: &str, client: SocketAddr) -> Result<Option<ServerName>> {
    for line in text.lines() {
        if !line.starts_with("0x") {
            return Err(unexpected(line));
        }
        if source(line) == Some((client.ip().to_canonical(), client.port())) {
            return Ok(server(line));
        }
    }
    Ok(None)
}

/// Where a stream comes from; none for one that did not come by TCP.
fn source(line: &str) -> Option<(IpAddr, u16)> {
    let word = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("src="))?;
    let (address, port) = word.rsplit_once(':')?;
    Some((address.parse::<IpAddr>().ok()?.to_canonical(), port.parse().ok()?))
}

/// The server that a stream is on; none for one that has none yet, or is the runtime API's own.
fn server(line: &str) -> Option<ServerName> {
    let word = |key: &str| line.split_ascii_whitespace().find_map(|word| word.strip_prefix(key));
    ServerName::new(word("be=")?, word("srv=")?)
}

/// The analysers of the channel whose bracket opens so.
fn analysers(line: &str, channel: &str) -> Option<u64> {
    let (_, rest) = line.split_once(channel)?;
    let (fields, _) = rest.split_once(']')?;
    let field = fields.split(',').find_map(|field| field.strip_prefix("an="))?;
    u64::from_str_radix(field.strip_suffix('h')?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::haproxy::Kind;

    /// As HAProxy 2.6.12 writes a stream.
    fn line(server: &str, request: &str, response: &str) -> String {
        format!(
            "0x55ffa06dd2a0: proto=tcpv4 src=127.0.0.1:41000 fe=f be=api srv={server} ts=00 epoch=0 age=0s \
             calls=1 rate=0 cpu=0 lat=0 rq[f=c48200h,i=0,an={request},rx=,wx=,ax=] rp[f=80048202h,i=0,an={response},rx=,wx=,ax=] \
             scf=[8,0h,fd=16] scb=[8,1h,fd=-1] exp= rc=0 c_exp=\n"
        )
    }

    fn read(text: &str) -> Result<Sessions> {
        let name = ServerName::new("api", "a").unwrap();
        Sessions::parse(text, &BTreeSet::from([&name]))
    }

    #[test]
    fn a_tunnel_has_no_analysers_left() {
        let text = [
            line("a", "8000h", "1400000h"),
            line("a", "00h", "1400000h"),
            line("a", "8000h", "00h"),
            line("a", "00h", "00h"),
            line("<none>", "00h", "00h"),
            line("stranger", "00h", "00h"),
        ];
        let sessions = read(&text.concat()).unwrap();
        assert_eq!(sessions.on(&ServerName::new("api", "a").unwrap()), Streams { requests: 3, tunnels: 1 });
        assert_eq!(sessions.0.len(), 1);
    }

    #[test]
    fn a_client_is_found_by_its_address_and_port() {
        let mapped = line("b", "00h", "00h").replace("src=127.0.0.1:41000", "src=::ffff:10.0.0.1:41000");
        let text =
            [line("<none>", "8000h", "00h"), mapped, "0x1: proto=unix_stream be=api srv=a\n".to_owned()].concat();
        let of = |address: &str| server_of(&text, address.parse().unwrap()).unwrap().map(|name| name.to_string());
        assert_eq!(of("10.0.0.1:41000").as_deref(), Some("api/b"));
        assert_eq!([of("127.0.0.1:41000"), of("10.0.0.1:41001")], [const { None }; 2]);
        assert_eq!(server_of("hello", "10.0.0.1:1".parse().unwrap()).unwrap_err().kind(), Kind::NotHaproxy);
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        for text in
            ["hello", "0x1: be=api srv=a", &line("a", "0xh", "00h"), &line("a", "-1h", "00h"), &line("a", "00", "00h")]
        {
            assert_eq!(read(text).unwrap_err().kind(), Kind::NotHaproxy, "{text}");
        }
        assert_eq!(read("Permission denied").unwrap_err().kind(), Kind::Denied);
        assert_eq!(read("").unwrap(), Sessions::default());
    }
}
