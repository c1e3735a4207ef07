use super::undone;

#[test]
fn every_call_that_no_step_answers_is_told() {
    let script = r#"#!/bin/sh
set -e
# adduser --system commented
VEZA_USER="veza"
if ! getent passwd "$VEZA_USER" >/dev/null; then
    adduser --quiet --system --home /var/lib/veza --group ${VEZA_USER} || true
fi
groupadd --system -g 450 audit; useradd -r -d /srv -s /bin/sh worker >/dev/null
addgroup --system $(cat /etc/name)
update-alternatives --install /usr/bin/editor editor \
    /usr/bin/veza-edit 30 --slave /usr/share/man/man1/editor.1.gz editor.1.gz /usr/share/man/man1/veza.1.gz
dpkg-statoverride --update --add root veza 4750 /usr/bin/veza
ucf --three-way /usr/share/veza/veza.conf /etc/veza.conf
systemctl enable veza.timer || true
echo "adduser said"
logs=/var/log/veza
mkdir -p $logs /run/veza; mkdir -p "$logs"
chown veza:adm $logs/access.log
chown -R "$VEZA_USER" "$HOME/cache"
chown root:root /etc/veza
install -d -m 2775 -o veza -g veza /srv/veza
ln -s /etc/veza/sites/default /etc/veza/enabled/default
ln -sf "$1" "$2"
"#;
    assert_eq!(
        undone("veza", &["", script]),
        [
            "the scripts of `veza` would add the group `audit`: declare it as [[group]]",
            "the scripts of `veza` would add the group that they call `$`: declare it as [[group]]",
            "the scripts of `veza` would add the user `veza`: declare it as [[user]]",
            "the scripts of `veza` would add the user `worker`: declare it as [[user]]",
            "the scripts of `veza` would give `/usr/bin/veza` to `root:veza` with mode `4750`, which is left undone; if it is a \
             directory, declare it as [[directory]]",
            "the scripts of `veza` would give `/var/log/veza/access.log` to `veza:adm`, which is left undone; if it is a \
             directory, declare it as [[directory]]",
            "the scripts of `veza` would give what they call `$HOME/cache` to `veza`, which is left undone; if it is a \
             directory, declare it as [[directory]]",
            "the scripts of `veza` would link `/etc/veza/enabled/default` to `/etc/veza/sites/default`: declare it as [[link]]",
            "the scripts of `veza` would link `/usr/bin/editor` to `/usr/bin/veza-edit`: declare it as [[link]]",
            "the scripts of `veza` would make the directory `/srv/veza`: declare it as [[directory]]",
            "the scripts of `veza` would make the directory `/var/log/veza`: declare it as [[directory]]",
            "the scripts of `veza` would switch on `veza.timer`: declare its link in `/etc/systemd/system` as [[link]]",
            "the scripts of `veza` would write `/etc/veza.conf`: declare it as [[file]]",
        ]
    );
}

#[test]
fn what_is_declared_is_not_told() {
    let script = "adduser --system --disabled-password --home /var/lib/haproxy --group haproxy\n";
    assert_eq!(undone("haproxy", &[script]), [""; 0]);
}
