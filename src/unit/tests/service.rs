use std::collections::BTreeMap;

use super::reference::{complaints, dump, security, security_with_drop_ins};
use crate::unit::{Directive, Hardening, ServiceSpec, UnitFile, exposure, lint};

fn text(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn veza() -> ServiceSpec {
    ServiceSpec {
        description: "Veza API (100%)".to_owned(),
        exec: "/opt/veza/backend-api/veza-api --unit %n".to_owned(),
        user: "veza-api".to_owned(),
        group: "veza-api".to_owned(),
        working_directory: Some("/opt/veza/backend-api".to_owned()),
        environment: BTreeMap::from([
            ("PORT".to_owned(), "8080".to_owned()),
            ("GREETING".to_owned(), "50% of \"all\"\nC:\\".to_owned()),
        ]),
        environment_files: text(&["-/etc/veza/backend-api.env"]),
        after: text(&["network-online.target"]),
        wants: text(&["network-online.target"]),
        requires: Vec::new(),
        wanted_by: text(&["multi-user.target"]),
        hardening: Hardening::Strict,
        write_paths: text(&["/var/log/veza"]),
        overrides: BTreeMap::new(),
    }
}

fn with_overrides(overrides: &[(&str, &[&str])]) -> ServiceSpec {
    let overrides = overrides.iter().map(|(name, values)| ((*name).to_owned(), text(values))).collect();
    ServiceSpec { overrides, ..veza() }
}

#[test]
fn the_default_unit_reads_as_a_person_would_write_it() {
    let expected = r#"[Unit]
Description=Veza API (100%%)
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
User=veza-api
Group=veza-api
WorkingDirectory=/opt/veza/backend-api
Environment="GREETING=50%% of \"all\"\nC:\\"
Environment=PORT=8080
EnvironmentFile=-/etc/veza/backend-api.env
ExecStart=/opt/veza/backend-api/veza-api --unit %n
Restart=on-failure
RestartSec=3s
TimeoutStopSec=30s
"#;
    let unit = veza().render().to_string();
    let (head, hardening) = unit.split_once("# ").expect("the comments");
    assert_eq!(head, expected);
    assert_eq!(format!("# {hardening}"), include_str!("strict.txt"));
}

#[test]
fn the_strict_unit_has_an_exposure_of_1_2_by_systemd_and_by_us() {
    let unit = veza().render();
    let theirs = security(&[unit.to_string()]);
    assert_eq!((theirs[0].level.as_str(), exposure(&unit).level.to_string().as_str()), ("1.2", "1.2"));
    let open = theirs[0].points.values().filter(|(_, set, _)| *set == Some(false)).map(|(name, ..)| name);
    for name in open {
        assert!(unit.to_string().contains(&format!("# - {name}: ")), "`{name}` remains and is not explained");
    }
}

#[test]
fn systemd_and_the_lint_find_nothing_to_complain_about() {
    let haproxy = with_overrides(&[
        ("CapabilityBoundingSet", &["CAP_NET_BIND_SERVICE"]),
        ("AmbientCapabilities", &["CAP_NET_BIND_SERVICE"]),
        ("PrivateUsers", &["no"]),
        ("Type", &["notify"]),
        ("ExecReload", &["/bin/kill -USR2 $MAINPID"]),
    ]);
    let off = ServiceSpec { hardening: Hardening::Off, ..veza() };
    for spec in [veza(), haproxy, off] {
        let unit = spec.render();
        assert_eq!(lint(&unit), []);
        assert_eq!(complaints(&[unit.to_string()]), [BTreeMap::new()], "{unit}");
    }
}

#[test]
fn values_mean_themselves_to_systemd_whatever_characters_they_hold() {
    let values = ["50% of \"all\"\nC:\\ 'é' $HOME \u{1f600}", "a\tb", "# no comment", "%n", "ends in \\", " ", "a=b;c"];
    let named = |(index, value): (usize, &&str)| (format!("V{index}"), (*value).to_owned());
    let spec = ServiceSpec {
        working_directory: Some("/opt/50% off".to_owned()),
        environment: values.iter().enumerate().map(named).collect(),
        environment_files: text(&["-/etc/ve za/50%.env"]),
        write_paths: text(&["/var/a b\"c\\d/50%", "/x"]),
        ..veza()
    };
    let understood = dump(&spec.render().to_string());
    let environment = values.iter().enumerate().map(|(index, value)| format!("\tEnvironment: V{index}={value}\n"));
    for line in environment.chain([
        "\tDescription: Veza API (100%)\n".to_owned(),
        "\tWorkingDirectory: /opt/50% off\n".to_owned(),
        "\tEnvironmentFile: -/etc/ve za/50%.env\n".to_owned(),
        "\tReadWritePaths: /var/a b\"c\\d/50% /x\n".to_owned(),
    ]) {
        assert!(understood.contains(&line), "{line}");
    }
}

#[test]
fn an_override_stands_where_the_default_stood() {
    let unit = with_overrides(&[
        ("Type", &["notify"]),
        ("SystemCallFilter", &["@system-service"]),
        ("CapabilityBoundingSet", &["CAP_NET_BIND_SERVICE"]),
        ("AmbientCapabilities", &["CAP_NET_BIND_SERVICE"]),
        ("MemoryDenyWriteExecute", &[]),
        ("LimitNOFILE", &["65536"]),
    ])
    .render()
    .to_string();
    let strict = veza().render().to_string();
    assert_eq!(difference(&strict, &unit), include_str!("overrides.txt"));
}

/// The lines that only one of the texts has, in order: `-` the first, `+` the second.
fn difference(old: &str, new: &str) -> String {
    let only = |text: &str, other: &str, sign: char| {
        let lines = text.lines().filter(|line| !other.lines().any(|line_of_other| line_of_other == *line));
        lines.map(|line| format!("{sign}{line}\n")).collect::<String>()
    };
    only(old, new, '-') + &only(new, old, '+')
}

#[test]
fn without_hardening_nothing_is_closed() {
    let unit = ServiceSpec { hardening: Hardening::Off, write_paths: Vec::new(), ..veza() };
    assert!(unit.hardening_drop_in().is_empty());
    assert_eq!(unit.render().directives("Service").last().map(Directive::name), Some("TimeoutStopSec"));
}

#[test]
fn the_drop_in_says_the_hardening_again_with_each_list_reset_first() {
    assert_eq!(veza().hardening_drop_in().to_string(), include_str!("drop_in.txt"));
}

/// What images:debian brings; inside a privileged container it has even more.
const LXC: &str = "[Service]
ProcSubset=all
ProtectProc=default
ProtectControlGroups=no
ProtectKernelTunables=no
NoNewPrivileges=no
ReadWritePaths=
CapabilityBoundingSet=~
SystemCallFilter=
RestrictNamespaces=no
";

fn level_with(spec: &ServiceSpec, drop_ins: Vec<(&str, &str)>) -> String {
    security_with_drop_ins(&[spec.render().to_string()], &[drop_ins]).remove(0).level
}

#[test]
fn the_drop_in_undoes_what_a_base_switches_off() {
    for spec in [
        veza(),
        with_overrides(&[("CapabilityBoundingSet", &["~CAP_SYS_ADMIN", "~CAP_KILL"])]),
        with_overrides(&[("SystemCallFilter", &["~@mount", "~@swap"]), ("RestrictNamespaces", &["~user"])]),
        with_overrides(&[("ProtectProc", &[]), ("AmbientCapabilities", &["CAP_NET_BIND_SERVICE"])]),
    ] {
        let unit = spec.render();
        let drop_in = spec.hardening_drop_in();
        let lxc = ("service.d/zzz-lxc-service.conf", LXC);
        let mut switched_off = unit.clone();
        switched_off.apply(&UnitFile::parse(LXC).expect("a drop-in"));
        assert!(exposure(&switched_off).level > exposure(&unit).level);
        assert_eq!(level_with(&spec, vec![lxc]), exposure(&switched_off).level.to_string());
        let text = drop_in.to_string();
        let again = level_with(&spec, vec![lxc, ("UNIT.d/zzzz-vezaimg-hardening.conf", &text)]);
        assert_eq!(again, exposure(&unit).level.to_string(), "{unit}\n{text}");
    }
}

/// The rule that the drop-in's name rests on.
#[test]
fn drop_ins_count_by_file_name_over_all_directories_and_the_units_own_directory_only_for_one_name() {
    let (no, yes) = ("[Service]\nUMask=0000\n", "[Service]\nUMask=0077\n");
    let spec = with_overrides(&[("UMask", &["0022"])]);
    let closed = level_with(&spec, vec![("service.d/a.conf", yes)]);
    let open = level_with(&spec, vec![("service.d/a.conf", no)]);
    assert_ne!(closed, open);
    for (drop_ins, level) in [
        (vec![("service.d/b.conf", no), ("UNIT.d/a.conf", yes)], &open),
        (vec![("service.d/b.conf", no), ("UNIT.d/c.conf", yes)], &closed),
        (vec![("service.d/b.conf", no), ("UNIT.d/b.conf", yes)], &closed),
        (vec![("service.d/b.conf", yes), ("UNIT.d/b.conf", no)], &open),
        (vec![("service.d/zzz-lxc-service.conf", no), ("UNIT.d/zzzz-vezaimg-hardening.conf", yes)], &closed),
    ] {
        assert_eq!(&level_with(&spec, drop_ins.clone()), level, "{drop_ins:?}");
    }
}

#[test]
fn the_exposure_of_the_strict_unit_is_told_point_by_point() {
    let told = |spec: &ServiceSpec| -> String {
        let exposure = exposure(&spec.render());
        let lines = exposure.assessments.iter().map(|point| {
            let mark = point.set.map_or(' ', |set| if set { '+' } else { '-' });
            let share = point.exposure.map_or(String::new(), |level| level.to_string());
            format!("{mark} {share:3} {:4} {} {}\n", point.weight, point.name, point.description)
        });
        lines.collect()
    };
    assert_eq!(told(&veza()), include_str!("strict_exposure.txt"));
    let bare = ServiceSpec { hardening: Hardening::Off, user: String::new(), ..veza() };
    assert_eq!(told(&bare), include_str!("bare_exposure.txt"));
}
