//! The DNS of the world, as a container's name looks to it: there is none, and there will be none for a day.

use std::net::UdpSocket;
use std::thread;

/// The seconds for which the answer may be remembered.
const DAY: u32 = 86_400;

/// Answers until the process ends; where it listens, as dnsmasq writes it.
pub(super) fn start() -> String {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, asker)) = socket.recv_from(&mut query) {
            if let Some(answer) = no_such_name(&query[..length]) {
                let _ = socket.send_to(&answer, asker);
            }
        }
    });
    format!("{}#{}", address.ip(), address.port())
}

/// NXDOMAIN with the root's SOA record, whose last field says for how long (RFC 2308, section 5).
fn no_such_name(query: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let name = query.get(HEADER..)?.iter().position(|byte| *byte == 0)?;
    let question = query.get(HEADER..HEADER + name + 5)?;
    let mut answer = query[..2].to_vec();
    // A response, recursion desired and available, NXDOMAIN; one question, no answer, one authority.
    answer.extend([0x81, 0x83, 0, 1, 0, 0, 0, 1, 0, 0]);
    answer.extend(question);
    let mut record = b"\x01a\0\x01b\0".to_vec();
    for field in [1, 1_800, 900, 604_800, DAY] {
        record.extend(u32::to_be_bytes(field));
    }
    answer.extend([0, 0, 6, 0, 1]);
    answer.extend(DAY.to_be_bytes());
    answer.extend(u16::try_from(record.len()).ok()?.to_be_bytes());
    answer.extend(record);
    Some(answer)
}
