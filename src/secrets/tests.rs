//! What is found, and what is not.

mod lines;

use super::*;

/// Letters and digits as they come out of a lottery, so that no token stands in this file.
fn drawn(length: usize) -> String {
    "q7Vx2LmB9sKfT0wZrY4nE8aJcU5hPd3GiO6tRk1NvWzQy".chars().cycle().take(length).collect()
}

fn hex(length: usize) -> String {
    "9f3a1c7e5b2d8064f1e3a9c7b5d20e48".chars().cycle().take(length).collect()
}

fn upper(length: usize) -> String {
    "Q7VX2LMB4SKFT3WZRYNE".chars().cycle().take(length).collect()
}

fn path(text: &'static str) -> TargetPath {
    TargetPath::known(text)
}

/// The findings of a text as lines, `LINE: SECRET`.
fn told(name: &'static str, text: &str) -> String {
    let line = |finding: &Finding| match finding.spot {
        Spot::Line(line) => format!("{line}: {}\n", finding.secret),
        Spot::Name => format!("name: {}\n", finding.secret),
        Spot::Byte(byte) => format!("byte {byte}: {}\n", finding.secret),
    };
    find(&path(name), text.as_bytes()).iter().map(line).collect()
}

/// Asserts that a value in the second line of a note is this, and that no message has it.
fn is_token(value: &str, service: &'static str) {
    let text = format!("first\nuse {value} here\n");
    let findings = find(&path("/usr/share/app/note.txt"), text.as_bytes());
    assert_eq!(findings, [Finding { spot: Spot::Line(2), secret: Secret::Token(service) }], "{value}");
    assert!(sentences(&findings).iter().all(|sentence| !sentence.contains(value)));
}

#[test]
fn tokens_are_known_by_their_shapes() {
    is_token(&format!("{}{}", "AKIA", upper(16)), "AWS");
    is_token(&format!("{}{}", "sk-ant-api03-", drawn(95)), "Anthropic");
    is_token(&format!("{}{}", "ATATT3", drawn(180)), "Atlassian");
    is_token(&format!("AccountKey={}==", drawn(86)), "Azure");
    is_token(&format!("{}{}", "dapi", hex(32)), "Databricks");
    is_token(&format!("{}{}", "dop_v1_", hex(64)), "DigitalOcean");
    is_token(&format!("https://discord.com/api/webhooks/123456789012345678/{}", drawn(68)), "Discord");
    is_token(&format!("{}{}", "dckr_pat_", drawn(27)), "Docker");
    is_token(&format!("{}{}", "dp.st.prd.", drawn(43)), "Doppler");
    for prefix in ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"] {
        is_token(&format!("{prefix}{}", drawn(36)), "GitHub");
    }
    is_token(&format!("{}{}_{}", "github_pat_", drawn(22), drawn(59)), "GitHub");
    is_token(&format!("{}{}", "glpat-", drawn(20)), "GitLab");
    is_token(&format!("{}{}", "AIza", drawn(35)), "Google");
    is_token(&format!("{}{}", "GOCSPX-", drawn(28)), "Google");
    is_token(&format!("{}{}_{}", "glsa_", drawn(32), hex(8)), "Grafana");
    is_token(&format!("{}{}", "hf_", drawn(34)), "Hugging Face");
    is_token(&format!("{}{}", "lin_api_", drawn(40)), "Linear");
    is_token(&format!("{}{}", "npm_", drawn(36)), "npm");
    is_token(&format!("{}{}", "sk-proj-", drawn(120)), "OpenAI");
    is_token(&format!("sk-{}{}{}", drawn(20), "T3BlbkFJ", drawn(20)), "OpenAI");
    is_token(&format!("{}{}", "pypi-AgEIcHlwaS5vcmc", drawn(120)), "PyPI");
    is_token(&format!("{}{}.{}", "SG.", drawn(22), drawn(43)), "SendGrid");
    is_token(&format!("{}{}", "shpat_", hex(32)), "Shopify");
    is_token(&format!("{}-2345678901-2345678901234-{}", "xoxb", drawn(24)), "Slack");
    is_token(&format!("https://hooks.slack.com/services/T{}/B{}/{}", upper(10), upper(10), drawn(24)), "Slack");
    is_token(&format!("{}{}", "sk_live_", drawn(24)), "Stripe");
    is_token(&format!("{}{}", "rk_live_", drawn(24)), "Stripe");
    is_token(&format!("{}{}-{}", "tskey-auth-", drawn(17), drawn(32)), "Tailscale");
    is_token(&format!("123456789:AA{}", drawn(33)), "Telegram");
    is_token(&format!("{}.atlasv1.{}", drawn(14), drawn(67)), "Terraform");
    is_token(&format!("{}{}", "hvs.", drawn(24)), "Vault");
    is_token(&format!("{}{}", "hvb.", drawn(100)), "Vault");
}

#[test]
fn what_is_too_short_or_an_example_is_no_token() {
    let texts = [
        format!("{}{}", "ghp_", drawn(35)),
        format!("{}{}", "ghp_", "x".repeat(36)),
        format!("{}IOSFODNN7EXAMPLE", "AKIA"),
        format!("my{}{}", "AKIA", upper(16)),
        format!("{}{}", "sk_test_", drawn(24)),
        format!("{}{}", "dop_v1_", "0".repeat(64)),
        "the prefix ghp_ is GitHub's, glpat- is GitLab's".to_owned(),
    ];
    texts.iter().for_each(|text| assert_eq!(told("/usr/share/app/note.txt", text), "", "{text}"));
}

#[test]
fn a_web_token_is_one_whose_header_names_an_algorithm() {
    let part = |json: &str| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json)
    };
    let token = |header| format!("{}.{}.{}", part(header), part("{\"sub\":\"1234567890\"}"), drawn(43));
    assert_eq!(told("/note.txt", &token("{\"alg\":\"HS256\",\"typ\":\"JWT\"}")), "1: holds a JSON Web Token\n");
    assert_eq!(told("/note.txt", &token("{\"kid\":\"HS256\",\"typ\":\"JWT\"}")), "");
}

/// A private key as it stands in a file.
fn pem(label: &str, body: usize) -> String {
    let lines: Vec<_> = (0..body).map(|_| drawn(64)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn private_keys_are_known_whatever_program_wrote_them() {
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(told("/etc/app/tls", &format!("# mine\n{}", pem(label, 2))), "2: holds a private key\n");
    }
    assert_eq!(told("/a.asc", &pem("PGP PRIVATE KEY BLOCK", 2)), "1: holds a private key\n");
    assert_eq!(told("/a.ppk", &format!("PuTTY-User-{}: ssh-ed25519", "Key-File-3")), "1: holds a private key\n");
    let age =
        format!("# age\n{}{}\n", "AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2).get(..58).unwrap());
    assert_eq!(told("/a.txt", &age), "2: holds a private key\n");
    assert_eq!(
        told("/a.json", &format!("{{\"key\": \"{}\"}}", pem("PRIVATE KEY", 2).replace('\n', "\\n"))),
        "1: holds a private key\n"
    );
    let quoted = pem("PRIVATE KEY", 2).replace('\n', "\\n\" +\n\"");
    assert_eq!(told("/a.js", &quoted), "1: holds a private key\n");
    for word in ["\"\nSTART = 1", "\\nXXXX\\n-----END PRIVATE KEY-----", "` is the header of a key", "\n...\n-----END"]
    {
        assert_eq!(told("/a.py", &format!("\"-----BEGIN PRIVATE KEY-----{word}")), "", "{word}");
    }
    for public in ["PUBLIC KEY", "CERTIFICATE", "PGP PUBLIC KEY BLOCK", "SSH2 PUBLIC KEY"] {
        assert_eq!(told("/etc/app/public", &pem(public, 2)), "");
    }
}

#[test]
fn files_are_known_by_their_names() {
    let secret = |name| find(&path(name), b"").first().map(|finding| finding.secret);
    assert_eq!(secret("/etc/ssh/ssh_host_rsa_key"), Some(Secret::HostKey));
    assert_eq!(secret("/etc/ssh/ssh_host_rsa_key.pub"), None);
    assert_eq!(secret("/root/.ssh/id_ed25519"), Some(Secret::PrivateKey));
    assert_eq!(secret("/root/.ssh/id_ed25519.pub"), None);
    for name in ["/srv/.env", "/srv/app.env", "/srv/.env.production"] {
        assert_eq!(secret(name), Some(Secret::EnvironmentFile));
    }
    assert_eq!(secret("/srv/.env.example"), None);
    assert_eq!(secret("/etc/environment"), None);
    assert_eq!(secret("/root/.netrc"), Some(Secret::Logins));
    assert_eq!(secret("/etc/krb5.keytab"), Some(Secret::KeyStore));
}

#[test]
fn a_url_with_a_password_is_told_and_one_with_a_placeholder_is_not() {
    let secret = [
        "postgres://app:hunter2@db.internal/app",
        "amqp://app:p%40ss@10.0.0.5:5672/",
        "redis://:s3cret!@cache:6379/0",
        "DSN = 'mysql+pymysql://root:toor@localhost/app?charset=utf8'",
    ];
    secret.iter().for_each(|text| assert_eq!(told("/opt/a.txt", text), "1: holds a URL with a password\n", "{text}"));
    let plain = [
        "https://db.internal:8443/path@2",
        "https://app@db.internal/",
        "postgres://app:${DB_PASSWORD}@db.internal/app",
        "postgres://app:$DB_PASSWORD@db.internal/app",
        "postgres://app:%s@db.internal/app",
        "postgres://app:{{ password }}@db.internal/app",
        "postgres://app:<password>@db.internal/app",
        "postgres://user:password@db.internal/app",
        "postgres://app:xxx@db.internal/app",
        "postgres://app:***@db.internal/app",
        "http://joe:hunter2@example.com/",
        "http://app:@db.internal/",
    ];
    plain.iter().for_each(|text| assert_eq!(told("/opt/a.txt", text), "", "{text}"));
}

#[test]
fn a_unit_tells_the_secrets_of_its_environment() {
    let unit = format!(
        "[Service]\nUser=app\nEnvironment=PORT=8080 DB_PASSWORD=hunter2\nEnvironment=\"TOKEN=${{TOKEN}}\"\n\
         Environment=SESSION={}\nEnvironmentFile=-/etc/app/app.env\nEnvironment=PASSWORD_FILE=/run/password\n\
         ExecStart=/opt/app --api-token=hunter22 --port=80\nSetCredential=db:hunter2\nLoadCredential=db:/run/db\n\
         Environment=IMAGE=sha256:{}\nPassEnvironment=DB_PASSWORD\n",
        drawn(32),
        hex(64)
    );
    assert_eq!(
        told("/etc/systemd/system/app.service", &unit),
        "3: holds a value that its name calls secret\n5: holds a value as random as a key\n\
         8: holds a value that its name calls secret\n9: holds a value that its name calls secret\n"
    );
}

#[test]
fn configurations_tell_the_values_that_their_names_call_secret() {
    let named = "1: holds a value that its name calls secret\n";
    let all = |name, lines: &[&str], expected| {
        lines.iter().for_each(|line| assert_eq!(told(name, line), expected, "{line}"));
    };
    all(
        "/etc/default/app",
        &["DB_PASSWORD=hunter2", "export API_KEY='abcdef12'", "JWT_SECRET=\"s3cr3t#value\""],
        named,
    );
    all(
        "/etc/environment",
        &[
            "DB_PASSWORD=hunter2",
            "JWT_SECRET_OLD=hunter2",
            "PUBSUB_PUB_TOKEN=hunter2",
            "DB_PASSWORD=/9Aj4kQ7x2Lm/B9sKfT0wZrY4nE8aJ=",
        ],
        named,
    );
    all("/etc/environment", &["DB=postgres://${DB_USER}:hunter2@db/x"], "1: holds a URL with a password\n");
    all("/etc/profile.d/app.sh", &["export DB_PASSWORD=hunter2"], named);
    all("/usr/local/bin/start", &["export DB_PASSWORD=hunter2"], named);
    all("/etc/app/app.conf", &["password = hunter2", "requirepass hunter2", "auth_token: abc123 # mine"], named);
    all("/etc/haproxy/haproxy.cfg", &["  stats auth admin:hunter2", "  user admin insecure-password hunter2"], named);
    all("/etc/app/app.yaml", &["db_password: hunter2", "- secret: 'hunter2'", "  apiKey: abcd-1234"], named);
    all("/etc/app/app.json", &["  \"dbPassword\": \"hunter2\","], named);
    all("/etc/systemd/network/wg0.netdev", &[&format!("PrivateKey={}=", drawn(43))], named);
    all("/etc/app/app.conf", &[&format!("key = {}", hex(64)), &format!("app-key = {}", drawn(32))], named);
    all("/etc/default/app", &[&format!("SALT={}", drawn(32))], "1: holds a value as random as a key\n");
}

#[test]
fn text_of_two_bytes_a_character_is_read_too() {
    let wide: Vec<u8> = "DB_PASSWORD=hunter2\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = find(&path("/etc/default/app"), &wide);
    assert_eq!(found, [Finding { spot: Spot::Line(1), secret: Secret::Named }]);
}

#[test]
fn a_line_that_may_hold_one_is_not_shown() {
    for line in ["environment = { \"DB-PASSWORD\" = \"hunter2\" }", "content = \"password = hunter2\" {{ nope }}"] {
        assert!(is_in_line(line), "{line}");
    }
    for line in ["exec = \"/opt/app/app\"", "mode = \"0644\"", "[[file]]", "password = \"{{ db_password }}\""] {
        assert!(!is_in_line(line), "{line}");
    }
}

#[test]
fn what_stands_for_a_secret_or_says_where_it_is_passes() {
    let all = |name, lines: &[&str]| lines.iter().for_each(|line| assert_eq!(told(name, line), "", "{line}"));
    let (sum, id) = (hex(64), "123e4567-e89b-12d3-a456-426614174000");
    all(
        "/etc/default/app",
        &[
            "DB_PASSWORD=${DB_PASSWORD}",
            "DB_PASSWORD=$(cat /run/db)",
            "DB_PASSWORD=changeme",
            "DB_PASSWORD=",
            "# DB_PASSWORD=hunter2",
            "DB_PASSWORD_FILE=/run/secrets/db",
            "PASSWORD=/run/secrets/db",
            "TOKEN_TTL=3600",
            "MAX_TOKEN=4096",
            "PASSWORD=required",
            "DB_PASSWORD=%d/db",
            "TOKEN=$CREDENTIALS_DIRECTORY/token",
            "TOKEN_VERSION=^9.0.2",
            "JSONWEBTOKEN=^10.12.25",
            "SCRIPT_SECRET=sha256-Qx8pB9sKfT0wZrY4nE8aJ",
            "TLS_CERT=MIIDq7Vx2LmB9sKfT0wZrY4nE8aJ",
            &format!("CHECKSUM={sum}"),
            &format!("MACHINE={id}"),
            &format!("BUILD={}", "veza-api-Release-2026-01-01-amd64"),
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            "LS_COLORS=rs=0:di=01;34:ln=01;36:mh=00:pi=40;33",
        ],
    );
    all(
        "/etc/app/app.conf",
        &["password = getenv('DB')", "password = correct horse", "key = name", "sort_key = created_at"],
    );
    all(
        "/etc/pam.d/login",
        &["password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt", "password required pam.so"],
    );
    all("/etc/nsswitch.conf", &["passwd:         files systemd", "passwd: compat", "passwd: sssd"]);
    all(
        "/etc/app/app.yaml",
        &["password: !vault |", "secret:", "password: ${DB}", "url: https://db.internal", "token: <token>"],
    );
    all("/etc/haproxy/haproxy.cfg", &["  stats auth admin:\"$PASSWORD\"", "  server api-1 10.0.0.1:8080 check"]);
    all("/usr/share/doc/app/README", &["password = hunter2", "Set DB_PASSWORD=hunter2 before you start."]);
}

#[test]
fn a_line_tells_the_surest_of_what_it_holds() {
    let line = format!("GITHUB_TOKEN={}{}\n", "ghp_", drawn(36));
    assert_eq!(told("/etc/default/app", &line), "1: holds a token of GitHub\n");
}

#[test]
fn lines_are_listed_once_for_each_kind() {
    let text: String = (0..8).map(|n| format!("DB_PASSWORD=hunter{n}\n")).collect();
    let findings = find(&path("/etc/default/app"), format!("{text}\n{}", pem("PRIVATE KEY", 1)).as_bytes());
    assert_eq!(
        sentences(&findings),
        [
            "holds a private key in line 10",
            "holds a value that its name calls secret in lines 1, 2, 3, 4, 5 and 3 more"
        ]
    );
}

/// A program of so many bytes that holds a text at a place.
fn program(size: usize, at: usize, text: &str) -> Vec<u8> {
    // Neither zeros, in which nothing is searched, nor text.
    let mut program: Vec<u8> = (0..size).map(|n| (n.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()[0]).collect();
    program[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
    program[at..at + text.len()].copy_from_slice(text.as_bytes());
    program
}

#[test]
fn a_program_tells_whole_keys_and_tokens_wherever_they_lie() {
    let token = format!("{}{}", "ghp_", drawn(36));
    let found = |secret, at: usize| [Finding { spot: Spot::Byte(at as u64), secret }];
    // Around the ends of pieces, and beside other strings.
    for at in [8, (1 << 20) - 10, (1 << 20) + (32 << 10) - 20, (2 << 20) - 1, (3 << 20) - 50] {
        let content = program(3 << 20, at, &token);
        assert_eq!(find(&path("/opt/app"), &content), found(Secret::Token("GitHub"), at), "{at}");
        let mut reader = Scanning::new(content.as_slice()).unwrap();
        std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
        assert_eq!(reader.findings().unwrap(), found(Secret::Token("GitHub"), at), "{at}");
    }
    let key = pem("PRIVATE KEY", 100);
    assert_eq!(
        find(&path("/opt/app"), &program(3 << 20, (1 << 20) - 1, &key)),
        found(Secret::PrivateKey, (1 << 20) - 1)
    );
}

#[test]
fn the_headers_of_keys_in_a_program_are_its_librarys() {
    let headers = "-----BEGIN RSA PRIVATE KEY----------END RSA PRIVATE KEY----------BEGIN %s PRIVATE KEY-----\n";
    assert_eq!(find(&path("/opt/app"), &program(1 << 16, 100, headers)), []);
    let words = "-----BEGIN PRIVATE KEY-----expected a key-----END PRIVATE KEY-----";
    assert_eq!(find(&path("/opt/app"), &program(1 << 16, 100, words)), []);
    assert_eq!(find(&path("/opt/app"), &program(1 << 16, 100, "password=hunter2 http://a:b1b2b3@c/")), []);
}

#[test]
fn more_findings_than_anybody_reads_are_not_held() {
    let text = "DB_PASSWORD=hunter2\n".repeat(MOST_FINDINGS * 2);
    assert_eq!(find(&path("/etc/default/app"), text.as_bytes()).len(), MOST_FINDINGS);
    let token = format!("{}{}\0", "ghp_", drawn(36));
    assert_eq!(find(&path("/opt/app"), token.repeat(MOST_FINDINGS * 2).as_bytes()).len(), MOST_FINDINGS);
}

proptest::proptest! {
    /// Whatever the bytes are.
    #[test]
    fn nothing_is_too_odd_to_be_looked_at(content in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000)) {
        for name in ["/etc/default/app", "/etc/app.service", "/a.conf", "/a.yaml", "/a"] {
            find(&path(name), &content);
        }
    }

    #[test]
    fn no_sentence_holds_a_value(value in "[!-~]{6,60}", name in "(DB_|api-)?(password|SECRET|token)") {
        for (file, line) in [
            ("/etc/default/app", format!("{name}={value}")),
            ("/etc/app.service", format!("Environment=\"{name}={value}\"")),
            ("/a.yaml", format!("{name}: {value}")),
            ("/a.conf", format!("url = http://app:{value}@host/")),
        ] {
            for sentence in sentences(&find(&path(file), line.as_bytes())) {
                proptest::prop_assert!(!sentence.contains(&value), "{sentence}");
            }
        }
    }
}
