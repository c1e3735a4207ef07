//! What the lines of files in many formats tell, and what they do not.

use super::*;

/// Asserts of each text in a file of this name what is told of it.
fn all_are(name: &'static str, texts: &[&str], expected: &str) {
    texts.iter().for_each(|text| assert_eq!(told(name, text), expected, "{name}: {text}"));
}

const NAMED: &str = "1: holds a value that its name calls secret\n";

#[test]
fn several_assignments_in_a_line_are_all_read() {
    all_are(
        "/etc/app/app.json",
        &["{\"user\":\"x\",\"password\":\"hunter2\"}", "{\"db\": {\"host\": \"a, b\", \"password\": \"hunter2\"}}"],
        NAMED,
    );
    all_are(
        "/etc/app/app.yaml",
        &[
            "db: {user: x, password: hunter2}",
            "- {name: x, value: y, password: 'hunter2'}",
            "password: \"correct horse battery staple\"",
            "[{name: A, value: b}, {name: DB_PASSWORD, value: hunter2}]",
            "args: [\"--port=80\", \"--token\", \"abcd-1234\"]",
            "- --password=hunter2",
        ],
        NAMED,
    );
    all_are("/etc/app/app.toml", &["db = { user = \"x\", password = \"hunter2\" }"], NAMED);
    all_are(
        "/opt/app/start.sh",
        &[
            "DB_PASSWORD=hunter2 exec /opt/app/app",
            "PORT=80 DB_PASSWORD='hunter 2' /opt/app/app --port 80",
            "export PORT=80 DB_PASSWORD=hunter2",
            "env PORT=80 DB_PASSWORD=hunter2 app",
            "sh -c \"PORT=80 DB_PASSWORD=hunter2 app\"",
            "test -f x && export TOKEN=\"abcd-1234\"; app",
            "app --password hunter2",
            "app --password='hunter 2' --port 80",
            "app --token=abcd-1234",
            "app --env=DB_PASSWORD=hunter2",
        ],
        NAMED,
    );
    all_are(
        "/usr/bin/start",
        &["#!/bin/sh\nDB_PASSWORD=hunter2 exec app\n"],
        "2: holds a value that its name calls secret\n",
    );
    all_are(
        "/etc/systemd/system/app.service",
        &[
            "ExecStart=/opt/app --password swordfish",
            "ExecStart=/bin/sh -c 'DB_PASSWORD=hunter2 exec app'",
            "ExecStart=/opt/app --token=abcd",
        ],
        NAMED,
    );
}

#[test]
fn a_value_may_begin_with_any_character() {
    let unit =
        ["Environment=DB_PASSWORD=!Hunter2x", "Environment=\"DB_PASSWORD=*k3yx\"", "Environment=DB_PASSWORD=&Xy12"];
    all_are("/etc/systemd/system/app.service", &unit, NAMED);
    all_are("/etc/default/app", &["DB_PASSWORD='<Xy12'", "DB_PASSWORD=[Xy12"], NAMED);
    all_are("/etc/app/app.yaml", &["password: !Hunter2x", "password: '!vault'"], NAMED);
    all_are("/etc/app/app.yaml", &["password: !vault", "password: |-", "password: *default", "password: >"], "");
}

#[test]
fn a_line_that_goes_on_in_the_next_is_one() {
    all_are(
        "/etc/systemd/system/app.service",
        &[
            "ExecStart=/opt/app --token \\\n  abcd-1234\n",
            "ExecStart=/bin/sh -c 'DB_PASSWORD=hunter2 app \\\n --port 80'\n",
        ],
        NAMED,
    );
    all_are("/opt/app/start.sh", &["app --token \\\n  abcd-1234 \\\n --port 80", "app --token abcd-1234 \\"], NAMED);
    all_are(
        "/etc/default/app",
        &["A=1\nB=2 \\\n\nDB_PASSWORD=hunter2\n"],
        "4: holds a value that its name calls secret\n",
    );
}

#[test]
fn what_stands_behind_a_value_is_not_of_it() {
    all_are("/etc/app/app.yaml", &["password: hunter2\t# note", "password: hunter2 # a note"], NAMED);
    all_are("/etc/app/app.ini", &["password = hunter2 ; note", "\u{feff}password = hunter2"], NAMED);
}

#[test]
fn files_in_their_usual_places_are_read_as_what_they_are() {
    all_are("/etc/apt/auth.conf.d/ci.conf", &["machine apt.internal login ci password hunter2"], NAMED);
    all_are("/etc/fstab", &["//srv/share /mnt cifs username=app,password=hunter2 0 0"], NAMED);
    all_are("/etc/systemd/system/mnt.mount", &["Options=username=app,password=hunter2"], NAMED);
    all_are("/etc/msmtprc", &["password hunter2"], NAMED);
    all_are("/etc/nslcd.conf", &["bindpw hunter2"], NAMED);
    all_are("/opt/app/config/default/app.yaml", &["password: hunter2"], NAMED);
    all_are(
        "/opt/app.env-old",
        &["DB_PASSWORD=hunter2"],
        "name: is an environment file\n1: holds a value that its name calls secret\n",
    );
    all_are("/opt/app/.env.example", &["DB_PASSWORD=hunter2"], NAMED);
    all_are("/opt/app/front.envoy.yaml", &["db: {user: x, password: hunter2}"], NAMED);
}

/// Everything that a site of nginx's, a proxy's configuration and a pool of PHP's say in earnest.
#[test]
fn configurations_of_servers_are_no_secrets() {
    all_are(
        "/etc/nginx/sites-enabled/app.conf",
        &[
            "fastcgi_pass unix:/run/php/php8.2-fpm.sock;",
            "fastcgi_pass 127.0.0.1:9000;",
            "uwsgi_pass app:9000;",
            "proxy_pass backend;",
            "proxy_pass http://backend:8080;",
            "auth_basic_user_file /etc/nginx/htpasswd;",
            "ssl_certificate_key /etc/ssl/private/app.pem;",
            "ssl_session_tickets off;",
            "proxy_set_header Authorization $http_authorization;",
            "server_tokens off;",
        ],
        "",
    );
    all_are(
        "/etc/haproxy/haproxy.cfg",
        &[
            "http-request set-header X-Auth-Token %[req.cook(token)]",
            "tune.ssl.default-dh-param 2048",
            "ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
        ],
        "",
    );
    all_are("/etc/default/app", &["PGPASSWORD=\"$user$suffix\"", "TOKEN=$PREFIX-$ID"], "");
}

#[test]
fn a_name_and_its_value_may_stand_in_two_lines() {
    let second = "2: holds a value that its name calls secret\n";
    all_are(
        "/etc/app/app.yaml",
        &["- name: DB_PASSWORD\n  value: hunter2\n", "- value: hunter2\n  name: DB_PASSWORD\n"],
        second,
    );
    all_are("/etc/app/app.json", &["\"name\": \"DB_PASSWORD\",\n\"value\": \"hunter2\"\n"], second);
    all_are(
        "/etc/app/app.yaml",
        &[
            "- name: DB_PASSWORD\n  valueFrom: x\n- name: PORT\n  value: hunter2\n",
            "- name: DB_PASSWORD\n  value: ${DB_PASSWORD}\n",
            "name: token\na: 1\nb: 2\nc: 3\nd: 4\nvalue: hunter2\n",
        ],
        "",
    );
}

#[test]
fn directives_of_servers_tell_by_their_words() {
    all_are(
        "/etc/haproxy/haproxy.cfg",
        &[
            "  setenv DB_PASSWORD hunter2",
            "  presetenv DB_PASSWORD \"hunter 2\"",
            "  http-request set-header X-Api-Key abcd-1234",
        ],
        NAMED,
    );
    all_are(
        "/etc/php/8.2/fpm/pool.d/www.conf",
        &["env[DB_PASSWORD] = hunter2", "env[DB_PASSWORD] = \"hunter 2\""],
        NAMED,
    );
    all_are(
        "/etc/redis/redis.conf",
        &["requirepass hunter2", "masterauth \"hunter 2\"", "sentinel auth-pass main hunter2"],
        NAMED,
    );
    all_are("/etc/nginx/app.conf", &["fastcgi_param DB_PASSWORD hunter2;", "env DB_PASSWORD=hunter2;"], NAMED);
    all_are("/etc/apache2/app.conf", &["SetEnv DB_PASSWORD hunter2"], NAMED);
    all_are("/etc/supervisor/app.conf", &["environment=PORT=\"80\",DB_PASSWORD=\"hunter2\""], NAMED);
}

#[test]
fn data_source_names_with_passwords_are_told_in_any_text() {
    let secret = "1: holds a data source name with a password\n";
    all_are(
        "/opt/a.txt",
        &[
            "host=db user=app password=hunter2 dbname=app",
            "\"password='hunter 2' host=db\"",
            "DSN: app:hunter2@tcp(db:3306)/app?parseTime=true",
            "app:hun/t@r:2@unix(/run/mysql.sock)/app",
            "Server=db;Database=app;Uid=app;Pwd=hunter2;",
            "Driver={ODBC Driver 18};Server=db;PWD={hunter 2}",
            "jdbc:postgresql://db/app?user=app&password=hunter2",
            "jdbc:sqlserver://db:1433;databaseName=app;user=app;password=hunter2;",
        ],
        secret,
    );
    all_are(
        "/opt/a.txt",
        &[
            "host=db user=app password=${DB_PASSWORD}",
            "host=db user=app password=<password> dbname=app",
            "connect(host=host, user=user, password=hunter2)",
            "connect(password=hunter2, host=host)",
            "user:password@tcp(db:3306)/app",
            "app:%s@tcp(%s)/app",
            "Server=db;Uid=app;Pwd=****;",
            "password=hunter2",
        ],
        "",
    );
}

#[test]
fn a_password_in_a_url_need_not_be_encoded() {
    all_are(
        "/opt/a.txt",
        &[
            "postgres://app:hun/ter2@db/app",
            "redis://:hunt#er2@cache:6379/0",
            "postgres://app:p@ss@db/app",
            "amqp://app:what?ever2@mq/",
        ],
        "1: holds a URL with a password\n",
    );
    all_are(
        "/opt/a.txt",
        &["https://db:8443/path@2", "https://$HOST:$PORT/@scope/x", "http://host:port/x@y", "http://[::1]:80/a@b"],
        "",
    );
}

/// What stands for bytes in base64.
fn base64(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn files_of_credentials_are_read_in_their_own_way() {
    all_are(
        "/root/.npmrc",
        &[
            "//registry.example/:_authToken=abcd-1234",
            "_password=aHVudGVyMg==",
            &format!("_auth={}", base64("app:hunter2")),
        ],
        NAMED,
    );
    all_are("/root/.npmrc", &["registry=https://registry.example/", "//registry.example/:_authToken=${NPM_TOKEN}"], "");
    all_are("/root/.pypirc", &["password = hunter2", "password: hunter2"], NAMED);
    let login = "name: is a file of passwords\n1: holds a value that its name calls secret\n";
    all_are("/root/.netrc", &["machine db login app password hunter2", "password hunter2"], login);
    all_are("/root/_netrc", &["machine db login app password hunter2"], login);
    all_are("/root/.pgpass", &["db:5432:app:app:hun\\:ter2"], login);
    all_are(
        "/root/.git-credentials",
        &["https://app:hunter2@git.internal"],
        "name: is a file of passwords\n1: holds a URL with a password\n",
    );
    all_are("/root/.my.cnf", &["password=hunter2", "password = \"hunter 2\""], NAMED);
    all_are("/root/.aws/credentials", &["aws_secret_access_key = hunter2hunter2"], NAMED);
    let key = base64(pem("EC PRIVATE KEY", 2));
    all_are("/root/.kube/config", &[&format!("    client-key-data: {key}")], "1: holds a private key\n");
    all_are("/root/.kube/config", &["    token: abcd-1234"], NAMED);
    let certificate = base64(pem("CERTIFICATE", 2));
    all_are("/root/.kube/config", &[&format!("    client-certificate-data: {certificate}")], "");
    let auth = format!("{{\"auths\":{{\"registry.example\":{{\"auth\":\"{}\"}}}}}}", base64("app:hunter2"));
    all_are("/root/.docker/config.json", &[&auth], NAMED);
    all_are("/etc/app/secret.yaml", &[&format!("  .dockerconfigjson: {}", base64(&auth))], "1: holds a login\n");
    all_are("/opt/app/key.txt", &[&key], "1: holds a private key\n");
    assert_eq!(
        find(&path("/opt/app"), &program(1 << 16, 100, &format!("\0{key}\0"))),
        [Finding { spot: Spot::Byte(101), secret: Secret::PrivateKey }]
    );
}

#[test]
fn the_authorization_of_a_request_is_told() {
    let basic = base64("app:hunter2");
    all_are(
        "/etc/nginx/app.conf",
        &[
            &format!("proxy_set_header Authorization \"Basic {basic}\";"),
            "proxy_set_header Authorization \"Bearer abcd-1234\";",
        ],
        "1: holds a login\n",
    );
    all_are("/etc/app/app.yaml", &[&format!("headers: {{ Authorization: 'Basic {basic}' }}")], "1: holds a login\n");
    all_are("/opt/app/start.sh", &["curl -H 'Authorization: Bearer abcd-1234' x"], "1: holds a login\n");
    all_are(
        "/etc/app/app.yaml",
        &[
            "Authorization: Bearer ${TOKEN}",
            "Authorization: Bearer <token>",
            "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            &format!("Authorization: Basic {}", base64("user:password")),
            "authorization: basic authentication",
        ],
        "",
    );
}

#[test]
fn words_for_people_and_code_are_no_secrets() {
    all_are(
        "/opt/app/de.json",
        &[
            "\"password\": \"Passwort\"",
            "\"forgot_password\": \"Passwort vergessen?\",",
            "{\"token\":\"Jeton\",\"password\":\"hasło\"}",
        ],
        "",
    );
    all_are("/opt/app/locales/nl.json", &["\"password\": \"wachtwoord\"", "\"password\": \"mot de passe\""], "");
    all_are(
        "/opt/app/fr.yml",
        &[
            "password: \"Mot de passe oublié ?\"",
            "password: 'Enter the password'",
            "token: \"the token of the service\"",
        ],
        "",
    );
    all_are(
        "/etc/default/app",
        &["TITLE=Veza-Backend-API-v2-Prod-Europe-West", "NAME=Veza_Stream_Server_2026_01_Prod_EU1"],
        "",
    );
    all_are(
        "/etc/app/app.yaml",
        &[
            "credentials: same-origin",
            "credentials: include",
            "credentials: omit",
            "id-token: write",
            "output_token: NextToken",
            "client_secret: clientSecret",
            "secret: projects/app/secrets/db-key/versions/1",
            "secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
            "token: eyJ2IjoiMSIsInMi...",
        ],
        "",
    );
    all_are(
        "/etc/app/app.toml",
        &[
            "token = env.DB_TOKEN",
            "password = os.environ[\"X\"]",
            "secret = process.env.SECRET",
            "password = getenv(\"X\")",
            "password = var.db_password",
        ],
        "",
    );
    all_are(
        "/opt/app/start.sh",
        &[
            "if [ \"$PASSWORD\" = \"\" ]; then",
            "echo \"  --password PASSWORD  the password\"",
            "  --token string   token to use",
            "  --password=*) PASSWORD=\"${1#*=}\" ;;",
            "  --password <password>   the password",
            "  --password) PASSWORD=\"$2\"; shift ;;",
            "PASSWORD=$(cat /run/password) exec app --password-file /run/password",
        ],
        "",
    );
}

#[test]
fn a_token_that_other_data_surrounds_is_there_by_chance() {
    let token = format!("{}{}", "AIza", drawn(35));
    let found = |text: &str| find(&path("/opt/app"), &program(1 << 16, 100, text)).len();
    assert_eq!(found(&token), 1);
    assert_eq!(found(&format!("invalid argument{token}unknown method of the service")), 1);
    assert_eq!(found(&format!("{}{token}{}", drawn(64), drawn(64))), 0);
    assert_eq!(found(&format!("{}{}", "AIza", "sYouWereToldAnInternalErrorHasOccurredInIt")), 0);
}
