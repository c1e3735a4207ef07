use crate::base::debian::steps::tests::System;

const TEMPLATE: &str = "# auth\n\
    # here are the per-package modules (the \"Primary\" block)\n\
    $auth_primary\n\
    # here's the fallback if no module succeeds\n\
    auth\trequisite\t\t\tpam_deny.so\n\
    # and here are more per-package modules (the \"Additional\" block)\n\
    $auth_additional\n\
    # end of pam-auth-update config\n\
    # end\n";

const UNIX: &str = "Name: Unix authentication\nDefault: yes\nPriority: 256\nAuth-Type: Primary\n\
    Auth:\n\t[success=end default=ignore]\tpam_unix.so nullok try_first_pass\n\
    Auth-Initial:\n\t[success=end default=ignore]\tpam_unix.so nullok\n";

#[test]
fn the_blocks_of_a_template_are_filled_by_priority_and_jump_to_their_end() {
    let system = System::default()
        .content("/usr/share/pam/common-auth", TEMPLATE)
        .content("/usr/share/pam-configs/unix", UNIX)
        .content(
            "/usr/share/pam-configs/card",
            "Name: Card\nDefault: yes\nPriority: 9\nAuth-Type: Primary\n\
             Auth:\n\t[success=end default=ignore]\tpam_card.so\n\trequired  pam_pin.so   a   b\n",
        )
        .content(
            "/usr/share/pam-configs/off",
            "Name: Off\nDefault: no\nPriority: 999\nAuth-Type: Primary\nAuth:\n\trequired pam_off.so\n",
        )
        .content(
            "/usr/share/pam-configs/group",
            "Name: Group\nDefault: yes\nPriority: 0\nAuth-Type: Additional\nAuth:\n\toptional\tpam_group.so\n",
        );
    assert_eq!(
        system.run().text("/etc/pam.d/common-auth"),
        "# auth\n\
         # here are the per-package modules (the \"Primary\" block)\n\
         auth\t[success=3 default=ignore]\tpam_unix.so nullok\n\
         auth\t[success=2 default=ignore]\tpam_card.so \n\
         auth\trequired  pam_pin.so a b\n\
         # here's the fallback if no module succeeds\n\
         auth\trequisite\t\t\tpam_deny.so\n\
         # and here are more per-package modules (the \"Additional\" block)\n\
         auth\toptional\tpam_group.so \n\
         # end of pam-auth-update config\n\
         # end\n"
    );
}

#[test]
fn a_template_without_its_blocks_is_refused() {
    let system = System::default().content("/usr/share/pam/common-auth", "# nothing\n");
    assert_eq!(
        system.refused(),
        "`/usr/share/pam/common-auth` has no blocks for the modules\n\
         hint: the file comes from one of the packages: leave that package out, or report it to Debian"
    );
}
