//! The one form of time that is taken, as `kubectl-plan` takes it.

/// `d` stands for a digit.
const FORM: &[u8] = b"dddd-dd-ddTdd:dd:ddZ";

/// Whether `text` is a time in UTC, to the second: RFC 3339 with `Z`.
///
/// INVARIANT: what passes here needs no escaping in JSON.
pub fn is_utc_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_formed = bytes.len() == FORM.len()
        && bytes.iter().zip(FORM).all(|(byte, form)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form });
    if !is_formed {
        return false;
    }
    let pair = |at: usize| u32::from(bytes[at] - b'0') * 10 + u32::from(bytes[at + 1] - b'0');
    let (year, month, day) = (pair(0) * 100 + pair(2), pair(5), pair(8));
    (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day) && pair(11) < 24 && pair(14) < 60 && pair(17) < 60
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
