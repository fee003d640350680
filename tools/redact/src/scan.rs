//! Runs all scanners over a text and settles their overlaps.

use crate::exports::cellblock::samples::redact::Kind;
use crate::pattern::Pattern;
use crate::text::{before, is_word};
use crate::{personal, secrets, setting};
use core::cmp::Reverse;
use core::ops::Range;

/// A stretch of the text, in bytes, that must go.
pub struct Span {
    pub range: Range<usize>,
    pub kind: Kind,
    /// Index of the caller's rule, for `Kind::Custom`.
    pub rule: Option<usize>,
}

/// Where a scanner is worth asking.
enum Anchor {
    /// At this byte.
    Byte(u8),
    /// Where no word goes on: the byte before is no letter, digit or `_`.
    Start,
}

type Find = fn(&[u8], usize) -> Option<Range<usize>>;

/// Every scanner. Of two that find the same span, the earlier names it.
const SCANNERS: [(Kind, Anchor, Find); 13] = [
    (Kind::PrivateKey, Anchor::Byte(b'-'), secrets::private_key),
    (Kind::UrlPassword, Anchor::Byte(b':'), secrets::url_password),
    (Kind::AwsAccessKeyId, Anchor::Start, secrets::aws_access_key_id),
    (Kind::AwsSecretKey, Anchor::Start, secrets::aws_secret_key),
    (Kind::Jwt, Anchor::Start, secrets::jwt),
    (Kind::ApiToken, Anchor::Start, secrets::api_token),
    (Kind::BearerToken, Anchor::Start, secrets::bearer_token),
    (Kind::SecretSetting, Anchor::Start, setting::secret_setting),
    (Kind::Email, Anchor::Byte(b'@'), personal::email),
    (Kind::CreditCard, Anchor::Start, personal::credit_card),
    (Kind::Phone, Anchor::Start, personal::phone),
    (Kind::Ipv4, Anchor::Start, personal::ipv4),
    (Kind::Ipv6, Anchor::Start, personal::ipv6),
];

/// All spans of `text` that must go, in order, none overlapping.
pub fn scan(text: &str, wanted: impl Fn(Kind) -> bool, rules: &[Pattern]) -> Vec<Span> {
    let mut spans = Vec::new();
    for scanner in SCANNERS.iter().filter(|scanner| wanted(scanner.0)) {
        scan_kind(text.as_bytes(), scanner, &mut spans);
    }
    for (index, rule) in rules.iter().enumerate() {
        scan_rule(text, index, rule, &mut spans);
    }
    settle(spans)
}

fn scan_kind(text: &[u8], (kind, anchor, find): &(Kind, Anchor, Find), spans: &mut Vec<Span>) {
    let mut at = 0;
    while at < text.len() {
        let worth = match anchor {
            Anchor::Byte(byte) => text[at] == *byte,
            Anchor::Start => text[at] > b' ' && !is_word(before(text, at)),
        };
        match if worth { find(text, at) } else { None } {
            Some(range) => {
                at = range.end.max(at + 1);
                spans.push(Span { range, kind: *kind, rule: None });
            }
            None => at += 1,
        }
    }
}

fn scan_rule(text: &str, index: usize, rule: &Pattern, spans: &mut Vec<Span>) {
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        match rule.matches(&text[at..]) {
            Some(length) => {
                spans.push(Span { range: at..at + length, kind: Kind::Custom, rule: Some(index) });
                at += length;
            }
            None => at += next.len_utf8(),
        }
    }
}

/// Joins spans that overlap: all they cover goes, so no rule of the caller can leave the rest of a secret in place.
/// The longest gives the name.
fn settle(mut spans: Vec<Span>) -> Vec<Span> {
    // The sort is stable: equal spans stay in the order of `SCANNERS`.
    spans.sort_by_key(|span| (span.range.start, Reverse(span.range.end)));
    let mut settled: Vec<Span> = Vec::with_capacity(spans.len());
    let mut named = 0;
    for span in spans {
        match settled.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                if span.range.len() > named {
                    named = span.range.len();
                    last.kind = span.kind;
                    last.rule = span.rule;
                }
                last.range.end = last.range.end.max(span.range.end);
            }
            _ => {
                named = span.range.len();
                settled.push(span);
            }
        }
    }
    settled
}
