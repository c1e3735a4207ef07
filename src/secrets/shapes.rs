//! Keys and tokens that look like nothing else: each with the letters, the lengths and the prefix that its issuer gives.
//!
//! The shapes are those that the issuers document, or that their tokens have had for years, as scanners of code hosts
//! look for them too. One that is made of a few characters only, or calls itself an example, is none.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::bytes::{Regex, RegexBuilder};

use super::randomness::is_random;
use super::{Secret, encoded, keys, placeholders};

/// What a row of characters has to be like.
struct Shape {
    secret: Secret,
    /// Without groups that capture.
    pattern: &'static str,
    /// Whether a program may be searched for it, where any letters stand beside one another without an end.
    in_programs: bool,
}

const fn token(service: &'static str, pattern: &'static str) -> Shape {
    Shape { secret: Secret::Token(service), pattern, in_programs: true }
}

/// A token whose prefix is short, or which has none.
const fn token_in_text(service: &'static str, pattern: &'static str) -> Shape {
    Shape { secret: Secret::Token(service), pattern, in_programs: false }
}

const fn key(pattern: &'static str, in_programs: bool) -> Shape {
    Shape { secret: Secret::PrivateKey, pattern, in_programs }
}

static SHAPES: &[Shape] = &[
    key(r"-----BEGIN (?:[0-9A-Z]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----", true),
    key(r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}", true),
    // The base64 of `-----BEGIN `.
    key(r"LS0tLS1CRUdJTi[A-D][0-9A-Za-z+/]{25,}", true),
    // That of `{"auths":`.
    Shape { secret: Secret::Login, pattern: r"eyJhdXRocyI6[0-9A-Za-z+/]{16,}", in_programs: false },
    key(r"PuTTY-User-Key-File-[0-9]:", false),
    // One-time passwords of RFC 2289 are made of words, and programs list those without a gap.
    token_in_text("AWS", r"A(?:KIA|SIA)[2-7A-Z]{16}\b"),
    token("Anthropic", r"sk-ant-[a-z]{3,8}[0-9]{2}-[0-9A-Za-z_-]{80,}"),
    token("Atlassian", r"ATATT3[0-9A-Za-z_=-]{100,}"),
    token_in_text("Azure", r"AccountKey=[0-9A-Za-z+/]{86}=="),
    token_in_text("Azure", r"SharedAccessKey=[0-9A-Za-z+/]{43}="),
    token("Databricks", r"dapi[0-9a-f]{32}"),
    token("DigitalOcean", r"do[opr]_v1_[0-9a-f]{64}"),
    token("Discord", r"https://discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[0-9A-Za-z_-]{60,}"),
    token("Docker", r"dckr_[op]at_[0-9A-Za-z_-]{27,}"),
    token("Doppler", r"dp\.(?:pt|st|sa|ct|scim|audit)\.(?:[0-9a-z_-]{2,35}\.)?[0-9A-Za-z]{40,44}"),
    token("GitHub", r"gh[oprsu]_[0-9A-Za-z]{36,}"),
    token("GitHub", r"github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}"),
    token("GitLab", r"gl(?:pat|dt|rt|ptt|ft|oas|agent)-[0-9A-Za-z_.-]{20,}"),
    token("Google", r"AIza[0-9A-Za-z_-]{35}"),
    token("Google", r"GOCSPX-[0-9A-Za-z_-]{28}"),
    token("Grafana", r"glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}"),
    token_in_text("Hugging Face", r"hf_[0-9A-Za-z]{34}"),
    token("Linear", r"lin_api_[0-9A-Za-z]{40}"),
    token("npm", r"npm_[0-9A-Za-z]{36}"),
    token("OpenAI", r"sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{40,}"),
    token("OpenAI", r"sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}"),
    token("PyPI", r"pypi-AgE[0-9A-Za-z_-]{70,}"),
    token("SendGrid", r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}"),
    token("Shopify", r"shp(?:at|ca|pa|ss)_[0-9a-f]{32}"),
    token("Slack", r"xox[abcdeoprs]-[0-9A-Za-z]{1,14}-(?:[0-9A-Za-z]{1,14}-){0,2}[0-9A-Za-z]{16,}"),
    token("Slack", r"xapp-[0-9]-[0-9A-Z]{8,14}-[0-9]{8,16}-[0-9a-f]{64}"),
    token(
        "Slack",
        r"https://hooks\.slack\.com/(?:services|triggers|workflows)/[0-9A-Z]{8,14}/[0-9A-Z]{8,14}/[0-9A-Za-z]{20,}",
    ),
    token("Stripe", r"[rs]k_live_[0-9A-Za-z]{24,}"),
    token("Stripe", r"whsec_[0-9A-Za-z+/]{32,}"),
    token("Tailscale", r"tskey-[a-z]{3,8}-[0-9A-Za-z]{8,32}-[0-9A-Za-z]{20,64}"),
    token_in_text("Telegram", r"(?:bot)?[0-9]{8,10}:AA[0-9A-Za-z_-]{33}"),
    token_in_text("Terraform", r"[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,}"),
    token("Vault", r"hv[brs]\.[0-9A-Za-z_-]{90,}"),
    token_in_text("Vault", r"hv[brs]\.[0-9A-Za-z_-]{24,}"),
    Shape {
        secret: Secret::WebToken,
        pattern: r"eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{6,}\.[0-9A-Za-z_-]{20,}",
        in_programs: true,
    },
];

/// All shapes at once, one group for each, and how a find is looked at again.
struct Search {
    regex: Regex,
    shapes: Vec<&'static Shape>,
    in_program: bool,
}

static TEXT: LazyLock<Search> = LazyLock::new(|| Search::new(false));
static PROGRAM: LazyLock<Search> = LazyLock::new(|| Search::new(true));

/// The secrets of a text: where each begins, in order.
pub(super) fn in_text(content: &[u8]) -> impl Iterator<Item = (usize, Secret)> {
    TEXT.find(content)
}

/// The secrets of a piece of a program: where each begins, in order.
pub(super) fn in_program(content: &[u8]) -> impl Iterator<Item = (usize, Secret)> {
    PROGRAM.find(content)
}

impl Search {
    fn new(in_program: bool) -> Self {
        let shapes: Vec<_> = SHAPES.iter().filter(|shape| shape.in_programs || !in_program).collect();
        // In a text a token is a word of its own; in a program nothing stands between one string and the next.
        let edge = |shape: &Shape| if in_program || shape.pattern.starts_with('-') { "" } else { r"\b" };
        let groups: Vec<_> = shapes.iter().map(|shape| format!("{}({})", edge(shape), shape.pattern)).collect();
        Self { regex: constant(&groups.join("|")), shapes, in_program }
    }

    fn find<'c>(&'c self, content: &'c [u8]) -> impl Iterator<Item = (usize, Secret)> + 'c {
        self.regex.find_iter(content).filter_map(|found| {
            let at = found.start();
            let group = self.regex.captures_at(content, at)?.iter().skip(1).position(|group| group.is_some())?;
            let secret = self.shapes.get(group)?.secret;
            let sound = match secret {
                Secret::PrivateKey if found.as_bytes().starts_with(b"-----") => {
                    let after = content.get(found.end()..)?;
                    if self.in_program { keys::is_whole(after) } else { keys::begins(after) }
                }
                Secret::PrivateKey if found.as_bytes().starts_with(b"LS0t") => {
                    encoded::is_key(found.as_bytes(), self.in_program)
                }
                Secret::Login => encoded::has_logins(found.as_bytes()),
                Secret::WebToken => is_web_token(found.as_bytes()),
                _ => {
                    is_made_by_a_machine(found.as_bytes(), self.in_program)
                        && !is_within_data(content, found.start()..found.end())
                }
            };
            sound.then_some((at, secret))
        })
    }
}

/// A pattern of this program's own.
#[expect(clippy::expect_used, reason = "the patterns are constants, and every one of them is compiled by a test")]
pub(super) fn constant(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).unicode(false).build().expect("a constant pattern is sound")
}

/// RFC 7519: the first part is a JSON object that names an algorithm.
fn is_web_token(token: &[u8]) -> bool {
    let header = token.split(|byte| *byte == b'.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let object: Result<serde_json::Map<_, _>, _> = serde_json::from_slice(&json);
    object.is_ok_and(|header| header.contains_key("alg"))
}

/// Whether what stands beside it is as random as itself: in enough of base64 any token begins somewhere.
fn is_within_data(content: &[u8], found: Range<usize>) -> bool {
    const BESIDE: usize = 32;
    let is_data =
        |beside: Range<usize>| content.get(beside).is_some_and(|it| std::str::from_utf8(it).is_ok_and(is_random));
    is_data(found.start.saturating_sub(BESIDE)..found.start) || is_data(found.end..found.end + BESIDE)
}

/// Whether it has as many kinds of characters as what is drawn by lot, and does not call itself an example. In a program,
/// where words stand beside one another without a gap, it has digits too.
fn is_made_by_a_machine(token: &[u8], in_program: bool) -> bool {
    let mut kinds = token.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let has_digits = kinds.iter().any(u8::is_ascii_digit);
    kinds.len() >= 10 && (has_digits || !in_program) && !placeholders::is_placeholder(&String::from_utf8_lossy(token))
}
