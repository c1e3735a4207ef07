use crate::base::debian::steps::tests::System;

const UNITS: [(&str, &str); 6] = [
    ("getty@.service", "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n"),
    ("remote-fs.target", "[Install]\nWantedBy=multi-user.target\n"),
    (
        "veza.service",
        "[Install]\nWantedBy=multi-user.target ../../odd graphical.target\nAlias=api.service\nAlso=veza.socket\n",
    ),
    ("veza.socket", "[Install]\nRequiredBy=sockets.target\n"),
    ("veza-once.socket", "[Install]\nWantedBy=sockets.target\n"),
    ("veza@.service", "[Install]\nWantedBy=multi-user.target\nDefaultInstance=one\n"),
];

fn system(script: &str) -> System {
    let system = System::default().package("systemd").script("veza", script);
    // Its journal belongs to a group.
    let system = system.content("/usr/lib/sysusers.d/systemd-journal.conf", "g systemd-journal - -\n");
    UNITS.iter().fold(system, |system, (name, text)| system.content(&format!("/usr/lib/systemd/system/{name}"), text))
}

#[test]
fn units_that_scripts_switch_on_are_linked_to() {
    let script = "if deb-systemd-helper --quiet was-enabled 'veza.service'; then\n\
                  \tdeb-systemd-helper enable 'veza.service' >/dev/null || true\nfi\n\
                  deb-systemd-helper enable 'veza@.service' >/dev/null || true\n\
                  deb-systemd-helper enable 'not-there.service' >/dev/null || true\n\
                  if deb-systemd-helper debian-installed 'veza-once.socket'; then\n\
                  \tdeb-systemd-helper enable 'veza-once.socket' >/dev/null || true\nfi\n";
    assert_eq!(
        system(script).run().listing("/etc/systemd"),
        "0755 0:0 /etc/systemd/\n\
         0755 0:0 /etc/systemd/system/\n\
         0777 0:0 /etc/systemd/system/api.service -> /lib/systemd/system/veza.service\n\
         0755 0:0 /etc/systemd/system/getty.target.wants/\n\
         0777 0:0 /etc/systemd/system/getty.target.wants/getty@tty1.service -> /lib/systemd/system/getty@.service\n\
         0755 0:0 /etc/systemd/system/graphical.target.wants/\n\
         0777 0:0 /etc/systemd/system/graphical.target.wants/veza.service -> /lib/systemd/system/veza.service\n\
         0755 0:0 /etc/systemd/system/multi-user.target.wants/\n\
         0777 0:0 /etc/systemd/system/multi-user.target.wants/remote-fs.target -> /lib/systemd/system/remote-fs.target\n\
         0777 0:0 /etc/systemd/system/multi-user.target.wants/veza.service -> /lib/systemd/system/veza.service\n\
         0777 0:0 /etc/systemd/system/multi-user.target.wants/veza@one.service -> /lib/systemd/system/veza@.service\n\
         0755 0:0 /etc/systemd/system/sockets.target.requires/\n\
         0777 0:0 /etc/systemd/system/sockets.target.requires/veza.socket -> /lib/systemd/system/veza.socket\n"
    );
}
