//! What a swap is for, what it has to keep to, and what it can ask for.

use std::time::Duration;

/// What a swap has to keep to.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Peers that must get their full share before this instance is taken out.
    pub min_available: usize,
    /// How long requests in flight are waited for.
    pub drain: Duration,
    /// How long WebSockets and other tunnels are waited for.
    pub websocket: Duration,
    /// From start to proved.
    pub healthy: Duration,
    /// Healthy observations in a row that prove a container.
    pub healthy_count: u32,
    /// How long a proved container must stay healthy.
    pub healthy_for: Duration,
    /// Whether the instance may go out although clients that bear its cookie keep coming while it drains.
    pub allow_sticky_race: bool,
}

/// What the swap is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// To the entering container.
    Forward,
    /// Back to the container that served before: entering and leaving are exchanged. Here is why.
    Restore(String),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look again a moment later.
    Wait(Wait),
    /// Make the entering container, and fill what can be filled while the leaving one serves.
    Stage,
    /// Keep new requests from the servers that still get them.
    Drain,
    /// Give new requests back: the leaving container was not stopped yet.
    GiveBack,
    /// Put the servers into maintenance.
    Maintain,
    /// Stop the leaving container, gracefully.
    Halt,
    /// Bring over what outlives the swap.
    Carry,
    /// Take the network interfaces from the leaving container.
    Detach,
    /// Give the leaving container the name of one that stands aside.
    MoveAside,
    /// Give the entering container the instance's name.
    MoveIn,
    /// Give the entering container the network interfaces.
    Attach,
    /// Have HAProxy check the servers anew, from zero, and give them no request meanwhile.
    Recheck,
    /// Start the entering container.
    Start,
    /// Give what was carried what only a running container can be given.
    Complete,
    /// Note that the entering container passed its gates.
    Prove,
    /// Give new requests to the servers.
    Ready,
    /// Note that the swap is over.
    Commit,
    /// Give the swap up and restore: here is why.
    Turn(String),
    /// Give up; nothing more can be done safely.
    Stop(Ending),
}

/// Why a swap ends before its goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Somebody asked to stop; what serves is consistent, and the same command goes on.
    Interrupted,
    /// The instance was not touched, or is as it was: here is why it was left alone.
    Untouched(String),
    /// Neither container serves, or it cannot be told: here is why.
    Stuck(String),
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Enough peers with their full share.
    Peers {
        /// How many there are.
        available: usize,
    },
    /// The end of requests and tunnels.
    Idle {
        /// Requests in flight and in the queue.
        requests: u64,
        /// WebSockets and other tunnels.
        tunnels: u64,
        /// Whether a former process of HAProxy may have more, which nobody can count.
        was_reloaded: bool,
    },
    /// The gates; here is what is missing.
    Gates(String),
    /// The end of slow start, and of the time that the container must stay healthy.
    Settled {
        /// The percentage of its share to which HAProxy's slow start holds it back.
        throttle: Option<u8>,
    },
}
