//! The header of a `.npy` file: a Python dictionary with three keys.

/// The entries of the dictionary.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dictionary {
    /// The type of the elements, without quotes; a structured type is kept as written.
    pub descriptor: String,
    /// Whether the first index varies fastest.
    pub fortran: bool,
    pub shape: Vec<usize>,
}

/// Parses the dictionary as Python writes it.
///
/// The keys may stand in any order and in single or double quotes. Blanks, a comma at the end and the `L` after integers of Python 2
/// are accepted.
///
/// # Errors
/// One sentence that names the text found and the text expected.
pub(super) fn parse_dictionary(text: &str) -> Result<Dictionary, String> {
    let mut rest = Rest(text);
    let (mut descriptor, mut fortran, mut shape) = (None, None, None);
    rest.expect("{", "a dictionary in braces")?;
    while !rest.accept("}") {
        let key = rest.string("a key in quotes")?;
        rest.expect(":", "a colon after the key")?;
        let twice = match key {
            "descr" => descriptor.replace(rest.descriptor()?).is_some(),
            "fortran_order" => fortran.replace(rest.truth()?).is_some(),
            "shape" => shape.replace(rest.shape()?).is_some(),
            other => {
                return Err(format!(
                    "found the key {:?}, expected descr, fortran_order and shape",
                    excerpt(other)
                ));
            }
        };
        if twice {
            return Err(format!("found the key {key} twice, expected it once"));
        }
        if !rest.accept(",") {
            rest.expect("}", "a comma or the end of the dictionary")?;
            break;
        }
    }
    if !rest.0.trim().is_empty() {
        return Err(rest.found("nothing after the dictionary"));
    }
    let missing =
        |key: &str| format!("found no key {key}, expected descr, fortran_order and shape");
    Ok(Dictionary {
        descriptor: descriptor.ok_or_else(|| missing("descr"))?,
        fortran: fortran.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
    })
}

/// The text that has not been parsed yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// The message for an unexpected text.
    fn found(&self, expected: &str) -> String {
        match self.0.trim() {
            "" => format!("found its end, expected {expected}"),
            rest => format!("found {:?}, expected {expected}", excerpt(rest)),
        }
    }

    /// Skips `mark` if it comes next, and returns whether it does.
    fn accept(&mut self, mark: &str) -> bool {
        match self.0.trim_start().strip_prefix(mark) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Skips `mark`, or returns an error if another text comes next.
    fn expect(&mut self, mark: &str, expected: &str) -> Result<(), String> {
        if self.accept(mark) {
            Ok(())
        } else {
            Err(self.found(expected))
        }
    }

    /// Reads a string in quotes, without escapes.
    fn string(&mut self, expected: &str) -> Result<&'a str, String> {
        let text = self.0.trim_start();
        let quoted = ['\'', '"'].into_iter().find_map(|quote| {
            let inner = text.strip_prefix(quote)?;
            inner.split_once(quote)
        });
        match quoted {
            Some((string, rest)) if !string.contains('\\') => {
                self.0 = rest;
                Ok(string)
            }
            _ => Err(self.found(expected)),
        }
    }

    /// Reads the type of the elements. A structured type is read up to its closing bracket, for the error that refuses it.
    fn descriptor(&mut self) -> Result<String, String> {
        let text = self.0.trim_start();
        if !text.starts_with(['[', '(']) {
            return self.string("a type in quotes").map(str::to_owned);
        }
        let mut depth = 0;
        for (at, c) in text.char_indices() {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let (whole, rest) = text.split_at(at + c.len_utf8());
                self.0 = rest;
                return Ok(whole.to_owned());
            }
        }
        Err(self.found("a type in closed brackets"))
    }

    /// Reads `True` or `False`.
    fn truth(&mut self) -> Result<bool, String> {
        for (name, value) in [("True", true), ("False", false)] {
            if self.accept(name) {
                return Ok(value);
            }
        }
        Err(self.found("True or False for fortran_order"))
    }

    /// Reads a tuple of lengths; a tuple of one length ends in a comma.
    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let expected = "a tuple of whole numbers for shape, such as (12, 7) or (12,)";
        self.expect("(", expected)?;
        let mut shape = Vec::new();
        while !self.accept(")") {
            let text = self.0.trim_start();
            let end = text
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len());
            let (digits, rest) = text.split_at(end);
            let length = digits.parse().map_err(|_| self.found(expected))?;
            let rest = rest.strip_prefix('L').unwrap_or(rest);
            // A comma or a bracket must follow, so that `1.5` and `1e3` are refused.
            if !rest.trim_start().starts_with([',', ')']) {
                return Err(self.found(expected));
            }
            let before = std::mem::replace(&mut self.0, rest);
            shape.push(length);
            if !self.accept(",") {
                if shape.len() == 1 {
                    self.0 = before;
                    return Err(self.found(expected));
                }
                self.expect(")", expected)?;
                break;
            }
        }
        Ok(shape)
    }
}

/// The beginning of a text, on one line.
fn excerpt(text: &str) -> String {
    const LEN: usize = 40;
    let mut line: String = text.chars().take(LEN).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line.replace(|c: char| c.is_control(), " ")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_is_understood() {
        for text in [
            "{'descr': '<f8', 'fortran_order': False, 'shape': (12, 7), }          \n",
            "{'shape': (12L, 7L), 'fortran_order': False, 'descr': '<f8'}",
            "{\"descr\":\"<f8\",\"fortran_order\":False,\"shape\":(12,7,)}\n",
            "  { 'fortran_order' :False ,'shape' : ( 12L , 7 ) , 'descr':'<f8' , } ",
        ] {
            let found = parse_dictionary(text).unwrap();
            let expected = Dictionary {
                descriptor: "<f8".into(),
                fortran: false,
                shape: vec![12, 7],
            };
            assert_eq!(found, expected, "{text}");
        }
        let shape = |shape: &str| {
            let text =
                format!("{{'descr': [('a', '<f8')], 'fortran_order': True, 'shape': {shape}}}");
            parse_dictionary(&text).map(|found| found.shape)
        };
        assert_eq!(shape("()").unwrap(), Vec::<usize>::new());
        assert_eq!(shape("(3L,)").unwrap(), [3]);
        for (wrong, found) in [
            ("(3)", "(3)}"),
            ("3", "3}"),
            ("(-1, 2)", "-1, 2)}"),
            ("(1.5, 2)", "1.5, 2)}"),
            ("(np.int64(12), 7)", "np.int64(12), 7)}"),
            (
                "(99999999999999999999999, 1)",
                "99999999999999999999999, 1)}",
            ),
        ] {
            let message = shape(wrong).unwrap_err();
            assert!(
                message.contains("expected a tuple of whole numbers"),
                "{message}"
            );
            assert!(
                found.starts_with('(') || message.contains(found),
                "{message}"
            );
        }
    }

    #[test]
    fn errors_are_one_sentence() {
        for (text, message) in [
            ("", "found its end, expected a dictionary in braces"),
            (
                "{'descr': 'f8'",
                "found its end, expected a comma or the end of the dictionary",
            ),
            (
                "{'descr' 'f8'}",
                "found \"'f8'}\", expected a colon after the key",
            ),
            ("{'descr': 3}", "found \"3}\", expected a type in quotes"),
            (
                "{'descr': [(}",
                "found \"[(}\", expected a type in closed brackets",
            ),
            (
                "{'fortran_order': 0}",
                "found \"0}\", expected True or False for fortran_order",
            ),
            (
                "{'a': 1}",
                "found the key \"a\", expected descr, fortran_order and shape",
            ),
            (
                "{'descr': 'a', 'descr': 'b'}",
                "found the key descr twice, expected it once",
            ),
            (
                "{'descr': 'a'}",
                "found no key fortran_order, expected descr, fortran_order and shape",
            ),
            (
                "{} {}",
                "found \"{}\", expected nothing after the dictionary",
            ),
        ] {
            assert_eq!(parse_dictionary(text).unwrap_err(), message, "{text}");
        }
    }
}
