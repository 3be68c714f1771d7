//! Reads JSON text (RFC 8259), bounded in depth.

use super::document::{Document, MAX_DEPTH};

/// Why text is not JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseError {
    /// What was wrong, in the words MySQL's parser uses.
    pub message: &'static str,
    /// Byte where it was found.
    pub position: usize,
    /// Nesting beyond the limit: error 3157 instead of 3141.
    pub too_deep: bool,
}

/// Reads one document.
pub fn parse(text: &str) -> Result<Document, ParseError> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
    parser.blanks();
    if parser.at == text.len() {
        return Err(parser.error("The document is empty."));
    }
    let document = parser.value(0)?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.error("The document root must not be followed by other values."));
    }
    Ok(document)
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn error(&self, message: &'static str) -> ParseError {
        ParseError { message, position: self.at, too_deep: false }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Document, ParseError> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(ParseError { too_deep: true, ..self.error("Too deep.") }),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(Document::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Document, ParseError> {
        for (word, document) in
            [("true", Document::Bool(true)), ("false", Document::Bool(false)), ("null", Document::Null)]
        {
            if self.bytes[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(document);
            }
        }
        Err(self.error("Invalid value."))
    }

    fn array(&mut self, depth: usize) -> Result<Document, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.take(b']') {
            return Ok(Document::Array(items));
        }
        loop {
            self.blanks();
            items.push(self.value(depth)?);
            self.blanks();
            if self.take(b']') {
                return Ok(Document::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("Missing a comma or ']' after an array element."));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Document, ParseError> {
        self.at += 1;
        let mut members = Vec::new();
        self.blanks();
        if self.take(b'}') {
            return Ok(Document::Object(Vec::new()));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.error("Missing a name for object member."));
            }
            let key = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return Err(self.error("Missing a colon after a name of object member."));
            }
            self.blanks();
            members.push((key, self.value(depth)?));
            self.blanks();
            if self.take(b'}') {
                return Ok(Document::object(members));
            }
            if !self.take(b',') {
                return Err(self.error("Missing a comma or '}' after an object member."));
            }
        }
    }

    fn number(&mut self) -> Result<Document, ParseError> {
        let start = self.at;
        self.take(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || leading_zero && whole > 1 {
            return Err(self.error("Invalid value."));
        }
        let mut integer = true;
        if self.take(b'.') {
            integer = false;
            if self.digits() == 0 {
                return Err(self.error("Miss fraction part in number."));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if !self.take(b'-') {
                self.take(b'+');
            }
            if self.digits() == 0 {
                return Err(self.error("Miss exponent in number."));
            }
        }
        let text = &self.text[start..self.at];
        let exact = text.parse().map(Document::Int).or_else(|_| text.parse().map(Document::UInt));
        if let (true, Ok(document)) = (integer, exact) {
            return Ok(document);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Document::Double(value + 0.0)),
            _ => Err(self.error("Number too big to be stored in double.")),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20) {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => self.escape(&mut out)?,
                Some(_) => return Err(self.error("Invalid encoding in string.")),
                None => return Err(self.error("Missing a closing quotation mark in string.")),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), ParseError> {
        let Some(kind) = self.bytes.get(self.at + 1) else {
            return Err(self.error("Missing a closing quotation mark in string."));
        };
        let plain = match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(out),
            _ => return Err(self.error("Invalid escape character in string.")),
        };
        out.push(plain);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, out: &mut String) -> Result<(), ParseError> {
        let first = self.hex(self.at + 2)?;
        self.at += 6;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) {
            if !self.bytes[self.at..].starts_with(b"\\u") {
                return Err(self.error("The surrogate pair in string is invalid."));
            }
            let second = self.hex(self.at + 2)?;
            self.at += 6;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.error("The surrogate pair in string is invalid."));
            }
            code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
        match char::from_u32(code) {
            Some(c) => {
                out.push(c);
                Ok(())
            }
            None => Err(self.error("The surrogate pair in string is invalid.")),
        }
    }

    fn hex(&self, at: usize) -> Result<u32, ParseError> {
        let digits = self.text.get(at..at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        digits
            .and_then(|d| u32::from_str_radix(d, 16).ok())
            .ok_or_else(|| self.error("Incorrect hex digit after \\u escape in string."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_print_canonically() {
        for (text, expected) in [
            (r#"{"bb":1,"a":2, "c" : [ ] ,"a":3}"#, r#"{"a": 3, "c": [], "bb": 1}"#),
            ("[1,-2,18446744073709551615,1.0,1e3,1E20]", "[1, -2, 18446744073709551615, 1.0, 1000.0, 1e20]"),
            (r#""\u00e9\n\ud83d\ude00\/""#, r#""é\n😀/""#),
            (" true ", "true"),
            ("null", "null"),
            ("{}", "{}"),
        ] {
            assert_eq!(parse(text).expect(text).to_string(), expected);
        }
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        for (text, position) in
            [("", 0), ("{a:1}", 1), ("[1,]", 3), ("[1", 2), ("01", 2), ("\"a", 2), ("1 2", 2), ("nul", 0), ("1.", 2)]
        {
            assert_eq!(parse(text).expect_err(text).position, position, "{text}");
        }
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(&deep(MAX_DEPTH)).is_ok());
        assert!(parse(&deep(MAX_DEPTH + 1)).expect_err("deep").too_deep);
    }
}
