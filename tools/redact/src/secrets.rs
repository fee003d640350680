//! Scanners for credentials. Each looks at one place of the text and gives the span to take out, if one begins there.

use crate::is_mark;
use crate::text::{before, byte, find, has_word, is_token, is_word, looks_random, run};
use core::ops::Range;

/// A PEM private key. Logs put a prefix before every line, so anything may stand between the two markers.
pub fn private_key(text: &[u8], at: usize) -> Option<Range<usize>> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    if !text[at..].starts_with(BEGIN) {
        return None;
    }
    let label = at + BEGIN.len();
    let label_end = run(text, label, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ');
    find(&text[..label_end], label, b"PRIVATE KEY")?;
    // A key that was cut off is still a key, and nothing says where it stops: everything after it goes.
    let end = find(text, label_end, b"-----END ")
        .and_then(|marker| find(text, marker + 9, b"-----"))
        .map_or(text.len(), |dashes| dashes + 5);
    Some(at..end)
}

/// An AWS access key id.
/// Source: prefixes as in the IAM user guide, "Unique identifiers".
pub fn aws_access_key_id(text: &[u8], at: usize) -> Option<Range<usize>> {
    const PREFIXES: [&[u8]; 9] = [b"AKIA", b"ASIA", b"ABIA", b"ACCA", b"AGPA", b"AIDA", b"ANPA", b"ANVA", b"AROA"];
    let end = run(text, at, is_word);
    let all_capital = |part: &[u8]| part.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let found = end - at == 20 && PREFIXES.iter().any(|prefix| text[at..].starts_with(prefix)) && all_capital(&text[at..end]);
    found.then_some(at..end)
}

/// An AWS secret access key has no mark of its own: 40 characters of base64, with both cases and a digit.
pub fn aws_secret_key(text: &[u8], at: usize) -> Option<Range<usize>> {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'/' || b == b'+';
    if is_base64(before(text, at)) {
        return None;
    }
    let end = run(text, at, is_base64);
    let value = &text[at..end];
    let mixed = value.len() == 40
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_uppercase)
        && value.iter().any(u8::is_ascii_lowercase);
    (mixed && !is_token(byte(text, end))).then_some(at..end)
}

/// A JSON web token: `eyJ` is how `{"` begins in base64url.
pub fn jwt(text: &[u8], at: usize) -> Option<Range<usize>> {
    if !text[at..].starts_with(b"eyJ") || is_token(before(text, at)) {
        return None;
    }
    let mut end = run(text, at, is_token);
    let mut parts = 1;
    while parts < 5 && byte(text, end) == b'.' && (is_token(byte(text, end + 1)) || parts == 2) {
        end = run(text, end + 1, is_token);
        parts += 1;
    }
    (parts >= 3 && end - at >= 20).then_some(at..end)
}

/// The credential of an `Authorization` header. The scheme's name stays, for it says what was there.
pub fn bearer_token(text: &[u8], at: usize) -> Option<Range<usize>> {
    let scheme = [&b"bearer"[..], b"basic"].into_iter().find(|scheme| has_word(text, at, scheme))?;
    let start = run(text, at + scheme.len(), |b| b == b' ');
    let end = run(text, start, |b| is_token(b) || b"._~+/=".contains(&b));
    // `bearer authentication failed` is prose.
    let credential = start > at + scheme.len() && end - start >= 10 && looks_random(&text[start..end]);
    credential.then_some(start..end)
}

/// Prefixes that vendors give their tokens so that scanners can find them, and the fewest bytes after them.
const VENDORS: [(&[u8], usize); 16] = [
    (b"ghp_", 36),
    (b"gho_", 36),
    (b"ghu_", 36),
    (b"ghs_", 36),
    (b"ghr_", 36),
    (b"github_pat_", 22),
    (b"glpat-", 20),
    (b"xoxa-", 10),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xapp-", 10),
    (b"sk_live_", 16),
    (b"rk_live_", 16),
    (b"sk_test_", 16),
    (b"AIza", 35),
    (b"npm_", 36),
];

/// A token with the prefix of a known vendor.
pub fn api_token(text: &[u8], at: usize) -> Option<Range<usize>> {
    let (prefix, rest) = VENDORS.iter().find(|(prefix, _)| text[at..].starts_with(prefix))?;
    let end = run(text, at, is_token);
    (end - at >= prefix.len() + rest).then_some(at..end)
}

/// The password in the authority of a URL; `at` is the colon of `://`. User and hostname stay: who debugs needs them.
pub fn url_password(text: &[u8], at: usize) -> Option<Range<usize>> {
    if !text[at..].starts_with(b"://") || !is_word(before(text, at)) {
        return None;
    }
    let start = at + 3;
    let end = run(text, start, |b| !b.is_ascii_whitespace() && !b"/?#\"'`<>".contains(&b));
    // A password may hold an `@` that nobody escaped: the last one ends it.
    let sign = text[start..end].iter().rposition(|&b| b == b'@')? + start;
    let colon = text[start..sign].iter().position(|&b| b == b':')? + start;
    (colon + 1 < sign && !is_mark(&text[colon + 1..sign])).then_some(colon + 1..sign)
}
