//! Rust text as a tidy check needs it: with comments, or comments and literals, blanked out in place.
//!
//! This is a lexer for what can hide a keyword (comments, strings, characters), no parser. Line numbers and
//! columns stay what they are in the file, because each byte that goes is replaced by a blank.

/// One Rust file in two readings.
pub(super) struct Source {
    /// Without comments.
    code: String,
    /// Without comments and without the contents of string and character literals.
    bare: String,
}

impl Source {
    pub(super) fn new(text: &str) -> Source {
        let mut masker = Masker { text: text.as_bytes(), code: Vec::new(), bare: Vec::new() };
        let mut at = 0;
        while at < masker.text.len() {
            at = masker.step(at);
        }
        let readable = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Source { code: readable(masker.code), bare: readable(masker.bare) }
    }

    /// Text without comments, strings and characters; each byte is where it was.
    pub(super) fn bare(&self) -> &str {
        &self.bare
    }

    /// Lines that hold code: neither blank nor only comment.
    pub(super) fn code_lines(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// The lines (1-based) on which the whole word stands in code, one entry per occurrence.
    pub(super) fn lines_of_word(&self, word: &str) -> Vec<usize> {
        word_offsets(&self.bare, word).map(|offset| line_at(&self.bare, offset)).collect()
    }

    /// The text of the literal or code between two byte offsets, without comments.
    pub(super) fn code_between(&self, from: usize, to: usize) -> &str {
        self.code.get(from..to).unwrap_or_default()
    }
}

/// The line (1-based) of a byte offset.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// Where the whole word stands: with no letter, digit or underscore on either side.
pub(super) fn word_offsets<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(offset, _)| offset).filter(move |offset| {
        let before = text.as_bytes().get(offset.wrapping_sub(1)).copied();
        let after = text.as_bytes().get(offset + word.len()).copied();
        !before.is_some_and(in_word) && !after.is_some_and(in_word)
    })
}

/// The offset after the bracket that closes the one at `open`, in bare text.
pub(super) fn after_balanced(bare: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in bare.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

struct Masker<'a> {
    text: &'a [u8],
    code: Vec<u8>,
    bare: Vec<u8>,
}

impl Masker<'_> {
    /// Reads one comment, literal, word or byte at `at` and returns where the next begins.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        if rest.starts_with(b"//") {
            let end = at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            return self.put(at, end, false, false);
        }
        if rest.starts_with(b"/*") {
            return self.put(at, at + block_comment(rest), false, false);
        }
        if let Some(length) = literal(rest) {
            return self.put(at, at + length, true, false);
        }
        // A word goes in one piece, so that the `r` of `for"x"` is never taken for a prefix.
        let word = rest.iter().position(|byte| !in_word(*byte)).unwrap_or(rest.len());
        self.put(at, at + word.max(1), true, true)
    }

    fn put(&mut self, from: usize, to: usize, in_code: bool, in_bare: bool) -> usize {
        let to = to.min(self.text.len());
        for byte in &self.text[from..to] {
            let blank = if *byte == b'\n' { b'\n' } else { b' ' };
            self.code.push(if in_code { *byte } else { blank });
            self.bare.push(if in_bare { *byte } else { blank });
        }
        to
    }
}

/// The length of a block comment; they nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of the string or character literal that begins here, prefix included.
fn literal(rest: &[u8]) -> Option<usize> {
    let prefix = rest.iter().take_while(|byte| matches!(byte, b'b' | b'c' | b'r')).count();
    let raw = rest[..prefix].ends_with(b"r");
    let hashes = if raw { rest[prefix..].iter().take_while(|byte| **byte == b'#').count() } else { 0 };
    let open = prefix + hashes;
    match rest.get(open)? {
        b'"' if prefix <= 2 && raw => Some(open + 1 + raw_string(&rest[open + 1..], hashes)),
        b'"' if prefix <= 1 => Some(open + 1 + quoted(&rest[open + 1..], b'"')),
        b'\'' if prefix == 0 || &rest[..prefix] == b"b" => character(&rest[open..]).map(|n| open + n),
        _ => None,
    }
}

fn raw_string(body: &[u8], hashes: usize) -> usize {
    let closes = |at: &usize| {
        body[*at] == b'"' && body[at + 1..].iter().take_while(|byte| **byte == b'#').count() >= hashes
    };
    (0..body.len()).find(closes).map_or(body.len(), |at| at + 1 + hashes)
}

fn quoted(body: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    body.len()
}

/// The length of a character literal, or nothing where the quote begins a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(1 + quoted(&rest[1..], b'\''));
    }
    // One character of one to four bytes, then the closing quote.
    let end = (2..=5).find(|at| rest.get(*at) == Some(&b'\''))?;
    let inside = std::str::from_utf8(&rest[1..end]).ok()?;
    (inside.chars().count() == 1).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_seen_in_code_and_nowhere_else() {
        let text = "// unsafe\n/* unsafe /* unsafe */ unsafe */ let s = \"unsafe \\\" unsafe\";\n\
                    let r = r#\"unsafe \" unsafe\"#; let c = b\"unsafe\"; unsafe {}\nunsafe_code();";
        assert_eq!(Source::new(text).lines_of_word("unsafe"), [3]);
    }

    #[test]
    fn lifetimes_and_characters_do_not_swallow_code() {
        let text = "fn a<'a>(x: &'a str) { let q = '\"'; unsafe { f('\\'') } let e = 'é'; }\n\
                    fn r#unsafe_name() { for\"x\" }";
        assert_eq!(Source::new(text).lines_of_word("unsafe"), [1]);
    }

    #[test]
    fn comments_and_blank_lines_are_not_code() {
        let text = "//! doc\n\n/* a\nb */\nfn a() {\n    // why\n    b(\"// not a comment\");\n}\n";
        assert_eq!(Source::new(text).code_lines(), 3);
    }

    #[test]
    fn masking_keeps_every_byte_where_it_was() {
        let text = "let a = \"é\"; // ü\nlet b = 'x';";
        let source = Source::new(text);
        assert_eq!(source.bare().len(), text.len());
        assert_eq!(source.bare().find("let b"), text.find("let b"));
    }

    #[test]
    fn brackets_balance_over_nesting() {
        assert_eq!(after_balanced("#[a(b[c])] d", 1), Some(10));
        assert_eq!(after_balanced("#[a(b", 1), None);
    }
}
