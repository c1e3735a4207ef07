//! An Incus behind TLS, and configurations that lead to none.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::workspace::Workspace;
use crate::support::{Lab, seconds, wait_for};

/// `Client::connect` reads the environment: this test runs itself as another process, whose environment is its own.
const INSIDE: &str = "VEZAIMG_TEST_REMOTE";

/// What runs in the other process: connects to the remote that is named, and does a bit of everything.
#[test]
fn inside() {
    use vezaimg::incus::Client;
    use vezaimg::rootfs::TargetPath;

    // Alone it has no remote to connect to; `connect` below says which.
    let Ok(remote) = std::env::var(INSIDE) else {
        let error = Client::connect("no such remote", None).unwrap_err();
        assert_eq!(error.message(), "there is no remote `no such remote`");
        return;
    };
    let client = match Client::connect(&remote, None) {
        Ok(client) => client,
        Err(error) => {
            println!("\n{error}");
            std::process::exit(error.class() as i32);
        }
    };
    let web = super::name("through-tls");
    let image = super::import(&client, &super::small_image("through TLS"), None).unwrap();
    client.create_instance(&super::new(&web, &image.fingerprint), super::DEADLINE).unwrap();
    let path = TargetPath::parse("/srv/file").unwrap();
    let attributes = vezaimg::incus::Attributes { uid: 1, gid: 2, mode: 0o600 };
    let content = vec![b'x'; 3_000_000];
    client.write_file(&web, &path, attributes, content.len() as u64, &mut content.as_slice()).unwrap();
    let Some(vezaimg::incus::Node::File { mut body, .. }) = client.read(&web, &path).unwrap() else { panic!() };
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut body, &mut read).unwrap();
    assert!(read == content);
    client.delete_instance(&web).unwrap();

    // What is turned away in the middle of an upload says why.
    let huge = tempfile::tempfile().unwrap();
    huge.set_len(256 << 20).unwrap();
    let nobody = super::name("nobody");
    let refused = client.write_file(&nobody, &path, attributes, 256 << 20, &mut &huge).unwrap_err();
    assert_eq!(refused.kind(), vezaimg::incus::Kind::NotFound, "{refused}");
    println!("\n{} {} {} {}", client.remote(), client.project(), client.is_local(), client.server().unwrap().version);
}

/// Runs [`inside`] with this configuration.
fn connect(remote: &str, configuration: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "incus::remote::inside", "--nocapture", "--test-threads=1"]).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env(INSIDE, remote).env("INCUS_CONF", configuration);
    command.env("INCUS_GLOBAL_CONF", "/nowhere").envs(variables.iter().copied()).output().unwrap()
}

/// What it printed, less what the harness says.
fn said(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let is_harness =
        |line: &str| matches!(line, "" | "ok") || line.starts_with("running ") || line.starts_with("test ");
    stdout.lines().filter(|line| !is_harness(line)).collect::<Vec<_>>().join("\n")
}

/// A lab that listens on a port, and the configuration of a client that it trusts.
fn listening() -> (Lab, u16, Workspace) {
    let (lab, workspace) = (Lab::start(), Workspace::new());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    lab.incus(&["config", "set", "core.https_address", &format!("127.0.0.1:{port}")]);
    let token = lab.incus(&["config", "trust", "add", "tests"]);
    let token = token.lines().last().unwrap().trim().to_owned();
    wait_for("the port to answer", seconds(20), || {
        std::net::TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())
    });
    let configuration = workspace.join("incus");
    let added = Command::new("timeout")
        .args(["60", "incus", "--quiet", "remote", "add", "lab", &token])
        .env("INCUS_CONF", &configuration)
        .env("INCUS_DIR", lab.directory())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    (lab, port, workspace)
}

#[test]
fn a_remote_of_the_configuration_is_reached_by_its_pinned_certificate() {
    let (lab, port, workspace) = listening();
    let configuration = workspace.join("incus");
    let pin = configuration.join("servercerts/lab.crt");

    let output = connect("lab", &configuration, &[]);
    let version = lab.query("/1.0")["environment"]["server_version"].as_str().unwrap().to_owned();
    assert_eq!(said(&output), format!("lab default false {version}"), "{}", String::from_utf8_lossy(&output.stderr));

    // The client's own certificate is one, and not the server's.
    let right = std::fs::read(&pin).unwrap();
    std::fs::copy(configuration.join("client.crt"), &pin).unwrap();
    let output = connect("lab", &configuration, &[]);
    let wrong_pin = format!(
        "cannot reach Incus at `https://127.0.0.1:{port}`\n\
         cause: its certificate is not the one in `servercerts`\n\
         hint: if its certificate was replaced on purpose, `incus remote remove lab` and add it again"
    );
    assert_eq!((said(&output), output.status.code()), (wrong_pin, Some(1)));

    // Without a pin this machine would have to trust it, and does not.
    std::fs::remove_file(&pin).unwrap();
    let output = connect("lab", &configuration, &[]);
    assert!(said(&output).contains("\ncause: TLS: invalid peer certificate: "), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));

    // Somebody whom the server does not know.
    std::fs::write(&pin, right).unwrap();
    let stranger = Command::new("timeout")
        .args(["60", "incus", "--quiet", "remote", "generate-certificate"])
        .env("INCUS_CONF", workspace.join("stranger"))
        .output()
        .unwrap();
    assert!(stranger.status.success(), "{}", String::from_utf8_lossy(&stranger.stderr));
    for file in ["client.crt", "client.key"] {
        std::fs::copy(workspace.join("stranger").join(file), configuration.join(file)).unwrap();
    }
    let output = connect("lab", &configuration, &[]);
    let untrusted = format!(
        "Incus at `https://127.0.0.1:{port}` does not trust this client\n\
         hint: `incus config trust add NAME` there gives a token for `incus remote add lab` here"
    );
    assert_eq!((said(&output), output.status.code()), (untrusted, Some(1)));
}

#[test]
fn remotes_that_lead_to_no_incus_are_told_with_the_way_out() {
    let workspace = Workspace::new();
    workspace.write(
        "incus/config.yml",
        "default-remote: production\nremotes:\n  \
           images: {addr: https://images.example, protocol: simplestreams, public: true}\n  \
           registry: {addr: https://registry.example, protocol: oci}\n  \
           public: {addr: https://public.example, public: true}\n  \
           login: {addr: https://login.example, auth_type: oidc}\n  \
           plain: {addr: http://plain.example}\n  \
           path: {addr: https://path.example/incus}\n  \
           production: {addr: https://production.example:8443, project: veza}\n  \
           socket: {addr: unix:///nowhere/unix.socket}\n",
    );
    let configuration = workspace.join("incus");
    let variables = [("INCUS_DIR", "/nowhere/else")];
    let missing = configuration.join("client.crt").display().to_string();
    for (remote, message) in [
        ("images", "the remote `images` is a server of images, of the protocol `simplestreams`: it has no instances"),
        ("registry", "the remote `registry` is a server of images, of the protocol `oci`: it has no instances"),
        ("public", "the remote `public` is public, and gives images alone: it has no instances"),
        ("login", "the remote `login` wants a login of the kind `oidc`, and vezaimg has certificates alone"),
        ("plain", "the remote `plain` has the address `http://plain.example`, and not one such as `https://HOST:8443`"),
        (
            "path",
            "the remote `path` has the address `https://path.example/incus`, and not one such as `https://HOST:8443`",
        ),
        ("prodution", "there is no remote `prodution`\nhint: did you mean `production`?"),
        (
            "nothing\n",
            "there is no remote `nothing\\x0a`\nhint: `incus remote list` has `images`, `local`, `login`, `path`, `plain`, \
             `production`, `public`, `registry`, `socket`",
        ),
    ] {
        let output = connect(remote, &configuration, &variables);
        assert_eq!((said(&output).as_str(), output.status.code()), (message, Some(2)));
    }
    let output = connect("", &configuration, &variables);
    let unknown_client = format!(
        "there is no `{missing}`, by which a remote knows its clients\n\
         hint: `incus remote add NAME ADDRESS` makes one, and has the remote trust it"
    );
    assert_eq!((said(&output), output.status.code()), (unknown_client, Some(2)));
    for (remote, path) in [("local", "/nowhere/else/unix.socket"), ("socket", "/nowhere/unix.socket")] {
        let output = connect(remote, &configuration, &variables);
        let nowhere = format!(
            "cannot reach Incus at `{path}`\ncause: there is no such socket\n\
             hint: is Incus installed here? `INCUS_DIR` and `INCUS_SOCKET` say where its socket is otherwise"
        );
        assert_eq!((said(&output), output.status.code()), (nowhere, Some(1)));
    }
    workspace.write("incus/config.yml", "remotes: [1, 2]\n");
    let output = connect("local", &configuration, &[]);
    assert!(said(&output).starts_with(&format!(
        "`{}` is not a configuration of `incus`\ncause: ",
        configuration.join("config.yml").display()
    )));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_socket_that_the_environment_names_is_the_local_one() {
    let (lab, workspace) = (Lab::shared(), Workspace::new());
    let socket = lab.directory().join("unix.socket");
    for variable in [("INCUS_DIR", lab.directory()), ("INCUS_SOCKET", socket.as_path())] {
        let output = connect("local", &workspace.join("none"), &[(variable.0, variable.1.to_str().unwrap())]);
        assert!(said(&output).starts_with("local default true "), "{output:?}");
    }
}
