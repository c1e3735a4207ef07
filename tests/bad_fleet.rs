//! Every mistake in a fleet file: the exact message, and exit code 2.

use std::fs;
use std::path::Path;

use snapbox::{IntoData, str};
use vezaimg::Error;
use vezaimg::rollout::fleet::{self, Fleet};

const FLEET: &str = r#"[incus]
remote = "local"
project = "default"

[haproxy]
sockets = ["tcp:127.0.0.1:9100"]
drain-map = "/etc/haproxy/draining.map"

[[pool]]
name = "backend-api"
instances = ["backend-api-1", "backend-api-2"]
backends = ["api_pool"]
min-available = 1
drain-timeout = "30s"

[[pool]]
name = "stream"
instances = ["stream-1", "stream-2"]
backends = ["stream_pool"]
"#;

fn read(text: impl AsRef<[u8]>) -> Result<Fleet, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fleet.toml");
    fs::write(&path, text).unwrap();
    fleet::read(&path)
}

/// What a person reads, with the fleet's file under its own name.
fn told(error: &Error) -> String {
    let text = error.to_string();
    let name = error.message().split('`').nth(1).unwrap();
    let directory = Path::new(name).parent().unwrap().display();
    text.replace(&format!("{directory}/"), "")
}

/// Reads the fleet with one piece changed, and compares the whole error.
fn refused(from: &str, to: &str, expected: impl IntoData) {
    assert_eq!(FLEET.matches(from).count(), 1, "`{from}` stands once");
    refused_text(FLEET.replacen(from, to, 1), expected);
}

fn refused_text(text: impl AsRef<[u8]>, expected: impl IntoData) {
    let error = read(text).unwrap_err();
    snapbox::assert_data_eq!(told(&error), expected.raw());
    assert_eq!(error.class() as u8, 2);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    refused(
        "min-available = 1",
        "min-availabel = 1",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:13:1: unknown key `min-availabel` in [[pool]]
  hint: did you mean `min-available`?
"#]],
    );
}

#[test]
fn an_unknown_key_that_is_near_to_none_comes_with_all_of_them() {
    refused(
        "drain-map =",
        "reload =",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:7:1: unknown key `reload` in [haproxy]
  hint: known here: `drain-map`, `sockets`
"#]],
    );
}

#[test]
fn an_unknown_table_is_named() {
    refused(
        "[incus]",
        "[incsu]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:1:2: unknown key `incsu` in the fleet
  hint: did you mean `incus`?
"#]],
    );
}

#[test]
fn a_key_above_all_tables_is_unknown() {
    refused(
        "[incus]\n",
        "name = \"veza\"\n[incus]\n",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:1:1: unknown key `name` in the fleet
  hint: known here: `haproxy`, `images`, `incus`, `pool`
"#]],
    );
}

#[test]
fn a_table_written_once_is_told_to_be_a_list() {
    refused(
        "[[pool]]\nname = \"stream\"",
        "[pools]\nname = \"stream\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:16:2: unknown key `pools` in the fleet
  hint: did you mean `pool`?
"#]],
    );
}

#[test]
fn what_is_no_toml_is_told_where() {
    refused(
        "instances = [\"backend-api-1\", \"backend-api-2\"]",
        "instances = [\"backend-api-1\" \"backend-api-2\"]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:30: missing comma between array elements, expected `,`
"#]],
    );
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    refused(
        "drain-timeout = \"30s\"",
        "min-available = 1",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:1: duplicate key
"#]],
    );
}

#[test]
fn an_entry_behind_tls_or_of_another_form_is_refused() {
    refused(
        "min-available = 1",
        "entry = \"https://lb.example\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:13:9: `https://lb.example` is behind TLS, which is not spoken here: name the balancer's `http://` address
"#]],
    );
    refused(
        "min-available = 1",
        "entry = \"lb.example:80\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:13:9: `lb.example:80` is no address of a balancer, such as `http://lb.example` or `http://10.0.0.5:8080`
"#]],
    );
}

#[test]
fn a_fleet_without_haproxy_is_refused() {
    refused(
        "[haproxy]\nsockets = [\"tcp:127.0.0.1:9100\"]\ndrain-map = \"/etc/haproxy/draining.map\"\n",
        "",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:1:1: the fleet has no `[haproxy]`
  hint: add `[haproxy]` with `sockets = ["tcp:127.0.0.1:9100"]`
"#]],
    );
}

#[test]
fn a_balancer_without_sockets_is_refused() {
    refused(
        "sockets = [\"tcp:127.0.0.1:9100\"]\n",
        "",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:5:1: `sockets` is missing from [haproxy]
  hint: add `sockets = ["tcp:127.0.0.1:9100"]`
"#]],
    );
}

#[test]
fn an_empty_list_of_sockets_is_refused() {
    refused(
        "[\"tcp:127.0.0.1:9100\"]",
        "[]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:6:11: `sockets` is empty
  hint: such as `sockets = ["tcp:127.0.0.1:9100"]`
"#]],
    );
}

#[test]
fn a_socket_without_its_kind_is_told_the_forms() {
    refused(
        "\"tcp:127.0.0.1:9100\"",
        "\"127.0.0.1:9100\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:6:12: `127.0.0.1:9100` is not a socket of HAProxy
  hint: such as "tcp:127.0.0.1:9100", "unix:/run/haproxy/admin.sock" or, from inside its container, "incus:haproxy-1/127.0.0.1:9100"
"#]],
    );
}

#[test]
fn a_socket_in_a_container_whose_name_is_none_is_refused() {
    refused(
        "\"tcp:127.0.0.1:9100\"",
        "\"incus:ha_proxy/127.0.0.1:9100\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:6:12: `incus:ha_proxy/127.0.0.1:9100` is not a socket of HAProxy
  hint: such as "tcp:127.0.0.1:9100", "unix:/run/haproxy/admin.sock" or, from inside its container, "incus:haproxy-1/127.0.0.1:9100"
"#]],
    );
}

#[test]
fn a_socket_that_stands_twice_names_the_first_place() {
    refused(
        "[\"tcp:127.0.0.1:9100\"]",
        "[\"tcp:127.0.0.1:9100\", \"unix:/run/haproxy.sock\", \"tcp:127.0.0.1:9100\"]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:6:60: socket `tcp:127.0.0.1:9100` stands twice
  hint: first at fleet.toml:6:12
"#]],
    );
}

#[test]
fn a_socket_of_another_type_is_refused() {
    refused(
        "[\"tcp:127.0.0.1:9100\"]",
        "[9100]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:6:12: `sockets` is a whole number, expected a string
  hint: put it in quotes
"#]],
    );
}

#[test]
fn a_map_that_would_end_a_command_is_refused() {
    refused(
        "\"/etc/haproxy/draining.map\"",
        "\"/etc/haproxy/draining.map; shutdown sessions\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:7:13: `/etc/haproxy/draining.map; shutdown sessions` is not the path of a map that HAProxy's commands can name
  hint: write it as HAProxy's configuration does, such as "/etc/haproxy/draining.map"
"#]],
    );
}

#[test]
fn a_remote_with_its_colon_is_refused() {
    refused(
        "\"local\"",
        "\"local:\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:2:10: `local:` is not the name of a remote
  hint: as `incus remote list` shows it, without a colon
"#]],
    );
}

#[test]
fn a_remote_that_looks_like_an_option_is_refused() {
    refused(
        "\"local\"",
        "\"--force-local\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:2:10: `--force-local` is not the name of a remote
  hint: as `incus remote list` shows it, without a colon
"#]],
    );
}

#[test]
fn an_empty_project_is_refused() {
    refused(
        "\"default\"",
        "\"\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:3:11: `project` is empty
  hint: such as "default"
"#]],
    );
}

#[test]
fn a_project_that_incus_would_refuse_is_refused() {
    refused(
        "\"default\"",
        "\"my_project\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:3:11: `my_project` is not the name of a project
  hint: as `incus project list` shows it
"#]],
    );
}

#[test]
fn a_template_is_plain_text() {
    refused(
        "\"default\"",
        "\"{{ project }}\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:3:11: `{{ project }}` is not the name of a project
  hint: as `incus project list` shows it
"#]],
    );
}

#[test]
fn a_pool_without_a_name_is_refused() {
    refused(
        "name = \"backend-api\"\n",
        "",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:9:1: `name` is missing from [[pool]]
  hint: add `name = "backend-api"`
"#]],
    );
}

#[test]
fn a_pool_s_name_is_in_lower_case() {
    refused(
        "name = \"backend-api\"",
        "name = \"Backend API\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:10:8: `Backend API` is not the name of a pool
  hint: at most 40 lower-case letters, digits and `-`, with no `-` at either end
"#]],
    );
}

#[test]
fn a_pool_that_is_declared_twice_names_the_first_place() {
    refused(
        "name = \"stream\"",
        "name = \"backend-api\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:17:8: pool `backend-api` is declared twice
  hint: first at fleet.toml:10:8
"#]],
    );
}

#[test]
fn a_pool_without_instances_is_refused() {
    refused(
        "instances = [\"backend-api-1\", \"backend-api-2\"]\n",
        "",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:9:1: `instances` is missing from [[pool]]
  hint: add `instances = ["backend-api-1", "backend-api-2"]`
"#]],
    );
}

#[test]
fn an_empty_list_of_instances_is_refused() {
    refused(
        "[\"backend-api-1\", \"backend-api-2\"]",
        "[]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:13: `instances` is empty
  hint: such as `instances = ["backend-api-1", "backend-api-2"]`
"#]],
    );
}

#[test]
fn an_instance_that_is_no_host_name_is_refused() {
    refused(
        "\"backend-api-1\"",
        "\"backend_api.1\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:14: `backend_api.1` is not the name of an instance
  hint: a letter, then letters, digits and `-`, with no `-` at the end
"#]],
    );
}

#[test]
fn a_very_long_name_is_not_repeated_whole() {
    refused(
        "\"backend-api-1\"",
        "\"backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:14: `backend_api_backend_api_backend_api_backend_api_backend_api_backend_api_backend_…` is not the name of an instance
  hint: a letter, then letters, digits and `-`, with no `-` at the end
"#]],
    );
}

#[test]
fn an_instance_s_name_leaves_room_for_the_old_container() {
    refused(
        "\"backend-api-1\"",
        "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:14: instance name `bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` is longer than 54 characters
  hint: a rollout keeps old containers as `NAME-prev-12`, and Incus takes 63
"#]],
    );
}

#[test]
fn an_instance_s_name_is_not_that_of_a_container_from_long_before() {
    refused(
        "\"backend-api-1\"",
        "\"backend-api-1-prev-2\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:14: instance name `backend-api-1-prev-2` is what a rollout calls a container from long before
  hint: name the one that serves, such as "backend-api-1"
"#]],
    );
}

#[test]
fn an_instance_that_stands_twice_names_the_first_place() {
    refused(
        "\"backend-api-2\"",
        "\"backend-api-1\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:31: instance `backend-api-1` stands twice
  hint: first at fleet.toml:11:14
"#]],
    );
}

#[test]
fn an_instance_in_two_pools_names_the_first_place() {
    refused(
        "\"stream-2\"",
        "\"backend-api-2\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:18:26: instance `backend-api-2` is in two pools
  hint: first at fleet.toml:11:31
"#]],
    );
}

#[test]
fn the_old_container_beside_an_instance_is_not_rolled() {
    refused(
        "\"backend-api-2\"",
        "\"backend-api-1-prev\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:11:31: instance name `backend-api-1-prev` ends with `-prev`, which a rollout keeps for itself
  hint: name the one that serves, such as "backend-api-1"
"#]],
    );
}

#[test]
fn the_container_that_a_rollout_makes_is_not_rolled() {
    refused(
        "\"stream-2\"",
        "\"stream-2-next\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:18:26: instance name `stream-2-next` ends with `-next`, which a rollout keeps for itself
  hint: name the one that serves, such as "stream-2"
"#]],
    );
}

#[test]
fn the_container_of_haproxy_is_not_rolled() {
    refused(
        "sockets = [\"tcp:127.0.0.1:9100\"]",
        "sockets = [\"incus:stream-1/127.0.0.1:9100\"]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:18:14: HAProxy itself runs in `stream-1`
  hint: see the socket at fleet.toml:6:12; a pool of balancers says `balancer = true`, and no `backends`
"#]],
    );
}

#[test]
fn a_pool_without_backends_is_refused() {
    refused(
        "backends = [\"api_pool\"]\n",
        "",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:9:1: `backends` is missing from [[pool]]
  hint: add `backends = ["api_pool"]`
"#]],
    );
}

#[test]
fn an_empty_list_of_backends_is_refused() {
    refused(
        "[\"api_pool\"]",
        "[]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:12:12: `backends` is empty
  hint: such as `backends = ["api_pool"]`
"#]],
    );
}

#[test]
fn a_backend_with_its_server_is_refused() {
    refused(
        "[\"api_pool\"]",
        "[\"api_pool/api1\"]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:12:13: `api_pool/api1` is not the name of a backend
  hint: HAProxy's names are made of letters, digits, `-`, `_`, `.` and `:`
"#]],
    );
}

#[test]
fn a_backend_that_stands_twice_names_the_first_place() {
    refused(
        "[\"api_pool\"]",
        "[\"api_pool\", \"api_pool\"]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:12:25: backend `api_pool` stands twice
  hint: first at fleet.toml:12:13
"#]],
    );
}

#[test]
fn as_many_available_as_there_are_instances_is_refused() {
    refused(
        "min-available = 1",
        "min-available = 2",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:13:17: `min-available` is 2, and the pool has 2 instances
  hint: at most 1: one at a time is out
"#]],
    );
}

#[test]
fn a_negative_number_of_servers_is_refused() {
    refused(
        "min-available = 1",
        "min-available = -1",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:13:17: `min-available` is not a whole number from 0 up
"#]],
    );
}

#[test]
fn a_number_in_quotes_is_refused() {
    refused(
        "min-available = 1",
        "min-available = \"1\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:13:17: `min-available` is a string, expected a whole number
  hint: such as `min-available = 1`
"#]],
    );
}

#[test]
fn a_pool_of_one_must_say_that_nobody_serves_meanwhile() {
    refused(
        "[\"stream-1\", \"stream-2\"]",
        "[\"stream-1\"]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:16:1: `min-available` is missing from a [[pool]] of one
  hint: nobody serves while the only instance is swapped: add `min-available = 0` if that may be
"#]],
    );
}

#[test]
fn a_pool_of_one_cannot_keep_one_available() {
    refused(
        "[\"backend-api-1\", \"backend-api-2\"]",
        "[\"backend-api-1\"]",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:13:17: `min-available` is 1, and the pool has 1 instance
  hint: at most 0: one at a time is out
"#]],
    );
}

#[test]
fn a_time_without_quotes_is_told_its_form() {
    refused(
        "\"30s\"",
        "30",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:17: `drain-timeout` is a whole number, expected a string
  hint: write it in quotes and with its unit, such as "30s"
"#]],
    );
}

#[test]
fn a_time_without_a_unit_is_refused() {
    refused(
        "\"30s\"",
        "\"30\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:17: `drain-timeout` is `30`, without a unit
  hint: such as "30s"
"#]],
    );
}

#[test]
fn a_time_in_another_unit_is_told_the_units() {
    refused(
        "\"30s\"",
        "\"30sec\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:17: `drain-timeout` is `30sec`, which is no span of time
  hint: a number and a unit, such as "30s" or "1min 30s"; the units are `h`, `min`, `s` and `ms`, each at most once and in this order
"#]],
    );
}

#[test]
fn a_time_of_more_than_a_day_is_refused() {
    refused(
        "\"30s\"",
        "\"48h\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:17: `drain-timeout` is `48h`, longer than a day
  hint: at most "24h"
"#]],
    );
}

#[test]
fn requests_in_flight_get_some_time() {
    refused(
        "\"30s\"",
        "\"0s\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:17: `drain-timeout` is zero
  hint: give it some time, such as "30s"
"#]],
    );
}

#[test]
fn a_health_check_answers_at_least_once() {
    refused(
        "drain-timeout = \"30s\"",
        "healthy-count = 0",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:17: `healthy-count` is not a whole number from 1 to 1000
"#]],
    );
}

#[test]
fn a_flag_in_quotes_is_refused() {
    refused(
        "drain-timeout = \"30s\"",
        "keep-volumes = \"no\"",
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:14:16: `keep-volumes` is a string, expected true or false
"#]],
    );
}

#[test]
fn a_fleet_without_pools_is_refused() {
    let text = FLEET.split("[[pool]]").next().unwrap();
    refused_text(
        text,
        str![[r#"
`fleet.toml` has 1 problem
fleet.toml:1:1: the fleet has no `[[pool]]`
  hint: add one for each group of containers that serve the same, with `name`, `instances` and `backends`
"#]],
    );
}

#[test]
fn an_empty_file_is_told_all_that_it_lacks() {
    refused_text(
        "",
        str![[r#"
`fleet.toml` has 2 problems
fleet.toml:1:1: the fleet has no `[[pool]]`
  hint: add one for each group of containers that serve the same, with `name`, `instances` and `backends`
fleet.toml:1:1: the fleet has no `[haproxy]`
  hint: add `[haproxy]` with `sockets = ["tcp:127.0.0.1:9100"]`
"#]],
    );
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_text() {
    let text = FLEET
        .replace("project = ", "projct = ")
        .replace("tcp:", "http:")
        .replace("\"30s\"", "\"soon\"")
        .replace("\"stream-1\", \"stream-2\"", "\"backend-api-1\", true");
    refused_text(
        text,
        str![[r#"
`fleet.toml` has 5 problems
fleet.toml:3:1: unknown key `projct` in [incus]
  hint: did you mean `project`?
fleet.toml:6:12: `http:127.0.0.1:9100` is not a socket of HAProxy
  hint: such as "tcp:127.0.0.1:9100", "unix:/run/haproxy/admin.sock" or, from inside its container, "incus:haproxy-1/127.0.0.1:9100"
fleet.toml:14:17: `drain-timeout` is `soon`, which is no span of time
  hint: a number and a unit, such as "30s" or "1min 30s"; the units are `h`, `min`, `s` and `ms`, each at most once and in this order
fleet.toml:18:14: instance `backend-api-1` is in two pools
  hint: first at fleet.toml:11:14
fleet.toml:18:31: `instances` is true or false, expected a string
  hint: put it in quotes
"#]],
    );
}

#[test]
fn what_is_not_utf_8_is_told_with_its_line() {
    refused_text(b"[incus]\nremote = \"caf\xe9\"\n", str!["`fleet.toml` is not UTF-8 text: see line 2"]);
}

#[test]
fn a_file_that_is_too_large_for_a_fleet_is_refused() {
    refused_text("#".repeat((4 << 20) + 1), str!["`fleet.toml` is larger than 4 MiB, which is not a fleet"]);
}

#[test]
fn a_fleet_that_is_not_there_says_what_to_write() {
    let error = fleet::read(Path::new("nowhere/fleet.toml")).unwrap_err();
    snapbox::assert_data_eq!(
        error.to_string(),
        str![[r#"
cannot read a fleet, `nowhere/fleet.toml`
cause: No such file or directory (os error 2)
hint: write one with `[haproxy]` and a `[[pool]]`, and name it with `--fleet`
"#]]
        .raw()
    );
    assert_eq!(error.class() as u8, 2);
}

#[test]
fn an_unknown_pool_is_named_with_the_nearest_and_with_all() {
    let error = read(FLEET).unwrap().only(&["stream".to_owned(), "backend-apo".to_owned()]).unwrap_err();
    snapbox::assert_data_eq!(
        told(&error),
        str![[r#"
`fleet.toml` has no pool `backend-apo`
hint: did you mean `backend-api`?
hint: its pools are `backend-api`, `stream`
"#]]
        .raw()
    );
    let error = read(FLEET).unwrap().only(&["\u{1b}[2J".to_owned()]).unwrap_err();
    snapbox::assert_data_eq!(
        told(&error),
        str![[r#"
`fleet.toml` has no pool `\x1b[2J`
hint: its pools are `backend-api`, `stream`
"#]]
        .raw()
    );
    assert_eq!(error.class() as u8, 2);
}
