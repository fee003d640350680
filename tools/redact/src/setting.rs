//! Scanner for settings whose name says that the value is secret: `DB_PASSWORD=...`, `"apiKey": "..."`, `token: ...`.

use crate::is_mark;
use crate::text::{byte, has_word, is_word, looks_random, run};
use core::ops::Range;

/// Ends of names whose value is secret whatever it looks like, in lower case with `_` between words.
const STRONG: [&[u8]; 4] = [b"password", b"passwd", b"passphrase", b"pwd"];
/// Ends of names that prose uses too: after a colon, the value must look like a secret.
const WEAK: [&[u8]; 12] = [
    b"secret",
    b"token",
    b"api_key",
    b"apikey",
    b"access_key",
    b"accesskey",
    b"secret_key",
    b"secretkey",
    b"private_key",
    b"privatekey",
    b"credential",
    b"credentials",
];
/// Values that hide nothing.
const PLAIN: [&[u8]; 8] = [b"null", b"nil", b"none", b"true", b"false", b"bearer", b"basic", b"undefined"];
/// Longest name that is read, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// A value of more bytes is never prose or a placeholder. Without this, text such as `token:token:token` would be read
/// again from each of its names.
const PLAIN_BYTES_MAX: usize = 1024;

/// The value of a secret setting; `at` is where its name begins.
pub fn secret_setting(text: &[u8], at: usize) -> Option<Range<usize>> {
    let window = &text[..text.len().min(at + NAME_BYTES_MAX + 1)];
    let name_end = run(window, at, |b| is_word(b) || b == b'-' || b == b'.');
    let strong = ends_with_any(&text[at..name_end], &STRONG);
    if name_end - at > NAME_BYTES_MAX || !(strong || ends_with_any(&text[at..name_end], &WEAK)) {
        return None;
    }
    let (_, after_name) = quote(text, name_end);
    let separator = run(text, after_name, |b| b == b' ');
    let start = match (byte(text, separator), byte(text, separator + 1)) {
        // A comparison such as `token == null` sets nothing.
        (b'=', b'=') => return None,
        (b'=', b'>') => separator + 2,
        (b'=' | b':', _) => separator + 1,
        _ => return None,
    };
    let prose = byte(text, separator) == b':' && after_name == name_end && !strong;
    let range = value(text, run(text, start, |b| b == b' '));
    let value = &text[range.clone()];
    let secret = value.len() > PLAIN_BYTES_MAX || (is_secret(value) && (!prose || looks_random(value)));
    secret.then_some(range)
}

/// Whether `name` ends with one of `ends`, whatever its case and whichever of `-`, `.`, `_` part its words.
fn ends_with_any(name: &[u8], ends: &[&[u8]]) -> bool {
    let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || (b == b'_' && (a == b'-' || a == b'.'));
    ends.iter()
        .any(|end| name.len() >= end.len() && name[name.len() - end.len()..].iter().zip(end.iter()).all(|(&a, &b)| same(a, b)))
}

/// The quote at `at`, if one is there, and where it ends. JSON within JSON has a backslash before it.
fn quote(text: &[u8], at: usize) -> (Option<u8>, usize) {
    let mark = at + usize::from(byte(text, at) == b'\\');
    match byte(text, mark) {
        found @ (b'"' | b'\'') => (Some(found), mark + 1),
        _ => (None, at),
    }
}

/// The value at `at`, without its quotes. It never runs past its line.
fn value(text: &[u8], at: usize) -> Range<usize> {
    let (opened, start) = quote(text, at);
    let Some(mark) = opened else {
        return at..run(text, at, |b| !b.is_ascii_whitespace() && !b"\"'`,;&".contains(&b));
    };
    let escaped = start - at == 2;
    let mut end = start;
    while end < text.len() && text[end] != b'\n' && text[end] != mark {
        // Within plain quotes a backslash hides the quote after it; within escaped ones it announces the closing quote.
        let closes = escaped && text[end] == b'\\' && byte(text, end + 1) == mark;
        if closes {
            break;
        }
        end += if text[end] == b'\\' && !escaped && byte(text, end + 1) != b'\n' { 2 } else { 1 };
    }
    start..end.min(text.len())
}

/// Whether there is something to hide: not empty, not a placeholder, not a mark of this tool.
fn is_secret(value: &[u8]) -> bool {
    let masked = value.iter().all(|&b| b == b'*' || b == b'x');
    let template = value.starts_with(b"${") || value.starts_with(b"$(") || value.starts_with(b"{{") || value.starts_with(b"<");
    let plain = PLAIN.iter().any(|word| word.len() == value.len() && has_word(value, 0, word));
    !(value.is_empty() || masked || template || plain || is_mark(value))
}
