//! The one cookie of these clients, kept as a browser keeps it.

/// The balancer's cookie.
const NAME: &str = "SERVERID";

/// What a client keeps of `Set-Cookie`.
pub(super) struct Jar {
    keeps: bool,
    server: Option<String>,
}

impl Jar {
    /// Every second client keeps cookies.
    pub(super) fn of_client(number: usize) -> Self {
        Self { keeps: number.is_multiple_of(2), server: None }
    }

    /// A browser's: it keeps them.
    pub(super) fn keeping() -> Self {
        Self::of_client(0)
    }

    /// The value, which is the server's name.
    pub(super) fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The field of a request with its line end; empty without a cookie.
    pub(super) fn header(&self) -> String {
        self.server.as_ref().map(|server| format!("Cookie: {NAME}={server}\r\n")).unwrap_or_default()
    }

    /// Takes the values of `Set-Cookie` fields.
    pub(super) fn take<'a>(&mut self, set_cookies: impl IntoIterator<Item = &'a String>) {
        for cookie in set_cookies.into_iter().filter(|_| self.keeps) {
            let value = cookie.split(';').next().and_then(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
            if let Some(value) = value {
                // An empty one takes it back.
                self.server = Some(value.to_owned()).filter(|value| !value.is_empty());
            }
        }
    }
}

#[test]
fn a_cookie_is_kept_replaced_and_taken_back() {
    let mut jar = Jar::keeping();
    assert_eq!(jar.header(), "");
    jar.take(&["OTHER=1".to_owned(), "SERVERID=api-1; path=/".to_owned()]);
    assert_eq!(jar.header(), "Cookie: SERVERID=api-1\r\n");
    jar.take(&["SERVERID=api-2".to_owned()]);
    assert_eq!(jar.server(), Some("api-2"));
    jar.take(&["SERVERID=; Expires=Thu, 01-Jan-1970 00:00:01 GMT".to_owned()]);
    assert_eq!(jar.server(), None);
}
