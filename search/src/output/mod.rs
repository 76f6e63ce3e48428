//! How answers look: [`text`] for people, [`json`] for programs. Both only translate; nothing is decided here.

use std::io::{self, Write};

pub mod json;
pub mod text;

/// Says something on stderr, where messages go. A closed stderr is the user's choice and no fault.
pub fn message(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_by_three() {
        let texts = [0, 12, 999, 1_000, 20_000, 123_456, 1_234_567].map(grouped);
        assert_eq!(
            texts,
            ["0", "12", "999", "1,000", "20,000", "123,456", "1,234,567"]
        );
    }
}
