//! Counts words. See `wit/{{name}}.wit` for what it offers.

wit_bindgen::generate!({
    path: "wit",
    world: "{{name}}-tool",
    generate_all,
});

use cellblock::host::log::{write, Level};
use exports::{{snake_name}}::tool::words::{Guest, Options, Problem, Report, Word};
use std::collections::HashMap;

/// The largest limit that `options` allows.
const LIMIT_MAX: u32 = 1000;

struct Tool;
export!(Tool);

impl Guest for Tool {
    fn count(text: String, options: Options) -> Result<Report, Problem> {
        if !(1..=LIMIT_MAX).contains(&options.limit) {
            return Err(Problem::BadLimit(LIMIT_MAX));
        }
        let text = if options.ignore_case { text.to_ascii_lowercase() } else { text };
        let mut words = count_words(&text);
        if words.is_empty() {
            return Err(Problem::NoWords);
        }
        let (total, distinct) = (words.iter().map(|word| word.count).sum(), words.len() as u32);
        // This sort keeps the order of the text among words that are as frequent.
        words.sort_by_key(|word| std::cmp::Reverse(word.count));
        words.truncate(options.limit as usize);
        write(Level::Info, &format!("counted {total} words"));
        Ok(Report { total, distinct, top: words })
    }
}

/// Each word with its count, in the order of the text.
fn count_words(text: &str) -> Vec<Word> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut words: Vec<Word> = Vec::new();
    for found in text.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()).filter(|found| !found.is_empty()) {
        let place = *places.entry(found).or_insert(words.len());
        if place == words.len() {
            words.push(Word { text: found.to_owned(), count: 0 });
        }
        words[place].count += 1;
    }
    words
}
