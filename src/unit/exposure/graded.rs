//! The points that can be partly open, or do not always apply.

use super::Point;
use super::settings::Settings;

const MOOT_FOR_ROOT: &str = "the service runs as root, for which this does not matter";

impl Point {
    fn new(directive: &str, weight: u64, range: u64, badness: u64, description: impl Into<String>) -> Self {
        Self {
            id: directive.to_owned(),
            name: format!("{directive}="),
            weight,
            range,
            badness: Some(badness),
            description: description.into(),
        }
    }

    fn two_directives(mut self, id: &str, name: &str) -> Self {
        id.clone_into(&mut self.id);
        name.clone_into(&mut self.name);
        self
    }

    /// A service of the early boot cannot have what is mounted later.
    pub(super) fn in_ordinary_phase(self, settings: &Settings) -> Self {
        let moot = "the service starts too early in the boot for this";
        if settings.default_dependencies { self } else { self.moot(moot) }
    }

    fn unless_root(self, settings: &Settings) -> Self {
        if settings.is_root() { self.moot(MOOT_FOR_ROOT) } else { self }
    }

    fn moot(self, description: &str) -> Self {
        Self { badness: None, description: description.to_owned(), ..self }
    }
}

/// Who the service is.
pub(super) fn identity(settings: &Settings) -> Vec<Point> {
    let (badness, description) = match &*settings.user {
        "nobody" => (9, "the service runs as nobody, whose files any other such service owns too"),
        "0" | "root" => (10, "the service runs as root"),
        _ if settings.is_root() => (10, "the service runs as root"),
        "" => (0, "the service runs as a user of its own, made when it starts"),
        _ => (0, "the service runs as an ordinary user"),
    };
    let groups = settings.supplementary_groups;
    vec![
        Point::new("User", 2000, 10, badness, description).two_directives("UserOrDynamicUser", "User=/DynamicUser="),
        two_way("SupplementaryGroups", 200, groups, "belongs to further groups", "belongs to no further group")
            .unless_root(settings),
        two_way("RemoveIPC", 100, !settings.on.contains("RemoveIPC"), "may leave IPC objects", "leaves no IPC objects")
            .unless_root(settings),
    ]
}

/// What the service sees and what it may ask for.
pub(super) fn points(settings: &Settings) -> Vec<Point> {
    let inherits = settings.keyring_mode != "private";
    let all_of_proc = settings.proc_subset != "pid";
    let everyone_notifies = settings.notify_access == "all";
    let ambient = settings.ambient_set != 0;
    vec![
        protect_home(settings).in_ordinary_phase(settings),
        protect_system(settings).in_ordinary_phase(settings),
        two_way(
            "RootDirectory",
            200,
            settings.own_root.is_empty(),
            "sees the system's root directory",
            "has its own root",
        )
        .two_directives("RootDirectoryOrRootImage", "RootDirectory=/RootImage=")
        .in_ordinary_phase(settings),
        umask(settings),
        two_way("KeyringMode", 1000, inherits, "shares its kernel keyring", "has its own kernel keyring"),
        protect_proc(settings),
        two_way("ProcSubset", 10, all_of_proc, "sees all of /proc", "sees only processes in /proc"),
        two_way("NotifyAccess", 1000, everyone_notifies, "takes state changes from any of its processes", {
            "takes state changes from its main process alone, or from none"
        }),
        two_way("Delegate", 100, settings.delegate, "manages control groups", "manages no control groups"),
        architectures(settings),
        ip_addresses(settings),
        devices(settings),
        two_way("AmbientCapabilities", 500, ambient, "starts with capabilities", "starts without capabilities"),
    ]
}

fn two_way(directive: &str, weight: u64, open: bool, bad: &str, good: &str) -> Point {
    Point::new(directive, weight, 1, u64::from(open), format!("the service {}", if open { bad } else { good }))
}

fn protect_home(settings: &Settings) -> Point {
    let (badness, description) = match settings.protect_home {
        "yes" => (0, "the service cannot see home directories"),
        "tmpfs" => (1, "the service sees empty home directories"),
        "read-only" => (5, "the service can read home directories"),
        _ => (10, "the service can read and write home directories"),
    };
    Point::new("ProtectHome", 1000, 10, badness, description)
}

fn protect_system(settings: &Settings) -> Point {
    let (badness, description) = match settings.protect_system {
        "strict" => (0, "the file system is read-only but for what is named"),
        "full" => (3, "/usr, /boot and /etc are read-only"),
        "yes" => (5, "/usr and /boot are read-only"),
        _ => (10, "the whole file system is writable as far as permissions go"),
    };
    Point::new("ProtectSystem", 1000, 10, badness, description)
}

fn umask(settings: &Settings) -> Point {
    let kept = |bits: u32| settings.umask & bits == bits;
    let (badness, description) = if !kept(0o002) {
        (10, "new files are writable by everyone")
    } else if !kept(0o004) {
        (5, "new files are readable by everyone")
    } else if !kept(0o020) {
        (2, "new files are writable by the group")
    } else if !kept(0o040) {
        (1, "new files are readable by the group")
    } else {
        (0, "new files belong to the service's user alone")
    };
    Point::new("UMask", 100, 10, badness, description)
}

fn protect_proc(settings: &Settings) -> Point {
    let (badness, description) = match settings.protect_proc {
        "invisible" | "ptraceable" => (0, "other users' processes do not show in /proc"),
        "noaccess" => (1, "other users' processes show in /proc by number alone"),
        _ => (3, "every process shows in /proc"),
    };
    Point::new("ProtectProc", 1000, 3, badness, description)
}

fn architectures(settings: &Settings) -> Point {
    let native_alone = settings.architectures.contains("native") && settings.architectures.len() == 1;
    let (badness, description) = match settings.architectures.is_empty() {
        true => (10, "system calls of every architecture are taken"),
        false if native_alone => (0, "system calls of the native architecture alone are taken"),
        false => (8, "system calls of several architectures are taken"),
    };
    Point::new("SystemCallArchitectures", 1000, 10, badness, description)
}

fn ip_addresses(settings: &Settings) -> Point {
    let addresses = &settings.addresses;
    let (badness, description) = if !settings.traffic_filters.is_empty() {
        (0, "programs of the service's own filter its traffic")
    } else if !addresses.deny_all() {
        (10, "the service may talk to any address")
    } else if addresses.allow_others() {
        (5, "the service may talk to the addresses that are listed")
    } else if addresses.allow_any() {
        (2, "the service may talk to its own machine alone")
    } else {
        (0, "the service may talk to no address")
    };
    Point::new("IPAddressDeny", 1000, 10, badness, description)
}

fn devices(settings: &Settings) -> Point {
    let (badness, description) = if settings.device_policy == "auto" {
        (10, "the service may open any device that it can see".to_owned())
    } else if settings.devices.is_empty() {
        (0, "the service may open harmless devices alone, such as /dev/null".to_owned())
    } else {
        let by: Vec<_> = settings.devices.iter().copied().collect();
        (5, format!("the service may open some devices, by way of {}", by.join(", ")))
    };
    Point::new("DeviceAllow", 1000, 10, badness, description)
}
