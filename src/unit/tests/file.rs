use proptest::prelude::{prop_assert_eq, proptest};

use crate::unit::{Directive, UnitFile, exec_program};

const SAMPLE: &str = "\u{feff}; the service
[Unit]
Description = a service \\
# not part of it
   of several lines

[Service]
# why
#   and how
ExecStart=/bin/a \\\\
Environment=A=1
Environment=
Environment=\"B=2 3\" \r
[Service]
User=app
# nothing below
";

#[test]
fn comments_continued_lines_and_repeated_sections_are_read_as_systemd_does() {
    let unit = UnitFile::parse(SAMPLE).expect("a unit");
    let expected = "# the service
[Unit]
Description=a service     of several lines

[Service]
# why
# and how
ExecStart=/bin/a \\\\
Environment=A=1
Environment=
Environment=\"B=2 3\"

[Service]
User=app
";
    assert_eq!(unit.to_string(), expected);
    assert_eq!(UnitFile::parse(expected).expect("a unit"), unit);
}

#[test]
fn an_empty_assignment_resets_a_list_and_the_last_one_of_a_value_counts() {
    let unit = UnitFile::parse(SAMPLE).expect("a unit");
    assert_eq!(unit.list("Service", "Environment"), ["\"B=2 3\""]);
    assert_eq!(unit.last("Service", "Environment"), Some("\"B=2 3\""));
    assert_eq!(unit.last("Service", "User"), Some("app"));
    assert_eq!(unit.last("Unit", "User"), None);
}

#[test]
fn a_drop_in_counts_after_the_unit() {
    let mut unit = UnitFile::parse("[Service]\nUMask=0077\n[Install]\nWantedBy=multi-user.target\n").expect("a unit");
    unit.apply(&UnitFile::parse("[Service]\nUMask=0022\n").expect("a drop-in"));
    assert_eq!(unit.last("Service", "UMask"), Some("0022"));
}

fn errors(text: &str) -> Vec<String> {
    let errors = UnitFile::parse(text).expect_err("errors");
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn every_line_that_systemd_could_not_use_is_an_error_with_its_number() {
    let text = "User=app\n[Unit\nDescription=\\\nx\n[Service]\nnonsense\r\n=value\nUser=a";
    assert_eq!(
        errors(text),
        [
            "line 1: `User=` stands before the first section",
            "line 2: the section header `[Unit` has no closing `]`",
            "line 3: `Description=` stands before the first section",
            "line 6: `nonsense` is neither a section nor an assignment",
            "line 7: `=value` has no name before its `=`",
        ]
    );
}

#[test]
fn what_systemd_ignores_of_others_is_ignored_and_told() {
    let text =
        b"User=early\n[Service]\nnonsense\n=value\nUser=\xff\nExecStart=/a \\\r\n  b\nUser=app\n[Install\nUser=late\n";
    let (unit, ignored) = UnitFile::lenient(text);
    assert_eq!(unit, UnitFile::parse("[Service]\nExecStart=/a    b\nUser=app\n").expect("a unit"));
    assert_eq!(
        ignored.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "line 1: `User=` stands before the first section",
            "line 3: `nonsense` is neither a section nor an assignment",
            "line 4: `=value` has no name before its `=`",
            "line 5: it is no UTF-8",
            "line 9: the section header `[Install` has no closing `]`",
        ]
    );
}

#[test]
fn noise_gives_few_errors_and_a_huge_text_one() {
    assert_eq!(errors(&"noise\n".repeat(10_000)).len(), 20);
    let huge = format!("[Unit]\n#{}", " ".repeat(1 << 16));
    assert_eq!(errors(&huge), ["line 1: the unit file has 65544 bytes, more than the 65536 that it may have"]);
}

#[test]
fn no_value_can_bring_another_directive_along() {
    let mut unit = UnitFile::default();
    let section = unit.section_mut("Service");
    section.push(Directive::new("Description", "one\nExecStart=/bin/evil\r\n[Install]").comment("a\nUser=root"));
    section.push(Directive::new("ExecStart", "/bin/a \\"));
    section.push(Directive::new("User", "app"));
    let text = "[Service]
# a User=root
Description=one ExecStart=/bin/evil  [Install]
ExecStart=/bin/a \\\u{20}
User=app
";
    assert_eq!(unit.to_string(), text);
    assert_eq!(UnitFile::parse(text).expect("a unit"), unit);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(names in "[A-Za-z]{1,8}", value in "\\PC{0,40}|[\\\\ \t\r\n\"'#;=\\[\\]a]{0,20}", comment in "[ -~]{0,20}") {
        let mut unit = UnitFile::default();
        let section = unit.section_mut("Service");
        section.push(Directive::new(&names, &value).comment(&comment));
        section.push(Directive::new("User", "app"));
        prop_assert_eq!(UnitFile::parse(&unit.to_string()), Ok(unit));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[\\[\\]=#;\\\\ \r\n\u{0}aé\u{feff}]{0,200}") {
        if let Ok(unit) = UnitFile::parse(&text) {
            prop_assert_eq!(UnitFile::parse(&unit.to_string()).map(|again| again.to_string()), Ok(unit.to_string()));
        }
    }
}

#[test]
fn the_program_of_a_command_line_is_found_behind_its_prefixes() {
    let programs = [
        ("/opt/a/b --port 1", Some("/opt/a/b")),
        ("-@/opt/a/b name", Some("/opt/a/b")),
        ("!!:/opt/a", Some("/opt/a")),
        ("+ /opt/a", Some("/opt/a")),
        ("\"/opt/a b/c\" d", Some("/opt/a b/c")),
        ("-'/opt/a' d", Some("/opt/a")),
        ("\"/opt/open", None),
        ("", None),
        ("@-", None),
        ("\"\" a", None),
    ];
    for (line, program) in programs {
        assert_eq!(exec_program(line), program, "{line}");
    }
}
