//! Packages that bring services of their own, switched on as Debian has them.

use super::*;
use crate::support::locked::locked;

fn instance() -> &'static Instance<'static> {
    static INSTANCE: OnceLock<Instance<'static>> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        let layout = layout_with(&["haproxy", "openssh-server"], None);
        boot(&locked(&layout), &["--level", "1"], "services")
    })
}

#[test]
fn haproxy_and_sshd_are_active_and_listen_as_their_packages_are_configured() {
    let script = "systemctl is-active haproxy.service ssh.service
                  systemctl is-enabled haproxy.service ssh.service
                  ps --no-headers --format=user --pid=$(pgrep --newest haproxy)
                  ss --no-header --listening --numeric --tcp 'sport = :22' | awk '{ print $4 }' | LC_ALL=C sort
                  offered=$(ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | cut -d' ' -f2,3)
                  [ \"$offered\" = \"$(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)\" ]";
    let seen = shell(instance(), script);
    assert_eq!(seen, "active\nactive\nenabled\nenabled\nhaproxy\n0.0.0.0:22\n[::]:22\n");
}

/// Keys in an image would be everybody's.
#[test]
fn sshd_gets_host_keys_of_its_own_at_the_first_boot_and_keeps_them() {
    let keys = "stat --format='%U %a %n' /etc/ssh/ssh_host_*_key
                systemctl show --property=ConditionResult,Result sshd-keygen.service";
    let listing = "root 600 /etc/ssh/ssh_host_ecdsa_key\nroot 600 /etc/ssh/ssh_host_ed25519_key\n\
                   root 600 /etc/ssh/ssh_host_rsa_key\n";
    assert_eq!(shell(instance(), keys), format!("{listing}Result=success\nConditionResult=yes\n"));

    let sums = "cd /etc/ssh; sha256sum ssh_host_*";
    let before = shell(instance(), sums);
    instance().exec(&["systemctl", "restart", "ssh.service"]);
    assert_eq!(shell(instance(), keys), format!("{listing}Result=success\nConditionResult=no\n"));
    assert_eq!(shell(instance(), sums), before);
    assert_eq!(shell(instance(), "systemd-analyze verify --man=no ssh.service ssh.socket sshd-keygen.service"), "");
}

#[test]
fn every_warning_of_services_is_known() {
    assert_eq!(warnings::unknown(instance()), "");
}
