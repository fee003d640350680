//! Small questions about bytes, which all scanners ask.
//!
//! Scanners read UTF-8 byte by byte. They look for ASCII only, so a span always begins and ends between characters;
//! `email` alone takes bytes of other characters, and takes them in whole runs.

/// A letter, digit or underscore.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The alphabet of base64url, which tokens are made of.
pub fn is_token(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

/// The byte before `at`; a line break where there is none, because a text begins as a line does.
pub fn before(text: &[u8], at: usize) -> u8 {
    if at == 0 {
        b'\n'
    } else {
        text[at - 1]
    }
}

/// The byte at `at`; a line break where the text has ended.
pub fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(b'\n')
}

/// The end of the longest run from `at` whose bytes all pass `test`.
pub fn run(text: &[u8], at: usize, test: impl Fn(u8) -> bool) -> usize {
    let mut end = at;
    while end < text.len() && test(text[end]) {
        end += 1;
    }
    end
}

/// Where `needle` first begins, at or after `from`.
pub fn find(text: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    (from..(text.len() + 1).saturating_sub(needle.len())).find(|&at| text[at..].starts_with(needle))
}

/// Whether `text` has `word` at `at`, in any case.
pub fn has_word(text: &[u8], at: usize, word: &[u8]) -> bool {
    text.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
}

/// Whether a value looks made by a machine rather than written by a person: 8 bytes or more, and a digit, a `=` or a
/// capital letter after the first byte.
pub fn looks_random(value: &[u8]) -> bool {
    value.len() >= 8 && (value.iter().any(|b| b.is_ascii_digit() || *b == b'=') || value[1..].iter().any(u8::is_ascii_uppercase))
}

/// How many characters `text` has: every byte but the continuations of UTF-8.
pub fn characters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}
