use std::cmp::Ordering;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::debian::Version;

/// Numbers that look random and are the same every time: Knuth's MMIX generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn version(&mut self) -> String {
        let pieces = ["0", "1", "2", "9", "00", "01", "10", "a", "b", "Z", "~", "~~", "+", ".", "rc", "deb12u"];
        let part = |numbers: &mut Self, most| -> String {
            (0..numbers.below(most)).map(|_| pieces[numbers.below(pieces.len())]).collect()
        };
        let epoch = ["", "", "0:", "1:", "10:"][self.below(5)];
        let upstream = format!("{}{}", self.below(3), part(self, 5));
        let revision = part(self, 4);
        let revision = if revision.is_empty() { revision } else { format!("-{revision}") };
        format!("{epoch}{upstream}{revision}")
    }
}

#[test]
fn versions_are_in_the_order_that_dpkg_has_them_in() {
    let mut numbers = Numbers(12);
    let mut pairs = String::new();
    for _ in 0..2_000 {
        let (one, other) = (numbers.version(), numbers.version());
        let order = Version::parse(&one).unwrap().cmp(&Version::parse(&other).unwrap());
        let relation = match order {
            Ordering::Less => "lt",
            Ordering::Equal => "eq",
            Ordering::Greater => "gt",
        };
        pairs.push_str(&format!("{one} {relation} {other}\n"));
    }
    let script = "while read -r pair; do dpkg --compare-versions $pair || echo \"$pair\"; done";
    let mut shell =
        Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(pairs.as_bytes()).unwrap();
    let output = shell.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "dpkg thinks otherwise of these");
}

#[test]
fn one_version_may_be_written_in_several_ways() {
    for (one, other) in [("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.0", "1.00"), ("1.a", "1.a0")] {
        assert_eq!(Version::parse(one).unwrap(), Version::parse(other).unwrap(), "{one} {other}");
    }
}

#[test]
fn what_is_no_version_is_refused() {
    for text in ["", "-1", ":1", "a:1", "1_0", "1.0-1_1", "1 0", "1.0\n", "1:", "1-", "é"] {
        assert!(Version::parse(text).is_none(), "{text}");
    }
}
