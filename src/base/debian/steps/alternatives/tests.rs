use crate::base::debian::steps::tests::System;

fn system() -> System {
    System::default()
        .package("less")
        .package("util-linux")
        .package("netcat-openbsd")
        .file("/usr/bin/less")
        .file("/usr/bin/more")
        .file("/usr/bin/nc.openbsd")
        .file("/usr/share/man/man1/less.1.gz")
        .link("/bin", "usr/bin")
}

#[test]
fn the_highest_priority_is_linked_to_with_the_slaves_that_are_there() {
    let made = system().run();
    assert_eq!(
        made.listing("/etc"),
        "0755 0:0 /etc/\n\
         0755 0:0 /etc/alternatives/\n\
         0777 0:0 /etc/alternatives/nc -> /bin/nc.openbsd\n\
         0777 0:0 /etc/alternatives/netcat -> /bin/nc.openbsd\n\
         0777 0:0 /etc/alternatives/pager -> /usr/bin/less\n\
         0777 0:0 /etc/alternatives/pager.1.gz -> /usr/share/man/man1/less.1.gz\n"
    );
    assert_eq!(
        made.listing("/usr"),
        "0777 0:0 /usr/bin/nc -> /etc/alternatives/nc\n\
         0777 0:0 /usr/bin/netcat -> /etc/alternatives/netcat\n\
         0777 0:0 /usr/bin/pager -> /etc/alternatives/pager\n\
         0777 0:0 /usr/share/man/man1/pager.1.gz -> /etc/alternatives/pager.1.gz\n"
    );
    assert_eq!(made.listing("/var"), "");
}

#[test]
fn dpkgs_database_is_there_with_dpkg() {
    assert_eq!(
        system().package("dpkg").run().text("/var/lib/dpkg/alternatives/pager"),
        "auto\n/usr/bin/pager\npager.1.gz\n/usr/share/man/man1/pager.1.gz\n\n\
         /bin/more\n50\n/usr/share/man/man1/more.1.gz\n\
         /usr/bin/less\n77\n/usr/share/man/man1/less.1.gz\n\n"
    );
}
