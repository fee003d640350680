//! Scanners for personal data. Each looks at one place of the text and gives the span to take out, if one begins there.

use crate::text::{before, byte, find, is_word, run};
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;

/// How far back from an `@` we look for the start of a URL, in bytes: an unbounded look would make hostile text slow.
const LOOK_BACK_BYTES: usize = 256;

/// An email address; `at` is its `@`. Letters beyond ASCII count as letters, so an address in other scripts goes too.
pub fn email(text: &[u8], at: usize) -> Option<Range<usize>> {
    let is_letter = |b: u8| b.is_ascii_alphabetic() || b >= 0x80;
    let is_domain = |b: u8| is_letter(b) || b.is_ascii_digit() || b == b'-' || b == b'.';
    let mut end = run(text, at + 1, is_domain);
    while end > at && !is_letter(text[end - 1]) && !text[end - 1].is_ascii_digit() {
        end -= 1;
    }
    let dot = text[at..end.max(at)].iter().rposition(|&b| b == b'.')? + at;
    let top = &text[dot + 1..end];
    if dot == at + 1 || top.len() < 2 || !top.iter().all(|&b| is_letter(b)) {
        return None;
    }
    let is_local = |b: u8| is_letter(b) || b.is_ascii_digit() || b"._%+'-".contains(&b);
    let floor = at.saturating_sub(LOOK_BACK_BYTES);
    let mut start = at;
    while start > floor && is_local(text[start - 1]) {
        start -= 1;
    }
    while start < at && b".'-".contains(&text[start]) {
        start += 1;
    }
    // Below the floor a run might be cut within a character: move on to where one begins.
    while start < at && text[start] & 0xc0 == 0x80 {
        start += 1;
    }
    (start < at && !in_authority(text, start)).then_some(start..end)
}

/// Whether `at` lies between the `://` of a URL and its hostname: `git@example.org` in `ssh://git@example.org` is no email.
fn in_authority(text: &[u8], at: usize) -> bool {
    let floor = at.saturating_sub(LOOK_BACK_BYTES);
    let token = text[floor..at]
        .iter()
        .rposition(|b| b.is_ascii_whitespace() || b"\"'<>".contains(b))
        .map_or(floor, |space| floor + space + 1);
    let mut scheme = None;
    let mut from = token;
    while let Some(found) = find(&text[..at], from, b"://") {
        scheme = Some(found + 3);
        from = found + 3;
    }
    scheme.is_some_and(|authority| !text[authority..at].contains(&b'/'))
}

/// A payment card number: digits, or groups of digits parted by one space or dash, that an issuer could have given.
pub fn credit_card(text: &[u8], at: usize) -> Option<Range<usize>> {
    if b".-+".contains(&before(text, at)) {
        return None;
    }
    let mut digits = [0u8; 19];
    let mut count = 0;
    let mut group = 0;
    let mut end = at;
    while count < digits.len() && byte(text, end).is_ascii_digit() {
        digits[count] = text[end] - b'0';
        count += 1;
        group += 1;
        end += 1;
        let parted = matches!(byte(text, end), b' ' | b'-') && byte(text, end + 1).is_ascii_digit();
        if parted && count < 13 {
            // Dates and times have groups of two; cards start with four and go on with three or more.
            if group < 3 || (group == count && group != 4) {
                return None;
            }
            group = 0;
            end += 1;
        }
    }
    let number = &digits[..count];
    let bounded = !is_word(byte(text, end)) && !(byte(text, end) == b'.' && byte(text, end + 1).is_ascii_digit());
    (bounded && issued(number) && luhn(number)).then_some(at..end)
}

/// Whether an issuer gives numbers of this first digit and length.
fn issued(number: &[u8]) -> bool {
    match number.first() {
        Some(4) => matches!(number.len(), 13 | 16 | 19),
        Some(2 | 5) => number.len() == 16,
        Some(3) => matches!(number.len(), 14..=16),
        Some(6) => matches!(number.len(), 16..=19),
        _ => false,
    }
}

/// The Luhn check of ISO/IEC 7812-1.
fn luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let doubled = u32::from(digit) * (1 + place as u32 % 2);
            if doubled > 9 {
                doubled - 9
            } else {
                doubled
            }
        })
        .sum();
    sum % 10 == 0
}

/// A telephone number: `+` and 8 to 15 digits as in E.164, or a North American one with separators.
pub fn phone(text: &[u8], at: usize) -> Option<Range<usize>> {
    if b".-+".contains(&before(text, at)) {
        return None;
    }
    let end = if text[at] == b'+' { international(text, at) } else { north_american(text, at) }?;
    let goes_on = is_word(byte(text, end)) || (b"-.".contains(&byte(text, end)) && byte(text, end + 1).is_ascii_digit());
    (!goes_on).then_some(at..end)
}

fn international(text: &[u8], at: usize) -> Option<usize> {
    if !matches!(byte(text, at + 1), b'1'..=b'9') {
        return None;
    }
    let mut end = at + 1;
    let mut digits = 0;
    let mut place = at + 1;
    while digits < 15 && place - end <= 2 {
        match byte(text, place) {
            b'0'..=b'9' => {
                digits += 1;
                end = place + 1;
            }
            b' ' | b'.' | b'-' | b'(' | b')' => {}
            _ => break,
        }
        place += 1;
    }
    (digits >= 8).then_some(end)
}

fn north_american(text: &[u8], at: usize) -> Option<usize> {
    let bracket = text[at] == b'(';
    let area = three(text, at + usize::from(bracket))?;
    let exchange = match (bracket, byte(text, area), byte(text, area + 1)) {
        (true, b')', b' ') => area + 2,
        (true, b')', _) => area + 1,
        (false, b'-' | b'.' | b' ', _) => area + 1,
        _ => return None,
    };
    let middle = three(text, exchange)?;
    let line_end = run(text, middle + 1, |b| b.is_ascii_digit());
    // A space would make a phone number of any three counts in a row.
    (matches!(byte(text, middle), b'-' | b'.') && line_end == middle + 5).then_some(line_end)
}

/// The end of three digits of which the first is no 0 or 1, as the North American plan has it.
fn three(text: &[u8], at: usize) -> Option<usize> {
    (matches!(byte(text, at), b'2'..=b'9') && run(text, at, |b| b.is_ascii_digit()) == at + 3).then_some(at + 3)
}

/// An IPv4 address.
pub fn ipv4(text: &[u8], at: usize) -> Option<Range<usize>> {
    if before(text, at) == b'.' {
        return None;
    }
    let mut end = run(text, at, |b| b.is_ascii_digit() || b == b'.');
    if byte(text, end.wrapping_sub(1)) == b'.' && end > at {
        end -= 1;
    }
    if is_word(byte(text, end)) || end - at > 15 {
        return None;
    }
    let address: Ipv4Addr = core::str::from_utf8(&text[at..end]).ok()?.parse().ok()?;
    (!address.is_loopback() && !address.is_unspecified()).then_some(at..end)
}

/// An IPv6 address. A digit is asked for: without one, `a::b` in a stack trace would be an address.
pub fn ipv6(text: &[u8], at: usize) -> Option<Range<usize>> {
    if b":.".contains(&before(text, at)) {
        return None;
    }
    let mut end = run(text, at, |b| b.is_ascii_hexdigit() || b == b':' || b == b'.');
    if end - at > 46 || is_word(byte(text, end)) {
        return None;
    }
    if byte(text, end.wrapping_sub(1)) == b'.' {
        end -= 1;
    }
    if text[at..end].ends_with(b":") && !text[at..end].ends_with(b"::") {
        end -= 1;
    }
    let address: Ipv6Addr = core::str::from_utf8(&text[at..end]).ok()?.parse().ok()?;
    let named = !address.is_loopback() && !address.is_unspecified() && text[at..end].iter().any(u8::is_ascii_digit);
    named.then_some(at..end)
}
