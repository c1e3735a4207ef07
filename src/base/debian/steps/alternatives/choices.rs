//! What packages of Debian 12 offer as alternatives, from their scripts.

/// One `update-alternatives --install LINK NAME PATH PRIORITY`.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) package: &'static str,
    pub(super) link: &'static str,
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) priority: u32,
    pub(super) slaves: &'static [Slave],
}

/// One `--slave LINK NAME PATH`.
#[derive(Debug)]
pub(super) struct Slave(pub(super) &'static str, pub(super) &'static str, pub(super) &'static str);

const fn choice(
    package: &'static str,
    [link, name, path]: [&'static str; 3],
    priority: u32,
    slaves: &'static [Slave],
) -> Choice {
    Choice { package, link, name, path, priority, slaves }
}

/// By package and name.
pub(super) const CHOICES: [Choice; 16] = [
    choice(
        "bash",
        ["/usr/share/man/man7/builtins.7.gz", "builtins.7.gz", "/usr/share/man/man7/bash-builtins.7.gz"],
        10,
        &[],
    ),
    choice(
        "debianutils",
        ["/usr/bin/which", "which", "/usr/bin/which.debianutils"],
        0,
        &[
            Slave("/usr/share/man/man1/which.1.gz", "which.1.gz", "/usr/share/man/man1/which.debianutils.1.gz"),
            Slave("/usr/share/man/de/man1/which.1.gz", "which.de1.gz", "/usr/share/man/de/man1/which.debianutils.1.gz"),
            Slave("/usr/share/man/es/man1/which.1.gz", "which.es1.gz", "/usr/share/man/es/man1/which.debianutils.1.gz"),
            Slave("/usr/share/man/fr/man1/which.1.gz", "which.fr1.gz", "/usr/share/man/fr/man1/which.debianutils.1.gz"),
            Slave("/usr/share/man/it/man1/which.1.gz", "which.it1.gz", "/usr/share/man/it/man1/which.debianutils.1.gz"),
            Slave("/usr/share/man/ja/man1/which.1.gz", "which.ja1.gz", "/usr/share/man/ja/man1/which.debianutils.1.gz"),
            Slave("/usr/share/man/pl/man1/which.1.gz", "which.pl1.gz", "/usr/share/man/pl/man1/which.debianutils.1.gz"),
            Slave("/usr/share/man/sl/man1/which.1.gz", "which.sl1.gz", "/usr/share/man/sl/man1/which.debianutils.1.gz"),
        ],
    ),
    choice(
        "gawk",
        ["/usr/bin/awk", "awk", "/usr/bin/gawk"],
        10,
        &[
            Slave("/usr/share/man/man1/awk.1.gz", "awk.1.gz", "/usr/share/man/man1/gawk.1.gz"),
            Slave("/usr/bin/nawk", "nawk", "/usr/bin/gawk"),
            Slave("/usr/share/man/man1/nawk.1.gz", "nawk.1.gz", "/usr/share/man/man1/gawk.1.gz"),
        ],
    ),
    choice(
        "iptables",
        ["/usr/sbin/arptables", "arptables", "/usr/sbin/arptables-nft"],
        20,
        &[
            Slave("/usr/sbin/arptables-restore", "arptables-restore", "/usr/sbin/arptables-nft-restore"),
            Slave("/usr/sbin/arptables-save", "arptables-save", "/usr/sbin/arptables-nft-save"),
        ],
    ),
    choice(
        "iptables",
        ["/usr/sbin/ebtables", "ebtables", "/usr/sbin/ebtables-nft"],
        20,
        &[
            Slave("/usr/sbin/ebtables-restore", "ebtables-restore", "/usr/sbin/ebtables-nft-restore"),
            Slave("/usr/sbin/ebtables-save", "ebtables-save", "/usr/sbin/ebtables-nft-save"),
        ],
    ),
    choice(
        "iptables",
        ["/usr/sbin/ip6tables", "ip6tables", "/usr/sbin/ip6tables-legacy"],
        10,
        &[
            Slave("/usr/sbin/ip6tables-restore", "ip6tables-restore", "/usr/sbin/ip6tables-legacy-restore"),
            Slave("/usr/sbin/ip6tables-save", "ip6tables-save", "/usr/sbin/ip6tables-legacy-save"),
        ],
    ),
    choice(
        "iptables",
        ["/usr/sbin/ip6tables", "ip6tables", "/usr/sbin/ip6tables-nft"],
        20,
        &[
            Slave("/usr/sbin/ip6tables-restore", "ip6tables-restore", "/usr/sbin/ip6tables-nft-restore"),
            Slave("/usr/sbin/ip6tables-save", "ip6tables-save", "/usr/sbin/ip6tables-nft-save"),
        ],
    ),
    choice(
        "iptables",
        ["/usr/sbin/iptables", "iptables", "/usr/sbin/iptables-legacy"],
        10,
        &[
            Slave("/usr/sbin/iptables-restore", "iptables-restore", "/usr/sbin/iptables-legacy-restore"),
            Slave("/usr/sbin/iptables-save", "iptables-save", "/usr/sbin/iptables-legacy-save"),
        ],
    ),
    choice(
        "iptables",
        ["/usr/sbin/iptables", "iptables", "/usr/sbin/iptables-nft"],
        20,
        &[
            Slave("/usr/sbin/iptables-restore", "iptables-restore", "/usr/sbin/iptables-nft-restore"),
            Slave("/usr/sbin/iptables-save", "iptables-save", "/usr/sbin/iptables-nft-save"),
        ],
    ),
    choice(
        "less",
        ["/usr/bin/pager", "pager", "/usr/bin/less"],
        77,
        &[Slave("/usr/share/man/man1/pager.1.gz", "pager.1.gz", "/usr/share/man/man1/less.1.gz")],
    ),
    choice(
        "mawk",
        ["/usr/bin/awk", "awk", "/usr/bin/mawk"],
        5,
        &[
            Slave("/usr/share/man/man1/awk.1.gz", "awk.1.gz", "/usr/share/man/man1/mawk.1.gz"),
            Slave("/usr/bin/nawk", "nawk", "/usr/bin/mawk"),
            Slave("/usr/share/man/man1/nawk.1.gz", "nawk.1.gz", "/usr/share/man/man1/mawk.1.gz"),
        ],
    ),
    choice(
        "nano",
        ["/usr/bin/editor", "editor", "/bin/nano"],
        40,
        &[Slave("/usr/share/man/man1/editor.1.gz", "editor.1.gz", "/usr/share/man/man1/nano.1.gz")],
    ),
    choice(
        "nano",
        ["/usr/bin/pico", "pico", "/bin/nano"],
        10,
        &[Slave("/usr/share/man/man1/pico.1.gz", "pico.1.gz", "/usr/share/man/man1/nano.1.gz")],
    ),
    choice(
        "netcat-openbsd",
        ["/bin/nc", "nc", "/bin/nc.openbsd"],
        50,
        &[
            Slave("/bin/netcat", "netcat", "/bin/nc.openbsd"),
            Slave("/usr/share/man/man1/nc.1.gz", "nc.1.gz", "/usr/share/man/man1/nc_openbsd.1.gz"),
            Slave("/usr/share/man/man1/netcat.1.gz", "netcat.1.gz", "/usr/share/man/man1/nc_openbsd.1.gz"),
        ],
    ),
    choice(
        "tar",
        ["/usr/sbin/rmt", "rmt", "/usr/sbin/rmt-tar"],
        50,
        &[Slave("/usr/share/man/man8/rmt.8.gz", "rmt.8.gz", "/usr/share/man/man8/rmt-tar.8.gz")],
    ),
    choice(
        "util-linux",
        ["/usr/bin/pager", "pager", "/bin/more"],
        50,
        &[Slave("/usr/share/man/man1/pager.1.gz", "pager.1.gz", "/usr/share/man/man1/more.1.gz")],
    ),
];
