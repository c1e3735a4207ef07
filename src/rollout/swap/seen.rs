//! What the machine is told of the world.

use std::time::Duration;

use crate::haproxy::Admin;

/// What was seen of one instance's two containers, of its servers, and of its peers, at one moment.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When, since the swap was taken up; never decreases.
    pub now: Duration,
    /// The container that is to serve.
    pub entering: Option<Body>,
    /// The container that is to make room.
    pub leaving: Option<Body>,
    /// The instance's servers in HAProxy.
    pub rotation: Rotation,
    /// How many other instances of the pool get their full share, in the backend and the socket where they are fewest.
    pub peers: usize,
    /// Whether another instance of the pool is drained or in maintenance anywhere.
    pub another_is_out: bool,
    /// Whether a HAProxy was reloaded so lately that its former process may have requests of which it says nothing.
    pub was_reloaded: bool,
    /// How the entering container's service does; `None` where it could not be asked.
    pub vitals: Option<Vitals>,
    /// Whether somebody asked to stop.
    pub interrupted: bool,
}

/// One of the two containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Whether it bears the instance's name.
    pub is_live: bool,
    /// Whether it runs.
    pub is_running: bool,
    /// Whether it has the instance's network interfaces.
    pub is_attached: bool,
    /// Whether everything was made ready that can be while the other one serves.
    pub is_staged: bool,
    /// Whether it holds what outlives the swap.
    pub is_carried: bool,
    /// Whether what was carried has what only a running container can be given: special bits and extended attributes.
    pub is_complete: bool,
    /// Whether it passed its gates, and may serve.
    pub is_proved: bool,
}

/// An instance's servers, in all sockets and backends; none of a balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation(pub Vec<Serving>);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serving {
    /// What HAProxy was told.
    pub admin: Admin,
    /// Whether HAProxy takes it for running.
    pub is_up: bool,
    /// Whether it has a check, and the last one passed; `None` without a check.
    pub check_passes: Option<bool>,
    /// The percentage of its share to which slow start holds it back.
    pub throttle: Option<u8>,
    /// Whether clients may bear a cookie of its, and come although it drains.
    pub is_sticky: bool,
    /// Whether clients who bear its cookie are sent elsewhere.
    pub ignores_cookies: bool,
    /// Requests in flight and in the queue.
    pub requests: u64,
    /// WebSockets and other tunnels.
    pub tunnels: u64,
}

/// How a service does, by its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Its systemd unit; `None` where the image names none.
    pub unit: Option<UnitState>,
    /// What its health check answered: nothing wrong, or what; `None` where the image has no health check.
    pub health: Option<Result<(), String>>,
}

/// A systemd unit as `systemctl show` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitState {
    /// It could not be asked.
    Unknown,
    /// On its way.
    Starting,
    /// Its service ended, and systemd starts it again, or is about to.
    Restarting,
    /// Active, after so many automatic restarts.
    Active {
        /// `NRestarts`.
        restarts: u32,
    },
    /// It will not become active of itself: what `systemctl` calls it.
    Dead(String),
}

impl Vitals {
    /// Whether nothing speaks against its service.
    pub fn is_well(&self) -> bool {
        !matches!(self.health, Some(Err(_))) && matches!(self.unit, None | Some(UnitState::Active { .. }))
    }
}

impl Rotation {
    /// Whether it has no server: it stands behind nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every server is in this state.
    pub fn all(&self, admin: Admin) -> bool {
        self.0.iter().all(|server| server.admin == admin)
    }

    /// Whether some server has requests, or gets new ones.
    pub fn serves(&self) -> bool {
        let serves = |server: &Serving| match server.admin {
            Admin::Ready => server.is_up,
            Admin::Drain => server.is_up && server.requests + server.tunnels > 0,
            Admin::Maint => false,
        };
        self.0.iter().any(serves)
    }

    /// Whether no server gets new requests, even from clients who bear its cookie.
    pub fn is_drained(&self) -> bool {
        let out = |server: &Serving| match server.admin {
            Admin::Ready => false,
            Admin::Drain => server.ignores_cookies || !server.is_sticky,
            Admin::Maint => true,
        };
        self.0.iter().all(out)
    }

    /// Requests in flight and in the queue.
    pub fn requests(&self) -> u64 {
        self.0.iter().map(|server| server.requests).sum()
    }

    /// WebSockets and other tunnels.
    pub fn tunnels(&self) -> u64 {
        self.0.iter().map(|server| server.tunnels).sum()
    }

    /// Whether HAProxy's own checks pass everywhere, as often as its `rise` asks for.
    pub fn is_checked(&self) -> bool {
        self.0.iter().all(|server| server.is_up && server.check_passes != Some(false))
    }

    /// Whether every server gets requests, and its full share of them.
    pub fn is_whole(&self) -> bool {
        let whole = |server: &Serving| server.admin == Admin::Ready && server.is_up && server.throttle.is_none();
        self.0.iter().all(whole)
    }

    /// The percentage of its share to which slow start holds back the server that it holds back most.
    pub fn throttle(&self) -> Option<u8> {
        self.0.iter().filter_map(|server| server.throttle).min()
    }

    /// Whether HAProxy takes some server for dead that ought to serve.
    pub fn is_broken(&self) -> bool {
        self.0.iter().any(|server| server.admin == Admin::Ready && !server.is_up)
    }
}
