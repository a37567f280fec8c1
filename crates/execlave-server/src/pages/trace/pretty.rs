//! JSON with line breaks, for reading.
//!
//! Works on the text, not on parsed values: numbers keep their digits, keys keep their order, and no depth is too deep.

/// Indents valid JSON; other text comes back changed only in its white space.
pub(crate) fn print(json: &str) -> String {
    let mut printer = Printer { out: String::with_capacity(json.len() + json.len() / 4), depth: 0 };
    let mut letters = json.chars().peekable();
    let mut in_string = false;
    while let Some(letter) = letters.next() {
        if in_string {
            printer.out.push(letter);
            match letter {
                '\\' => printer.out.extend(letters.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match letter {
            '"' => {
                in_string = true;
                printer.out.push(letter);
            }
            '{' | '[' => {
                printer.out.push(letter);
                while letters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    printer.out.push(end);
                } else {
                    printer.depth += 1;
                    printer.line();
                }
            }
            '}' | ']' => {
                printer.depth = printer.depth.saturating_sub(1);
                printer.line();
                printer.out.push(letter);
            }
            ',' => {
                printer.out.push(letter);
                printer.line();
            }
            ':' => printer.out.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => printer.out.push(other),
        }
    }
    printer.out
}

struct Printer {
    out: String,
    depth: usize,
}

/// Deeper levels are not indented further, so that the output stays proportional to the input.
const DEEPEST: usize = 24;

impl Printer {
    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth.min(DEEPEST) {
            self.out.push_str("  ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_order_and_quotes_stay() {
        let printed = print(r#"{"b":1.0,"a":[{},[ ],"x, \"{y}\""],"n":12345678901234567890}"#);
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(
            lines,
            [
                "{",
                "  \"b\": 1.0,",
                "  \"a\": [",
                "    {},",
                "    [],",
                r#"    "x, \"{y}\"""#,
                "  ],",
                "  \"n\": 12345678901234567890",
                "}"
            ]
        );
    }

    #[test]
    fn depth_does_not_blow_up() {
        let deep = "[".repeat(10_000);
        assert!(print(&deep).len() < deep.len() * 60);
    }
}
