use crate::base::debian::steps::tests::System;

#[test]
fn accounts_of_masters_scripts_and_sysusers_stand_in_the_four_files() {
    let made = System::default()
        .package("base-passwd")
        .package("haproxy")
        .package("openssh-server")
        .package("udev")
        .content(
            "/usr/share/base-passwd/passwd.master",
            "root:*:0:0:root:/root:/bin/bash\nnobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        )
        .content("/usr/share/base-passwd/group.master", "root:*:0:\nshadow:*:42:\nnogroup:*:65534:\n")
        .content(
            "/usr/lib/sysusers.d/veza.conf",
            "# who\nm http audit\ng shadow 42 -\nu audit 450 \"Audit, of Veza\" /var/lib/audit\nu http - - -\nr - 500-900\n",
        )
        .run();
    let text = |path| made.text(path);
    assert_eq!(
        text("/etc/passwd"),
        "root:x:0:0:root:/root:/bin/bash\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
         audit:x:450:450:Audit, of Veza:/var/lib/audit:/usr/sbin/nologin\n\
         haproxy:x:909:909::/var/lib/haproxy:/usr/sbin/nologin\n\
         http:x:468:468::/:/usr/sbin/nologin\n\
         sshd:x:396:65534::/run/sshd:/usr/sbin/nologin\n"
    );
    assert_eq!(
        text("/etc/group"),
        "root:x:0:\n\
         shadow:x:42:\n\
         nogroup:x:65534:\n\
         audit:x:450:http\n\
         haproxy:x:909:\n\
         http:x:468:\n\
         input:x:924:\n\
         kvm:x:589:\n\
         render:x:292:\n\
         sgx:x:477:\n"
    );
    assert_eq!(
        text("/etc/shadow"),
        "root:*:::::::\n\
         nobody:*:::::::\n\
         audit:!*:::::::\n\
         haproxy:!:::::::\n\
         http:!*:::::::\n\
         sshd:!:::::::\n"
    );
    assert_eq!(
        text("/etc/gshadow"),
        "root:*::\n\
         shadow:*::\n\
         nogroup:*::\n\
         audit:!*::http\n\
         haproxy:!::\n\
         http:!*::\n\
         input:!::\n\
         kvm:!::\n\
         render:!::\n\
         sgx:!::\n"
    );
}

#[test]
fn a_number_stays_when_other_packages_come() {
    let number = |packages: &[&str]| {
        let system = packages.iter().fold(System::default(), |system, package| system.package(package));
        let system = system
            .content("/usr/share/base-passwd/passwd.master", "root:*:0:0:root:/root:/bin/bash\n")
            .content("/usr/share/base-passwd/group.master", "root:*:0:\nshadow:*:42:\nnogroup:*:65534:\n");
        let passwd = system.run().text("/etc/passwd");
        passwd.lines().find(|line| line.starts_with("haproxy:")).map(str::to_owned)
    };
    let alone = number(&["haproxy"]);
    assert!(alone.is_some());
    assert_eq!(number(&["dbus-system-bus-common", "haproxy", "openssh-client", "openssh-server", "udev"]), alone);
}

#[test]
fn a_line_that_sysusers_d_does_not_describe_is_refused() {
    for line in ["x what", "u", "u name%n", "u name 12:", "u name \"open", "g name twelve", "u name - a:b"] {
        let system = System::default().content("/usr/lib/sysusers.d/odd.conf", &format!("# odd\n{line}\n"));
        assert_eq!(
            system.refused(),
            "`/usr/lib/sysusers.d/odd.conf` has a line 2 that sysusers.d(5) does not describe\n\
             hint: the file comes from one of the packages: leave that package out, or report it to Debian",
            "{line}"
        );
    }
}
