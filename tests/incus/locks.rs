//! Profiles, of which one is the rollout's lock.

use std::sync::Barrier;

use vezaimg::incus::{Kind, Profile};

use super::{client, kind};
use crate::support::Lab;

fn profile(stem: &str) -> Profile {
    Profile {
        name: Lab::shared().unique(stem),
        description: "a lock".to_owned(),
        config: [("user.vezaimg.holder".to_owned(), "ä \"1\"".to_owned())].into(),
        devices: [].into(),
        used_by: Vec::new(),
    }
}

#[test]
fn a_profile_is_created_once_and_replaced_only_as_it_was_read() {
    let (client, mut lock) = (client(), profile("lock"));

    client.create_profile(&lock).unwrap();
    assert_eq!(kind(client.create_profile(&lock)), Kind::Exists);
    let (read, etag) = client.profile(&lock.name).unwrap().unwrap();
    assert_eq!(read, lock);
    assert!(client.profiles().unwrap().contains(&lock));

    lock.config.insert("user.vezaimg.until".to_owned(), "later".to_owned());
    client.replace_profile(&lock, &etag).unwrap();
    assert_eq!(kind(client.replace_profile(&lock, &etag)), Kind::Changed);
    assert_eq!(client.profile(&lock.name).unwrap().unwrap().0, lock);

    client.delete_profile(&lock.name).unwrap();
    assert_eq!(client.profile(&lock.name).unwrap(), None);
    assert_eq!(kind(client.delete_profile(&lock.name)), Kind::NotFound);
    assert_eq!(kind(client.replace_profile(&lock, &etag)), Kind::NotFound);
}

#[test]
fn of_those_who_create_a_profile_at_once_one_wins() {
    const CONTENDERS: usize = 8;
    for _ in 0..5 {
        let (client, lock, together) = (client(), profile("race"), Barrier::new(CONTENDERS));
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let contender = || {
                together.wait();
                client.create_profile(&lock)
            };
            let contenders: Vec<_> = (0..CONTENDERS).map(|_| scope.spawn(contender)).collect();
            contenders.into_iter().map(|contender| contender.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert!(outcomes.into_iter().filter_map(Result::err).all(|failure| failure.kind() == Kind::Exists));
    }
}

#[test]
fn a_name_of_odd_characters_is_refused_or_that_of_a_profile_and_of_nothing_else() {
    let client = client();
    for name in ["", "a/b", "../default", ".."] {
        let odd = Profile { name: name.to_owned(), ..profile("odd") };
        assert!(client.create_profile(&odd).is_err(), "{name}");
        assert!(matches!(client.profile(name), Ok(None) | Err(_)), "{name}");
    }
    assert!(client.profiles().unwrap().iter().all(|profile| !profile.name.contains(['/', '.'])));

    let odd = Profile { name: format!("{} ?#%ä", Lab::shared().unique("odd")), ..profile("odd") };
    client.create_profile(&odd).unwrap();
    assert_eq!(client.profile(&odd.name).unwrap().unwrap().0, odd);
    client.delete_profile(&odd.name).unwrap();
}
