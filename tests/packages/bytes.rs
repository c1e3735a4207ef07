//! The bytes of an image are its lock's: neither the store nor the machine shows in them.

use std::fs;

use super::Bench;

/// Builds with a store that has nothing, with all that a build leaves in it, and with the packages alone.
#[test]
fn a_cold_store_a_warm_one_and_none_give_the_same_bytes() {
    for arguments in
        [&["--format", "unified"][..], &["--format", "split"], &["--compression", "gzip"], &["--level", "1"]]
    {
        let bench = Bench::sound();
        let mirror = bench.sound_mirror();
        let with = |more: &[&str]| bench.image(&[arguments, more, &["--mirror", &mirror.url]].concat());
        let cold = with(&["--jobs", "1"]);
        let (packages, frames) = bench.objects();
        assert_eq!((packages.len(), frames.len()), (2, 2));
        let warm = with(&["--jobs", "3"]);
        fs::remove_dir_all(bench.workspace.join("store/records")).unwrap();
        let anew = with(&["--jobs", "3"]);
        fs::remove_dir_all(bench.workspace.join("store")).unwrap();
        let refetched = with(&[]);
        assert!(cold == warm && cold == anew && cold == refetched, "{arguments:?}");
        // Nothing was fetched but by the first and the last.
        let mut asked = mirror.asked();
        asked.sort();
        assert_eq!(
            asked,
            ["/pool/noise_1.0_all.deb"; 2].into_iter().chain(["/pool/system_1.0_all.deb"; 2]).collect::<Vec<_>>()
        );
    }
}

/// The image does not depend on who asks, and where: another user, another directory, another language.
#[test]
fn nothing_of_the_machine_shows() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let here = bench.image(&["--mirror", &mirror.url]);

    let there = Bench::sound();
    let directory = there.workspace.path();
    fs::create_dir_all(directory.join("deep/er/out")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_vezaimg"), directory.join("vezaimg")).unwrap();
    let owned = [directory.join("deep"), directory.join("deep/er"), directory.join("deep/er/out")];
    owned.iter().for_each(|path| std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap());
    let script = format!(
        "umask 0077; cd deep/er; exec ../../vezaimg build --layout ../../layout.toml --binary ../../app --release r \
         --jobs 2 --quiet --mirror {}",
        mirror.url
    );
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", &script]).current_dir(directory);
    command
        .env("TZ", "Pacific/Kiritimati")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("VEZAIMG_CACHE", directory.join("deep/store"));
    command.env("VEZAIMG_SNAPSHOT", "").env_remove("SOURCE_DATE_EPOCH");
    let built = crate::support::workspace::outcome(&mut command);
    assert_eq!((built.stderr.as_str(), built.code), ("", Some(0)));
    assert!(here == fs::read(directory.join("deep/er").join(built.stdout.trim_end())).unwrap());
}

/// An object that was damaged where it lay is as good as none: of frames and of packages.
#[test]
fn a_damaged_store_gives_the_same_bytes() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let sound = bench.image(&["--mirror", &mirror.url]);
    let (packages, frames) = bench.objects();
    let flip = |content: &mut Vec<u8>| {
        let middle = content.len() / 2;
        content[middle] ^= 1;
    };
    let cut = |content: &mut Vec<u8>| content.truncate(content.len() - 1);
    for frame in &frames {
        for damage in [&flip as &dyn Fn(&mut Vec<u8>), &cut] {
            change(frame, damage);
            assert!(bench.image(&["--offline"]) == sound);
        }
    }
    let asked = mirror.asked().len();
    for (count, package) in (1..).zip(&packages) {
        fs::remove_dir_all(bench.workspace.join("store/records")).unwrap();
        change(package, if count == 1 { &flip } else { &cut });
        assert!(bench.image(&["--mirror", &mirror.url]) == sound);
        assert_eq!(mirror.asked().len(), asked + count);
    }
    for record in fs::read_dir(bench.workspace.join("store/records")).unwrap() {
        change(&record.unwrap().path(), &flip);
    }
    assert!(bench.image(&["--offline"]) == sound);
}

fn change(path: &std::path::Path, damage: &dyn Fn(&mut Vec<u8>)) {
    let mut content = fs::read(path).unwrap();
    damage(&mut content);
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}
