//! Ways to name an image, and fleets that are not two instances of one pool.

use super::{assert_done, instance};
use crate::rollout::found::Found;
use crate::rollout::rolls::QUICK;
use crate::support::Lab;
use crate::support::veza::{Config, Recipe, VOLUMES, Veza};
use crate::support::workspace::Workspace;

/// A fleet of one, which is away while it is swapped; without a drain map, and without volumes. The image comes as a file,
/// as an alias, and as the beginning of its fingerprint.
#[test]
fn a_fleet_of_one_takes_an_image_by_any_of_its_names() {
    let (lab, workspace) = (Lab::shared(), Workspace::new());
    let config = Config { drain_map: false, ..Config::default() };
    let pool = format!("{QUICK}min-available = 0\nkeep-volumes = false\n");
    let veza = Veza::new("one").instances(1).haproxy(config).pool(&pool).start();
    let member = &veza.members()[0];
    member.instance().exec(&[
        "sh",
        "-c",
        "mkdir /var/log/veza/old; echo kept >/var/log/veza/old/1.log; ln -s old/1.log /var/log/veza/newest",
    ]);
    // No other test has this image, so that it is known when it is imported.
    let built = Recipe::good("2.0.0-one").build(&workspace);
    let file = built.file.to_str().unwrap();
    let haproxy = format!("tcp:{}", veza.haproxy().admin());
    let race = format!(
        "`{haproxy}` has no drain map: clients with a cookie keep coming to an instance until it is in maintenance, and \
         some of their requests may fail"
    );
    let away = format!("pool `{}` has `min-available = 0`: its service may be away during a swap", veza.stem());
    let notes = [&*race, &away];
    let roll = |image: &str| veza.command(&["rollout", image, "--fleet", "fleet.toml", "--allow-sticky-race"]);
    let back = || veza.command(&["rollback", "--fleet", "fleet.toml", "--allow-sticky-race"]);
    let is_kept = || {
        veza.assert_env();
        assert_eq!(member.instance().exec(&["cat", "/var/log/veza/newest"]), "kept\n");
        assert_eq!(member.instance().exec(&["readlink", "/var/log/veza/newest"]), "old/1.log\n");
        assert_eq!(veza.names(VOLUMES), [""; 0]);
        assert!(instance(member.name())["devices"].as_object().unwrap().keys().eq(["eth0"]));
    };

    let before = Found::of(&veza);
    let dry = veza.command(&["rollout", file, "--fleet", "fleet.toml", "--allow-sticky-race", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert!(dry.stderr.contains("\n      import  the image is imported first\n"), "{}", dry.stderr);
    assert_eq!(Found::of(&veza), before);
    let rolled = roll(file);
    assert_done(&rolled, &notes);
    assert!(rolled.stderr.contains(&format!("\nimporting `{file}` into `local`\n")), "{}", rolled.stderr);
    assert_eq!(veza.versions(), ["2.0.0-one"]);
    is_kept();
    assert_done(&back(), &notes);
    assert_eq!(veza.versions(), ["1.0.0"]);
    is_kept();

    let again = roll(file);
    assert_done(&again, &notes);
    assert!(!again.stderr.contains("importing"), "{}", again.stderr);
    assert_eq!(veza.versions(), ["2.0.0-one"]);
    let alias = lab.unique("newest");
    lab.incus(&["image", "alias", "create", &alias, &built.fingerprint]);
    for name in [&alias, &built.fingerprint[..12], &built.fingerprint] {
        let same = roll(name);
        let said = "nothing to do: every instance runs 2.0.0-one\n";
        assert_eq!((&*same.stdout, &*same.stderr, same.code), ("", said, Some(0)));
    }
    is_kept();
}
