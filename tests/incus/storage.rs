//! Pools and custom volumes.

use vezaimg::incus::{Kind, NewVolume};

use super::{client, created, kind};
use crate::support::Lab;

#[test]
fn a_pool_says_how_full_it_is() {
    let pool = client().pool("default").unwrap();
    assert_eq!(pool.driver, "dir");
    assert!(pool.used > 0 && pool.used < pool.total, "{pool:?}");
    assert_eq!(kind(client().pool("none/such")), Kind::NotFound);
}

#[test]
fn a_volume_is_attached_to_two_instances_and_deleted_after_both() {
    let (client, one) = created("one");
    let (_, two) = created("two");
    let name = Lab::shared().unique("logs");
    let config = [("user.vezaimg.of".to_owned(), "web".to_owned())].into();
    let wanted = NewVolume { name: name.clone(), config, description: "logs".to_owned(), member: None };

    client.create_volume("default", &wanted).unwrap();
    assert_eq!(kind(client.create_volume("default", &wanted)), Kind::Exists);
    for instance in [&one, &two] {
        client
            .change_instance(instance, &mut |settings| {
                let device = [("type", "disk"), ("pool", "default"), ("source", &name), ("path", "/srv/logs")];
                let device = device.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
                settings.devices.insert("logs".to_owned(), device);
            })
            .unwrap();
    }

    let mut volume = client.volume("default", &name).unwrap().unwrap();
    volume.used_by.sort();
    assert_eq!(volume.used_by, [&one, &two].map(|instance| format!("/1.0/instances/{instance}")));
    assert_eq!((&volume.config, volume.description.as_str()), (&wanted.config, "logs"));
    assert!(volume.created_at.is_some());
    assert!(client.volumes("default").unwrap().iter().any(|listed| listed.name == name));
    assert_eq!(kind(client.delete_volume("default", &name)), Kind::Refused);

    for instance in [&one, &two] {
        client.change_instance(instance, &mut |settings| drop(settings.devices.remove("logs"))).unwrap();
    }
    client.delete_volume("default", &name).unwrap();
    assert_eq!(client.volume("default", &name).unwrap(), None);
    assert_eq!(kind(client.delete_volume("default", &name)), Kind::NotFound);
}

#[test]
fn a_volume_of_blocks_is_none_of_files() {
    let (lab, name) = (Lab::shared(), Lab::shared().unique("disk"));
    lab.incus(&["storage", "volume", "create", "default", &name, "--type=block", "size=1MiB"]);
    assert_eq!(client().volume("default", &name).unwrap(), None);
    assert!(!client().volumes("default").unwrap().iter().any(|listed| listed.name == name));
}
