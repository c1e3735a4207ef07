//! The client of HAProxy's runtime API, against a real HAProxy with the sample service behind it.

mod hostile;
mod maps;
mod relay;
mod reload;
mod servers;
mod service;
mod sockets;
mod states;
mod streams;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use vezaimg::haproxy::{Address, Inside, Server, ServerName, Socket};
use vezaimg::incus::InstanceName;

use crate::support::Balancer;

/// What the backends of most tests have in common: quick checks, and no slow start unless a test wants it.
const DEFAULTS: &str = "defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  default-server inter 200ms fastinter 200ms downinter 200ms rise 2 fall 2
";

/// No instance is reached in these tests.
struct Nowhere;

impl Inside for Nowhere {
    fn run(&self, instance: &InstanceName, _: &[&str], _: Duration) -> Result<Vec<u8>, String> {
        panic!("`{instance}` was asked for")
    }
}

/// The socket at an address such as `tcp:127.0.0.1:9100`.
fn open(address: &str) -> Socket {
    let inside: Arc<dyn Inside> = Arc::new(Nowhere);
    Socket::open(&Address::parse(address).unwrap(), &inside)
}

/// A balancer's admin socket.
fn admin(balancer: &Balancer) -> Socket {
    open(&format!("unix:{}", balancer.path("admin.sock").display()))
}

fn name(text: &str) -> ServerName {
    let (backend, server) = text.split_once('/').unwrap();
    ServerName::new(backend, server).unwrap()
}

/// What HAProxy now says of a server.
fn server(socket: &Socket, wanted: &str) -> Server {
    let snapshot = socket.observe().unwrap();
    let wanted = name(wanted);
    snapshot.servers.into_iter().find(|server| server.name == wanted).unwrap_or_else(|| panic!("`{wanted}` is missing"))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
