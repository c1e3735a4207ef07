//! What the values of directives are.

/// A kind of value. An empty value resets the kinds that are lists; of the others it is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, or something that is not looked into.
    Any,
    Boolean,
    /// A boolean, or one of some words.
    BooleanOr(&'static [&'static str]),
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// One of some words, or something after one of some prefixes.
    OneOfOr(&'static [&'static str], &'static [&'static str]),
    /// Some of some words.
    SomeOf(&'static [&'static str]),
    /// A boolean, or some of some words.
    BooleanOrSomeOf(&'static [&'static str]),
    /// A span of time such as `1min 30s`, or `infinity`.
    Span,
    /// An octal mode.
    Mode,
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// `idle`, or a whole number from 1 to 10,000.
    CpuWeight,
    /// Bytes, a percentage of the memory, or `infinity`.
    Memory,
    /// A number of tasks, a percentage, or `infinity`.
    Tasks,
    /// A percentage.
    Percent,
    /// A soft and perhaps a hard limit, each a value of a kind or `infinity`.
    Limit(Measure),
    Signal,
    Errno,
    Capabilities,
    Syscalls,
    Architectures,
    Families,
    Namespaces,
    Networks,
    Device,
    /// An absolute path.
    Path,
    /// Absolute paths, with prefixes `-` and `+`.
    Paths,
    /// Absolute paths and where to mount them, `SOURCE[:TARGET[:OPTIONS]]`.
    Mounts,
    /// An absolute path or `~`, with a prefix `-`.
    WorkingDirectory,
    /// An absolute path, with a prefix `-`.
    EnvironmentFile,
    Environment,
    Command,
    Units,
    /// An absolute path, with prefixes `|` and `!`.
    PathCondition,
}

/// What a resource limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Count,
    Bytes,
    Time,
}

const ACTIONS: &[&str] = &[
    "none",
    "reboot",
    "reboot-force",
    "reboot-immediate",
    "poweroff",
    "poweroff-force",
    "poweroff-immediate",
    "exit",
    "exit-force",
];
const CONTROLLERS: &[&str] = &[
    "cpu",
    "cpuacct",
    "cpuset",
    "io",
    "blkio",
    "memory",
    "devices",
    "pids",
    "bpf-firewall",
    "bpf-devices",
    "bpf-foreign",
    "bpf-socket-bind",
    "bpf-restrict-network-interfaces",
];
const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "local0",
    "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const INPUTS: &[&str] = &["null", "tty", "tty-force", "tty-fail", "socket", "data", "fd"];
const JOB_MODES: &[&str] = &[
    "fail",
    "replace",
    "replace-irreversibly",
    "isolate",
    "flush",
    "ignore-dependencies",
    "ignore-requirements",
    "triggering",
];
const LEVELS: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const OUTPUTS: &[&str] =
    &["inherit", "null", "tty", "journal", "kmsg", "journal+console", "kmsg+console", "socket", "fd"];
const RESTARTS: &[&str] = &["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"];
const TYPES: &[&str] = &["simple", "exec", "forking", "oneshot", "dbus", "notify", "idle"];

/// The kind of a directive's value: by its name where systemd's own name for the form says too little, else by that.
pub(super) fn kind(directive: &str, parser: &str) -> Kind {
    by_name(directive).unwrap_or_else(|| by_parser(parser, directive))
}

fn by_name(directive: &str) -> Option<Kind> {
    Some(match directive {
        "Alias" | "Also" | "RequiredBy" | "WantedBy" => Kind::Units,
        "CollectMode" => Kind::OneOf(&["inactive", "inactive-or-failed"]),
        "CPUQuota" | "ManagedOOMMemoryPressureLimit" => Kind::Percent,
        "CPUQuotaPeriodSec" | "JobRunningTimeoutSec" | "JobTimeoutSec" | "TimeoutAbortSec" | "TimeoutStopSec" => {
            Kind::Span
        }
        "Delegate" => Kind::BooleanOrSomeOf(CONTROLLERS),
        "DisableControllers" => Kind::SomeOf(CONTROLLERS),
        "ExecSearchPath" => Kind::Any,
        "IPAddressAllow" | "IPAddressDeny" => Kind::Networks,
        "IPEgressFilterPath" | "IPIngressFilterPath" => Kind::Path,
        "KeyringMode" => Kind::OneOf(&["inherit", "private", "shared"]),
        "ManagedOOMMemoryPressure" | "ManagedOOMSwap" => Kind::OneOf(&["auto", "kill"]),
        "ManagedOOMPreference" => Kind::OneOf(&["none", "avoid", "omit"]),
        "MountAPIVFS" => Kind::Boolean,
        "OnFailureJobMode" | "OnSuccessJobMode" => Kind::OneOf(JOB_MODES),
        "OOMPolicy" => Kind::OneOf(&["continue", "stop", "kill"]),
        "ProcSubset" => Kind::OneOf(&["all", "pid"]),
        "ProtectHome" => Kind::BooleanOr(&["read-only", "tmpfs"]),
        "ProtectProc" => Kind::OneOf(&["default", "noaccess", "invisible", "ptraceable"]),
        "ProtectSystem" => Kind::BooleanOr(&["full", "strict"]),
        "RuntimeDirectoryPreserve" => Kind::BooleanOr(&["restart"]),
        "TasksMax" => Kind::Tasks,
        "UtmpMode" => Kind::OneOf(&["init", "login", "user"]),
        "WorkingDirectory" => Kind::WorkingDirectory,
        "LimitCPU" | "LimitRTTIME" => Kind::Limit(Measure::Time),
        "LimitFSIZE" | "LimitDATA" | "LimitSTACK" | "LimitCORE" | "LimitRSS" | "LimitAS" | "LimitMEMLOCK"
        | "LimitMSGQUEUE" => Kind::Limit(Measure::Bytes),
        "LimitNOFILE" | "LimitNPROC" | "LimitLOCKS" | "LimitSIGPENDING" | "LimitRTPRIO" => Kind::Limit(Measure::Count),
        "DefaultMemoryMin" | "DefaultMemoryLow" | "MemoryMin" | "MemoryLow" | "MemoryHigh" | "MemoryMax"
        | "MemorySwapMax" | "MemoryLimit" => Kind::Memory,
        "IOWeight" | "StartupIOWeight" => Kind::Number(1, 10_000),
        _ => return None,
    })
}

fn by_parser(parser: &str, directive: &str) -> Kind {
    match parser {
        "ACCESS" => Kind::OneOf(&["none", "main", "exec", "all"]),
        "ACTION" => Kind::OneOf(ACTIONS),
        "ARCHS" => Kind::Architectures,
        "BOOLEAN" => Kind::Boolean,
        "BOUNDINGSET" => Kind::Capabilities,
        "CONDITION" if directive.contains("Path") || directive.contains("File") || directive.contains("Directory") => {
            Kind::PathCondition
        }
        "CPUSCHEDPOLICY" => Kind::OneOf(&["other", "batch", "idle", "fifo", "rr"]),
        "CPUSCHEDPRIO" => Kind::Number(1, 99),
        "CPUWEIGHT" => Kind::CpuWeight,
        "DEVICE" => Kind::Device,
        "ENVIRON" => Kind::Environment,
        "ERRNO" => Kind::Errno,
        "FACILITY" => Kind::OneOf(FACILITIES),
        "FAMILIES" => Kind::Families,
        "FILE" => Kind::EnvironmentFile,
        "INPUT" => Kind::OneOfOr(INPUTS, &["fd:", "file:"]),
        "IOCLASS" => Kind::OneOf(&["none", "realtime", "best-effort", "idle", "0", "1", "2", "3"]),
        "IOPRIORITY" => Kind::Number(0, 7),
        "KILLMODE" => Kind::OneOf(&["control-group", "process", "mixed", "none"]),
        "LEVEL" => Kind::OneOf(LEVELS),
        "MODE" => Kind::Mode,
        "NAMESPACES" => Kind::Namespaces,
        "NICE" => Kind::Number(-20, 19),
        "OOMSCOREADJUST" => Kind::Number(-1000, 1000),
        "OUTPUT" => Kind::OneOfOr(OUTPUTS, &["fd:", "file:", "append:", "truncate:"]),
        "PATH" => Kind::Path,
        "PATH [...]" => Kind::Paths,
        "PATH [ARGUMENT [...]]" => Kind::Command,
        "PATH[:PATH[:OPTIONS]] [...]" => Kind::Mounts,
        "POLICY" => Kind::OneOf(&["auto", "closed", "strict"]),
        "SECONDS" => Kind::Span,
        "SERVICEEXITTYPE" => Kind::OneOf(&["main", "cgroup"]),
        "SERVICERESTART" => Kind::OneOf(RESTARTS),
        "SERVICETYPE" => Kind::OneOf(TYPES),
        "SIGNAL" => Kind::Signal,
        "SYSCALLS" => Kind::Syscalls,
        "TIMEOUTMODE" => Kind::OneOf(&["terminate", "abort", "kill"]),
        "UNIT [...]" => Kind::Units,
        "UNSIGNED" => Kind::Number(0, u32::MAX as i64),
        _ => Kind::Any,
    }
}

impl Kind {
    /// Whether an empty value of a directive of this kind resets it, where others have an empty value ignored.
    pub(super) fn may_be_empty(self, directive: &str) -> bool {
        match self {
            Self::Boolean
            | Self::BooleanOr(_)
            | Self::OneOf(_)
            | Self::OneOfOr(..)
            | Self::Span
            | Self::Mode
            | Self::Number(..)
            | Self::Limit(_)
            | Self::Signal => RESETTABLE.contains(&directive),
            _ => !NEEDED.contains(&directive),
        }
    }
}

/// Directives of one value that an empty value resets.
const RESETTABLE: [&str; 13] = [
    "CPUQuotaPeriodSec",
    "CPUSchedulingPolicy",
    "IOSchedulingClass",
    "IOSchedulingPriority",
    "IOWeight",
    "KillMode",
    "ManagedOOMMemoryPressure",
    "ManagedOOMSwap",
    "MountAPIVFS",
    "Nice",
    "OOMScoreAdjust",
    "StartupIOWeight",
    "TimeoutAbortSec",
];

/// Directives that need a value which is not looked into.
const NEEDED: [&str; 4] = ["BusName", "LimitNICE", "Slice", "TimerSlackNSec"];
