//! Requests in flight told from WebSockets.

use std::io::{Read, Write};
use std::net::Ipv4Addr;

use tungstenite::Message;
use vezaimg::haproxy::{Socket, Streams};

use super::service::{Dribble, Service, connect, read_head, send_get, websocket};
use super::{DEFAULTS, admin, name, server};
use crate::support::balancer::loopback;
use crate::support::{Balancer, seconds, wait_for};

fn start(server: &str, mode: &str) -> (Balancer, Socket, (Ipv4Addr, u16)) {
    let front = loopback();
    let config = format!("{DEFAULTS}listen b\n  mode {mode}\n  bind {front}:8080\n  server a {server}\n");
    let balancer = Balancer::start(&config);
    let socket = admin(&balancer);
    (balancer, socket, (front, 8080))
}

fn expect(socket: &Socket, requests: u64, tunnels: u64) {
    let expected = Streams { requests, tunnels };
    wait_for(&format!("{expected:?}"), seconds(10), || {
        let snapshot = socket.observe().unwrap();
        let seen = snapshot.sessions.on(&name("b/a"));
        let counted = server(socket, "b/a").sessions;
        if seen == expected && counted == requests + tunnels {
            Ok(())
        } else {
            Err(format!("{seen:?}, scur {counted}"))
        }
    });
}

#[test]
fn a_websocket_is_a_tunnel_and_a_post_in_flight_is_not() {
    let service = Service::start();
    let (_balancer, socket, front) = start(&format!("{}:8080", service.address), "http");
    expect(&socket, 0, 0);

    let mut first = websocket(front);
    first.send(Message::text("hello")).unwrap();
    assert_eq!(first.read().unwrap(), Message::text("hello"));
    expect(&socket, 0, 1);

    let mut posts: Vec<_> = (0..2).map(|_| connect(front)).collect();
    for post in &mut posts {
        post.write_all(b"POST /api/v1/slow?ms=3000 HTTP/1.1\r\nHost: veza\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    }
    expect(&socket, 2, 1);
    let mut uploading = connect(front);
    uploading.write_all(b"POST /api/v1/slow?ms=1 HTTP/1.1\r\nHost: veza\r\nContent-Length: 4\r\n\r\nhi").unwrap();
    expect(&socket, 3, 1);
    uploading.write_all(b"ho").unwrap();
    for post in posts.iter_mut().chain([&mut uploading]) {
        assert!(read_head(post).starts_with("HTTP/1.1 200 "));
    }
    // The connections stay open, and idle: they are no streams of the server.
    expect(&socket, 0, 1);

    let mut second = websocket(front);
    expect(&socket, 0, 2);
    // Each is found by where it comes from; a connection that idles is on no server.
    for stream in [first.get_ref(), second.get_ref()] {
        assert_eq!(socket.server_of(stream.local_addr().unwrap()).unwrap(), Some(name("b/a")));
    }
    assert_eq!(socket.server_of(posts[0].local_addr().unwrap()).unwrap(), None);
    first.close(None).unwrap();
    expect(&socket, 0, 1);
    socket.shutdown_sessions(&name("b/a")).unwrap();
    expect(&socket, 0, 0);
    assert!(second.read().is_err());
}

#[test]
fn a_download_that_goes_on_is_a_request() {
    let server = Dribble::new();
    let (_balancer, socket, front) = start(&server.address.to_string(), "http");
    let mut client = connect(front);
    send_get(&mut client, "/", "");
    let mut rest = server.answer_half();
    assert!(read_head(&mut client).starts_with("HTTP/1.1 200 "));
    expect(&socket, 1, 0);
    rest.write_all(b"ha").unwrap();
    let mut body = [0; 4];
    client.read_exact(&mut body).unwrap();
    assert_eq!(&body, b"haha");
    expect(&socket, 0, 0);
}

#[test]
fn a_connection_of_a_tcp_backend_is_a_tunnel() {
    let service = Service::start();
    let (_balancer, socket, front) = start(&format!("{}:8080", service.address), "tcp");
    let client = connect(front);
    expect(&socket, 0, 1);
    drop(client);
    expect(&socket, 0, 0);
}
