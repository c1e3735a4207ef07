//! HAProxy inside an instance, reached by a command that Incus runs there.

use std::sync::Arc;
use std::time::Duration;

use super::direct::bare_host;
use super::{Channel, DEADLINE, Failure, Inside, Kind, LONGEST_ANSWER, Result, channel};
use crate::incus::InstanceName;
use crate::rootfs::escaped;

/// Relays one command line, `$1`, to `$2`, and its answer. It runs under any `sh`, says on its first line how far it
/// came, and always ends well, so that what went wrong does not depend on what a shell writes to stderr.
///
/// A port is reached through bash's own `/dev/tcp` or through socat, a unix socket through socat.
const RELAY: &str = r#"
has() { command -v "$1" >/dev/null 2>&1; }
most=67108865
case $2 in
/*)
    if ! has socat; then echo missing; exit 0; fi
    if [ ! -S "$2" ]; then echo nosocket; exit 0; fi
    echo relayed
    printf '%s\n' "$1" | socat -t 5 -T 5 - "UNIX-CONNECT:$2" | head -c "$most" ;;
*)
    if has bash; then
        exec bash -c '
            if ! { exec 3<>"/dev/tcp/$2/$3"; } 2>/dev/null; then echo refused; exit 0; fi
            echo relayed
            printf "%s\n" "$1" >&3
            head -c "$4" <&3' relay "$1" "$3" "$4" "$most"
    elif has socat; then
        echo relayed
        printf '%s\n' "$1" | socat -t 5 -T 5 - "TCP:$2" | head -c "$most"
    else
        echo missing
    fi ;;
esac
exit 0
"#;

/// Connecting, answering, and what Incus takes to start a process.
const WAIT: Duration = Duration::from_secs(3 * DEADLINE.as_secs());

/// A socket as it is seen from inside an instance.
pub(super) struct Relay {
    pub(super) inside: Arc<dyn Inside>,
    pub(super) instance: InstanceName,
    /// `HOST:PORT`, or an absolute path.
    pub(super) endpoint: String,
}

impl Channel for Relay {
    fn ask(&self, command: &str) -> Result<String> {
        let (host, port) = self.endpoint.rsplit_once(':').unwrap_or_default();
        let words = ["sh", "-c", RELAY, "relay", command, &self.endpoint, bare_host(host), port];
        let output = self.inside.run(&self.instance, &words, WAIT).map_err(|cause| self.lost().cause(cause))?;
        let end = output.iter().position(|byte| *byte == b'\n').unwrap_or(output.len());
        let (how, rest) = output.split_at_checked(end).unwrap_or_default();
        match how {
            b"relayed" => channel::text(rest.get(1..).unwrap_or_default().to_vec(), LONGEST_ANSWER),
            b"refused" => Err(self.lost().cause("the port does not take connections there")),
            b"nosocket" => Err(self.lost().cause("there is no such socket there")),
            b"missing" => Err(self.toolless()),
            other => {
                let said = escaped(other.get(..other.len().min(100)).unwrap_or_default());
                Err(Failure::new(Kind::NotHaproxy, format!("`sh` in `{}` said `{said}`", self.instance)))
            }
        }
    }
}

impl Relay {
    fn lost(&self) -> Failure {
        Failure::new(Kind::Lost, format!("cannot connect to HAProxy from inside `{}`", self.instance))
    }

    fn toolless(&self) -> Failure {
        let (missing, hint) = if self.endpoint.starts_with('/') {
            ("there is no `socat` in it", "install `socat` there, or name a TCP socket of HAProxy's")
        } else {
            ("there is neither `bash` nor `socat` in it", "install one of them there")
        };
        self.lost().cause(missing).hint(hint)
    }
}
