use proptest::prelude::{prop_assert, proptest};
use proptest::sample::select;

use super::reference::complaints;
use crate::unit::{Directive, Finding, UnitFile, directives, exposure, lint};

fn findings(text: &str) -> Vec<Finding> {
    lint(&UnitFile::parse(text).expect("a unit"))
}

/// Whether systemd and we agree on each `Directive=value`, given the section.
fn assert_agreement(section: &str, lines: &[String]) {
    let units: Vec<_> =
        lines.iter().map(|line| format!("[{section}]\n{line}\n[Service]\nExecStart=/bin/true\n")).collect();
    let mut wrong = Vec::new();
    for ((unit, line), theirs) in units.iter().zip(lines).zip(complaints(&units)) {
        let ours = findings(unit);
        if ours.is_empty() != theirs.is_empty() {
            wrong.push(format!("{line}: ours {ours:?}, theirs {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_empty_value_is_taken_where_systemd_takes_it() {
    for section in ["Unit", "Service"] {
        let known = directives::of(section).expect("a section");
        assert_agreement(section, &known.map(|name| format!("{name}=")).collect::<Vec<_>>());
    }
}

const RIGHT_AND_WRONG: &str = "
    PrivateTmp=TRUE | PrivateTmp=y | PrivateTmp=ja | RemainAfterExit=2 | MountAPIVFS=yes | MountAPIVFS=perhaps
    ProtectSystem=strict | ProtectSystem=on | ProtectSystem=strickt | ProtectHome=tmpfs | ProtectHome=readonly
    ProtectProc=invisible | ProtectProc=hidden | ProcSubset=pid | ProcSubset=pids | KeyringMode=shared | KeyringMode=own
    Type=exec | Type=forked | Restart=on-failure | Restart=on-fail | KillMode=mixed | KillMode=group | ExitType=cgroup
    NotifyAccess=main | NotifyAccess=yes | OOMPolicy=kill | OOMPolicy=panic | DevicePolicy=closed | DevicePolicy=close
    StandardOutput=journal | StandardOutput=append:/var/log/a | StandardOutput=/var/log/a | StandardOutput=fd:a
    StandardInput=null | StandardInput=journal | StandardError=inherit | UtmpMode=user | UtmpMode=root
    SyslogFacility=daemon | SyslogFacility=local9 | SyslogLevel=notice | SyslogLevel=noise | LogLevelMax=info
    TimeoutStartFailureMode=abort | TimeoutStopFailureMode=die | CPUSchedulingPolicy=batch | CPUSchedulingPolicy=fast
    IOSchedulingClass=idle | IOSchedulingClass=busy | RuntimeDirectoryPreserve=restart | RuntimeDirectoryPreserve=keep
    ManagedOOMSwap=kill | ManagedOOMSwap=yes | ManagedOOMPreference=avoid | ManagedOOMPreference=like
    FailureAction=reboot-force | FailureAction=restart | StartLimitAction=none
    RestartSec=5 | RestartSec=1min 30s | RestartSec=1.5s | RestartSec=100ms | RestartSec=infinity | RestartSec=1h30min
    RestartSec=5 secs | RestartSec=-1 | RestartSec=soon | RestartSec=1 M 2 | TimeoutStopSec=30 | TimeoutStopSec=x
    TimeoutStartSec=2w | TimeoutStartSec=1s x | WatchdogSec=.5s | RestartSec=5. | JobTimeoutSec=nothing
    UMask=0077 | UMask=22 | UMask=0888 | UMask=10000 | RuntimeDirectoryMode=0750 | RuntimeDirectoryMode=rwx
    KillSignal=SIGTERM | KillSignal=TERM | KillSignal=15 | KillSignal=SIGRTMIN+3 | KillSignal=RTMAX-2 | KillSignal=0
    KillSignal=SIGTREM | KillSignal=sigterm | KillSignal=65 | KillSignal=SIGRTMIN+40 | KillSignal=SIGRTMIN
    SystemCallErrorNumber=EPERM | SystemCallErrorNumber=EPREM | SystemCallErrorNumber=kill | SystemCallErrorNumber=1
    SystemCallFilter=@system-service ~read | SystemCallFilter=@nothing | SystemCallFilter=~ptrace:EPERM | SystemCallFilter=reed
    SystemCallFilter=~@mount @swap | SystemCallFilter=~ptrace:EPREM | SystemCallArchitectures=native x86-64
    SystemCallArchitectures=amd64 | RestrictAddressFamilies=AF_INET af_unix | RestrictAddressFamilies=~INET
    RestrictAddressFamilies=none | RestrictNamespaces=~user time | RestrictNamespaces=yes | RestrictNamespaces=users
    IPAddressDeny=any | IPAddressAllow=10.0.0.0/8 ::1 localhost | IPAddressAllow=10.0.0.0/33 | IPAddressAllow=home
    DeviceAllow=/dev/null rw | DeviceAllow=char-rtc | DeviceAllow=null | DeviceAllow=/dev/null rwx
    Delegate=cpu memory | Delegate=yes | Delegate=cpus | DisableControllers=io | DisableControllers=disk
    PIDFile=/run/a.pid | RootDirectory=/srv | RootDirectory=srv | RootDirectory=/srv/../a | TTYPath=tty1
    ReadWritePaths=/a -/b +/c | ReadWritePaths=a | ReadWritePaths=/a b | InaccessiblePaths=-/../x | ReadOnlyPaths=\"/a b\"
    ReadOnlyPaths=\"/a b | BindPaths=/a:/b /c | BindPaths=a:/b | BindReadOnlyPaths=-/a:/b:rbind
    WorkingDirectory=/a | WorkingDirectory=~ | WorkingDirectory=-/a | WorkingDirectory=a
    EnvironmentFile=-/a | EnvironmentFile=/a | EnvironmentFile=a | Environment=A=1 \"B=2 3\" | Environment=A B=1
    Environment=1A=b | Environment=\"A=b | Environment=A- | Environment=A=%% | Environment=A=b\\x20c
    ExecStartPre=/bin/a -b | ExecStartPre=-@/bin/a b | ExecStartPre=!!true | ExecStartPre=bin/a | ExecStartPre=@-
    Nice=-5 | Nice=20 | Nice=x | OOMScoreAdjust=-1000 | OOMScoreAdjust=1001 | IOSchedulingPriority=8 | IOSchedulingPriority=7
    CPUWeight=idle | CPUWeight=100 | CPUWeight=0 | IOWeight=10001 | IOWeight=500 | StartLimitBurst=5 | StartLimitBurst=-1
    CPUSchedulingPriority=99 | CPUSchedulingPriority=100 | FileDescriptorStoreMax=x | FileDescriptorStoreMax=3
    MemoryMax=512M | MemoryMax=1.5G | MemoryMax=50% | MemoryMax=infinity | MemoryMax=a lot | MemoryHigh=5X | MemoryMax=-1
    TasksMax=100 | TasksMax=10% | TasksMax=infinity | TasksMax=many | CPUQuota=150% | CPUQuota=2 | CPUQuota=20.5%
    LimitNOFILE=65536 | LimitNOFILE=1024:65536 | LimitNOFILE=infinity | LimitNOFILE=1k | LimitNOFILE=many | LimitNOFILE=5:4
    LimitCORE=1G | LimitCORE=0 | LimitCORE=all | LimitCPU=30s | LimitCPU=soon | LimitMEMLOCK=64M:infinity
    TimerSlackNSec=5 | NoSuchDirective=1 | X-Ours=1 | PrivateTmpp=yes
    MemoryLimit=1G | CPUShares=100 | RestartSec=1.5.5s | RestartSec=.s
    Slice=a.slice | Sockets=a.socket
";

#[test]
fn values_are_right_and_wrong_where_systemd_says_so() {
    let lines = RIGHT_AND_WRONG.split(['|', '\n']).map(str::trim).filter(|line| !line.is_empty());
    assert_agreement("Service", &lines.map(str::to_owned).collect::<Vec<_>>());
    let unit = "RequiresMountsFor=/a | RequiresMountsFor=a | CollectMode=inactive | CollectMode=never | JobTimeoutSec=5 | \
                JobTimeoutSec=x | OnFailureJobMode=fail | OnFailureJobMode=0644 | ConditionPathExists=|!/a | \
                ConditionPathExists=a | ConditionFileNotEmpty=!a | StopWhenUnneeded=no | StopWhenUnneeded=never | \
                Documentation=man:a(1) | SuccessAction=exit | SuccessAction=leave";
    assert_agreement("Unit", &unit.split(" | ").map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn systemds_own_units_hold_nothing_unknown() {
    let mut units = 0;
    for entry in std::fs::read_dir("/lib/systemd/system").expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("systemd-") && name.ends_with(".service") && path.is_file() {
            let text = std::fs::read_to_string(&path).expect("a unit");
            assert_eq!(findings(&text), [], "{}", path.display());
            units += 1;
        }
    }
    assert!(units > 20);
}

#[test]
fn a_finding_says_what_is_wrong_and_what_to_write() {
    let text = "[Service]
ExecStart=bin/api
PrivateTmpp=yes
After=network.target
PrivateTmp=maybe
ProtectSystem=strickt
Restart=sometimes
KillSignal=SIGTREM
CapabilityBoundingSet=~NET_BIND_SERVICE
SystemCallFilter=@system-servce
RestrictAddressFamilies=AF_INTE
WantedBy=multi-user.target
ReadWritePaths=/var/log/veza logs
TimeoutStopSec=
Environment=A=b c
[Unit]
After=network
[Servce]
User=app
[X-Ours]
Anything=goes
";
    let shown: String = findings(text)
        .iter()
        .map(|finding| {
            let place = finding.directive.as_ref().map_or(String::new(), |name| format!("{name}={}", finding.value));
            let hint = finding.hint.as_deref().unwrap_or("-");
            format!("[{}] {place}\n  {}\n  hint: {hint}\n", finding.section, finding.message)
        })
        .collect();
    assert_eq!(shown, include_str!("findings.txt"));
}

fn names() -> Vec<&'static str> {
    directives::of("Service").expect("a section").collect()
}

proptest! {
    #[test]
    fn no_value_makes_the_lint_or_the_exposure_panic(name in select(names()), value in "[~!@%:+ -9a-zA-Z_\"'\\\\]{0,24}|\\PC{0,24}") {
        let mut unit = UnitFile::default();
        unit.section_mut("Service").push(Directive::new(name, &value));
        prop_assert!(lint(&unit).len() <= 1);
        prop_assert!(exposure(&unit).level.tenths() <= 100);
    }
}
