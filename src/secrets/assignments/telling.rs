//! What the name of a value says of it.

/// Whether a value of this name is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// It is: `DB_PASSWORD`, `jwtSecret`, `api-key`.
    Secret,
    /// It may be, as the keys of ciphers are and those of tables are not.
    Key,
    /// It is one that may stand for a user with a password in base64: `auth` of Docker, `_auth` of npm.
    Login,
    /// It is meant to be known: `public_key`, `sha256`.
    Public,
    /// Nothing of the kind.
    Nothing,
}

/// The ends of words that mean it wherever they stand last: `authtoken`, `dbpassword`.
const SECRET: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
    "psk",
    "requirepass",
    "masterauth",
    // Of LDAP and what stands before it.
    "authtok",
    "bindpw",
    "rootpw",
    "dbpass",
    "dbpw",
    "userpass",
];

/// Words that mean it behind another: `db_pass`, not `pass` alone.
const SHORT: [&str; 4] = ["pass", "pwd", "pw", "pat"];

/// What passes a request on, in nginx.
const UPSTREAMS: [&str; 6] = ["fastcgi", "grpc", "memcached", "proxy", "scgi", "uwsgi"];

/// What makes a key one that nobody may know.
const KEYS: [&str; 16] = [
    "access",
    "account",
    "api",
    "auth",
    "client",
    "encryption",
    "hmac",
    "jwt",
    "license",
    "master",
    "preshared",
    "private",
    "secret",
    "session",
    "shared",
    "signing",
];

/// What makes a token one that tells a place in a list, or one request from the next.
const PASSING: [&str; 12] = [
    "action",
    "change",
    "continuation",
    "creation",
    "idempotency",
    "input",
    "next",
    "output",
    "page",
    "pagination",
    "request",
    "starting",
];

/// What everybody may know, however random, where it stands last.
const PUBLIC: [&str; 28] = [
    "ca",
    "cert",
    "certificate",
    "crt",
    "pubkeys",
    "checksum",
    "checksums",
    "commit",
    "digest",
    "etag",
    "fingerprint",
    "hash",
    "id",
    "integrity",
    "pubkey",
    "release",
    "rev",
    "revision",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "tag",
    "uuid",
    "version",
    "build",
    "guid",
    "md5",
];

/// Reads a name's words, which are split by `_`, `-`, `.`, and by capitals.
pub(super) fn says(name: &str) -> Says {
    let words = words(name);
    let mut words: Vec<_> = words.iter().map(String::as_str).collect();
    while words.len() > 1 && words.last().is_some_and(|word| is_which(word)) {
        words.pop();
    }
    match words.as_slice() {
        [.., last] if is_public(&words) && !["password", "passphrase", "secret"].contains(last) => Says::Public,
        [.., last] if PUBLIC.contains(last) => Says::Public,
        [.., which, "token"] if PASSING.contains(which) => Says::Nothing,
        [.., last] if SECRET.iter().any(|end| last.ends_with(end)) => Says::Secret,
        [.., which, "pass"] if UPSTREAMS.contains(which) => Says::Nothing,
        [.., _, last] if SHORT.contains(last) => Says::Secret,
        [.., kind, "key"] if KEYS.contains(kind) => Says::Secret,
        [.., "secret", "key", "base"] => Says::Secret,
        [.., last] if last.ends_with("key") => Says::Key,
        [.., "auth"] => Says::Login,
        _ => Says::Nothing,
    }
}

fn is_public(words: &[&str]) -> bool {
    words.contains(&"public") || words.windows(2).any(|pair| pair == ["pub", "key"])
}

/// Whether two names have the same words: `client_secret`, `clientSecret`.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    words(one) == words(other)
}

/// Whether a word tells which of several: `JWT_SECRET_OLD`, `DB_PASSWORD_1`.
fn is_which(word: &str) -> bool {
    const WHICH: [&str; 11] =
        ["b64", "base64", "dev", "live", "new", "old", "prev", "primary", "prod", "staging", "test"];
    WHICH.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for character in name.chars() {
        let parts = matches!(character, '_' | '-' | '.');
        if (parts || (after_small && character.is_ascii_uppercase())) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !parts) {
            word.push(character.to_ascii_lowercase());
        }
        after_small = character.is_ascii_lowercase() || character.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_their_last_words_mean() {
        let all = |names: &[&str], expected| names.iter().for_each(|name| assert_eq!(says(name), expected, "{name}"));
        all(
            &[
                "DB_PASSWORD",
                "password",
                "jwtSecret",
                "JWT_SECRET",
                "api-key",
                "API_KEY",
                "AWS_SECRET_ACCESS_KEY",
                "authtoken",
                "id_token",
                "github.token",
                "db_pass",
                "SECRET_KEY_BASE",
                "PrivateKey",
                "dbPassword",
                "client_secret",
                "JWT_SECRET_OLD",
                "DB_PASSWORD_1",
                "PUBSUB_PUB_TOKEN",
            ],
            Says::Secret,
        );
        all(&["auth", "_auth", "proxy-auth"], Says::Login);
        all(&["APP_KEY", "key", "sort_key", "hotkey"], Says::Key);
        all(&["PUBLIC_KEY", "pub_key", "TLS_CERT", "token_id", "image_sha256", "passwordHash"], Says::Public);
        all(
            &[
                "PASSWORD_FILE",
                "password_min_length",
                "TOKEN_TTL",
                "SecretPath",
                "PWD",
                "pass",
                "PATH",
                "LANG",
                "tokens",
                "NextToken",
                "page_token",
            ],
            Says::Nothing,
        );
    }
}
