//! Takes secrets and personal data out of text. See `wit/redact.wit` for what it finds and `README.md` for the build.

mod pattern;
mod personal;
mod scan;
mod secrets;
mod setting;
mod text;

wit_bindgen::generate!({
    path: "wit",
    world: "redact-tool",
    generate_all,
});

use cellblock::host::log::{write, Level};
use exports::cellblock::samples::redact::{Count, CustomRule, Finding, Guest, Kind, Options, RedactError, Report};
use pattern::Pattern;
use scan::{scan, Span};
use text::characters;

/// Longest text, in bytes of UTF-8.
const TEXT_BYTES_MAX: usize = 1 << 20;
const RULES_MAX: usize = 16;
const RULE_NAME_BYTES_MAX: usize = 32;

/// Names in the order of `kind`, as the WIT spells them.
const KIND_NAMES: [&str; 14] = [
    "private-key",
    "aws-access-key-id",
    "aws-secret-key",
    "jwt",
    "bearer-token",
    "api-token",
    "url-password",
    "secret-setting",
    "email",
    "credit-card",
    "phone",
    "ipv4",
    "ipv6",
    "custom",
];

struct Redact;
export!(Redact);

impl Guest for Redact {
    fn redact(text: String, options: Options) -> Result<Report, RedactError> {
        let outcome = redact(&text, &options);
        match &outcome {
            Ok(report) => write(Level::Info, &log_line(&report.counts)),
            Err(_) => write(Level::Warn, "nothing redacted: the request was not usable"),
        }
        outcome
    }
}

fn redact(text: &str, options: &Options) -> Result<Report, RedactError> {
    if text.is_empty() {
        return Err(RedactError::Empty);
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(RedactError::TooLong(TEXT_BYTES_MAX as u32));
    }
    let rules = patterns(&options.custom)?;
    let wanted = |kind| options.kinds.as_ref().map_or(true, |kinds| kinds.contains(&kind));
    Ok(report(text, options, &scan(text, wanted, &rules)))
}

fn patterns(rules: &[CustomRule]) -> Result<Vec<Pattern>, RedactError> {
    if rules.len() > RULES_MAX {
        return Err(RedactError::BadPattern(format!("more than {RULES_MAX} rules")));
    }
    rules
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            let named = (1..=RULE_NAME_BYTES_MAX).contains(&rule.name.len()) && rule.name.bytes().all(text::is_token);
            let parsed = if named { Pattern::parse(&rule.pattern) } else { Err("the name is not usable") };
            parsed.map_err(|why| RedactError::BadPattern(format!("rule {}: {why}", index + 1)))
        })
        .collect()
}

/// Writes the new text and the findings in one pass over the old text.
fn report(text: &str, options: &Options, spans: &[Span]) -> Report {
    let mut output = String::with_capacity(text.len());
    let mut findings = Vec::with_capacity(spans.len());
    let mut times = [0u32; KIND_NAMES.len()];
    let mut place = Place { line: 1, column: 1 };
    let mut copied = 0;
    for span in spans {
        let skipped = &text[copied..span.range.start];
        let found = &text[span.range.clone()];
        let rule = span.rule.map(|index| options.custom[index].name.clone());
        let name = rule.as_deref().unwrap_or(KIND_NAMES[span.kind as usize]);
        output.push_str(skipped);
        push_mark(&mut output, name, kept(found, span.kind, options));
        place.pass(skipped);
        let length = characters(found.as_bytes()) as u32;
        findings.push(Finding { kind: span.kind, line: place.line, column: place.column, length, rule });
        times[span.kind as usize] += 1;
        place.pass(found);
        copied = span.range.end;
    }
    output.push_str(&text[copied..]);
    Report { text: output, findings, counts: counts(spans, &times) }
}

/// Where we are in the text, for people: both from 1, the column in characters.
struct Place {
    line: u32,
    column: u32,
}

impl Place {
    fn pass(&mut self, text: &str) {
        let feeds = text.bytes().filter(|&byte| byte == b'\n').count() as u32;
        let last_line = text.rsplit('\n').next().unwrap_or("");
        self.line += feeds;
        self.column = characters(last_line.as_bytes()) as u32 + if feeds == 0 { self.column } else { 1 };
    }
}

fn counts(spans: &[Span], times: &[u32]) -> Vec<Count> {
    let mut kinds: Vec<Kind> = spans.iter().map(|span| span.kind).collect();
    kinds.sort_by_key(|kind| *kind as u8);
    kinds.dedup();
    kinds.into_iter().map(|kind| Count { kind, times: times[kind as usize] }).collect()
}

fn push_mark(output: &mut String, name: &str, kept: &str) {
    output.push('[');
    output.push_str(name);
    if !kept.is_empty() {
        output.push(':');
        output.push_str(kept);
    }
    output.push(']');
}

/// Whether `value` is what `push_mark` writes for a kind: text that was redacted before stays as it is.
fn is_mark(value: &[u8]) -> bool {
    let inside = value.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    inside.is_some_and(|inside| {
        let name = inside.split(|&byte| byte == b':').next();
        KIND_NAMES.iter().any(|kind| name == Some(kind.as_bytes()))
    })
}

/// The end of `found` that stays readable.
fn kept<'a>(found: &'a str, kind: Kind, options: &Options) -> &'a str {
    let most = if kind == Kind::PrivateKey { 0 } else { characters(found.as_bytes()) / 4 };
    let keep = most.min(usize::from(options.keep_last.unwrap_or(0)));
    match found.char_indices().rev().take(keep).last() {
        Some((start, _)) => &found[start..],
        None => "",
    }
}

/// What the operator sees: kinds and counts, nothing of the text.
fn log_line(counts: &[Count]) -> String {
    let total: u32 = counts.iter().map(|count| count.times).sum();
    let mut line = format!("redacted {total} findings");
    for (index, count) in counts.iter().enumerate() {
        line.push_str(if index == 0 { ": " } else { ", " });
        line.push_str(&format!("{} {}", count.times, KIND_NAMES[count.kind as usize]));
    }
    line
}
