use crate::base::debian::steps::tests::System;

/// With what the account of sshd needs.
fn server() -> System {
    let system = System::default().package("openssh-server");
    let system = system.content("/usr/share/base-passwd/passwd.master", "root:*:0:0:root:/root:/bin/bash\n");
    system.content("/usr/share/base-passwd/group.master", "root:*:0:\nshadow:*:42:\nnogroup:*:65534:\n")
}

#[test]
fn a_service_makes_the_host_keys_before_whatever_starts_sshd() {
    assert_eq!(
        server().run().listing("/usr/lib/systemd"),
        "0755 0:0 /usr/lib/systemd/\n\
         0755 0:0 /usr/lib/systemd/system/\n\
         0755 0:0 /usr/lib/systemd/system/ssh.service.wants/\n\
         0777 0:0 /usr/lib/systemd/system/ssh.service.wants/sshd-keygen.service -> ../sshd-keygen.service\n\
         0755 0:0 /usr/lib/systemd/system/ssh.socket.wants/\n\
         0777 0:0 /usr/lib/systemd/system/ssh.socket.wants/sshd-keygen.service -> ../sshd-keygen.service\n\
         0644 0:0 /usr/lib/systemd/system/sshd-keygen.service\n"
    );
}

#[test]
fn a_package_that_brings_the_service_keeps_its_own() {
    let system = server().file("/usr/lib/systemd/system/sshd-keygen.service");
    assert_eq!(system.run().listing("/usr/lib/systemd"), "");
}
