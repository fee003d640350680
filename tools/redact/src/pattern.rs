//! The caller's own patterns: four signs instead of a language, so that every pattern can be read aloud.
//!
//! A match follows all ways through the pattern at once, one bit for each, so no pattern takes exponential time.

/// One bit is left for "matched".
const ELEMENTS_MAX: usize = 60;
/// Longest match, in characters: without an end, `*` could read the whole text from every place in it.
const MATCH_CHARACTERS_MAX: usize = 256;
const ASCII: usize = 128;

enum Element {
    Digit,
    Letter,
    Any,
    /// One or more characters that are no white space.
    Run,
    Exactly(char),
}

impl Element {
    fn fits(&self, found: char) -> bool {
        match self {
            Element::Digit => found.is_ascii_digit(),
            Element::Letter => found.is_alphabetic(),
            Element::Any | Element::Run => !found.is_whitespace(),
            Element::Exactly(wanted) => found == *wanted,
        }
    }
}

/// A pattern that was checked.
pub struct Pattern {
    elements: Vec<Element>,
    /// For each ASCII character, the elements that it fits: bit `n` for element `n`.
    ascii: [u64; ASCII],
    /// Elements that may go on with the next character.
    runs: u64,
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub fn parse(source: &str) -> Result<Pattern, &'static str> {
        let mut elements = Vec::new();
        let mut rest = source.chars();
        while let Some(sign) = rest.next() {
            elements.push(match sign {
                '#' => Element::Digit,
                '@' => Element::Letter,
                '?' => Element::Any,
                '*' => Element::Run,
                '\\' => Element::Exactly(rest.next().ok_or("a backslash at the end takes nothing")?),
                other => Element::Exactly(other),
            });
        }
        if elements.is_empty() {
            return Err("the pattern is empty");
        }
        if elements.len() > ELEMENTS_MAX {
            return Err("the pattern has more than 60 elements");
        }
        if elements.iter().all(|element| matches!(element, Element::Any | Element::Run)) {
            return Err("the pattern matches any word");
        }
        let mut ascii = [0; ASCII];
        for (code, fits) in ascii.iter_mut().enumerate() {
            *fits = bits(&elements, |element| element.fits(code as u8 as char));
        }
        let runs = bits(&elements, |element| matches!(element, Element::Run));
        Ok(Pattern { elements, ascii, runs })
    }

    /// Length in bytes of the longest match at the start of `text`.
    pub fn matches(&self, text: &str) -> Option<usize> {
        let matched = 1 << self.elements.len();
        // Bit `n`: the next character may be what element `n` wants.
        let mut open: u64 = 1;
        let mut longest = None;
        for (at, found) in text.char_indices().take(MATCH_CHARACTERS_MAX) {
            let fits = open & self.fits(found);
            open = fits << 1 | fits & self.runs;
            if open & matched != 0 {
                longest = Some(at + found.len_utf8());
            }
            if open == 0 {
                break;
            }
        }
        longest
    }

    fn fits(&self, found: char) -> u64 {
        match self.ascii.get(found as usize) {
            Some(fits) => *fits,
            None => bits(&self.elements, |element| element.fits(found)),
        }
    }
}

/// Bit `n` for each element `n` that passes.
fn bits(elements: &[Element], test: impl Fn(&Element) -> bool) -> u64 {
    elements.iter().enumerate().fold(0, |bits, (place, element)| bits | u64::from(test(element)) << place)
}
