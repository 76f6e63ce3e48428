//! From tokens to what a filter says: recursive descent, one function for each rule of the language.

use super::lex::{Kind, Token, tokens};
use super::{Column, Expression, FilterError, Literal, Side};

/// Parentheses and `not` inside each other, at most: more are no filter, and the stack has an end.
const DEEPEST: usize = 64;

/// Reads the whole of `text`.
pub(super) fn expression(text: &str) -> Result<Expression, FilterError> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
    };
    let all = parser.filter()?;
    match parser.peek().kind {
        Kind::End => Ok(all),
        _ => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Never empty: the end is a token.
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn filter(&mut self) -> Result<Expression, FilterError> {
        let mut parts = vec![self.either()?];
        while self.take_word("or") {
            parts.push(self.either()?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn either(&mut self) -> Result<Expression, FilterError> {
        let mut parts = vec![self.every()?];
        while self.take_word("and") {
            parts.push(self.every()?);
        }
        Ok(one_or(parts, Expression::All))
    }

    fn every(&mut self) -> Result<Expression, FilterError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let problem = format!("expected at most {DEEPEST} levels of parentheses and `not`");
            return Err(FilterError::new(self.text, self.peek().at.clone(), problem));
        }
        let part = self.part();
        self.depth -= 1;
        part
    }

    fn part(&mut self) -> Result<Expression, FilterError> {
        if self.take_word("not") {
            return Ok(Expression::Not(Box::new(self.every()?)));
        }
        if self.take_sign("(") {
            let inside = self.filter()?;
            return self.close().map(|()| inside);
        }
        if self.is_word(0, "exists") && self.is_sign(1, "(") {
            self.next += 2;
            let column = self.column()?;
            return self.close().map(|()| Expression::Exists(column));
        }
        let column = self.column()?;
        self.comparison(column)
    }

    fn comparison(&mut self, column: Column) -> Result<Expression, FilterError> {
        let not = self.is_word(0, "not") && self.is_word(1, "in");
        self.next += usize::from(not);
        if self.take_word("in") {
            let within = Expression::Is(column, self.list()?);
            return Ok(if not {
                Expression::Not(Box::new(within))
            } else {
                within
            });
        }
        let sign = match self.peek().kind {
            Kind::Sign(sign) if !matches!(sign, "(" | ")" | ",") => sign,
            _ => return Err(self.expected("a comparison (=, !=, <, <=, >, >= or `in`)")),
        };
        self.next += 1;
        let value = self.value()?;
        let order = |side, value| Expression::Order(column.clone(), side, value);
        Ok(match sign {
            "<" => order(Side::Below, value),
            "<=" => order(Side::UpTo, value),
            ">" => order(Side::Above, value),
            ">=" => order(Side::From, value),
            "!=" => Expression::Not(Box::new(Expression::Is(column, vec![value]))),
            _ => Expression::Is(column, vec![value]),
        })
    }

    fn list(&mut self) -> Result<Vec<Literal>, FilterError> {
        if !self.take_sign("(") {
            return Err(self.expected("`(` and the values of `in`"));
        }
        let mut values = vec![self.value()?];
        while self.take_sign(",") {
            values.push(self.value()?);
        }
        self.close().map(|()| values)
    }

    fn column(&mut self) -> Result<Column, FilterError> {
        let Token { kind, at } = self.peek().clone();
        let name = match kind {
            Kind::Text(name) => name,
            Kind::Word(name) if !is_reserved(&name) => name,
            _ => return Err(self.expected("a column")),
        };
        self.next += 1;
        Ok(Column { name, at })
    }

    fn value(&mut self) -> Result<Literal, FilterError> {
        let value = match self.peek().kind.clone() {
            Kind::Text(text) if text.is_empty() => {
                return Err(self.expected("a value (an empty text is none: say `not exists(column)`)"));
            }
            Kind::Text(text) => Literal::Text(text),
            Kind::Word(word) if !is_reserved(&word) => Literal::Word(word),
            _ => return Err(self.expected("a value")),
        };
        self.next += 1;
        Ok(value)
    }

    fn close(&mut self) -> Result<(), FilterError> {
        match self.take_sign(")") {
            true => Ok(()),
            false => Err(self.expected("`)`")),
        }
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn is_word(&self, ahead: usize, keyword: &str) -> bool {
        matches!(self.tokens.get(self.next + ahead), Some(Token { kind: Kind::Word(word), .. }) if word.eq_ignore_ascii_case(keyword))
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.tokens.get(self.next + ahead), Some(Token { kind: Kind::Sign(there), .. }) if *there == sign)
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let there = self.is_word(0, keyword);
        self.next += usize::from(there);
        there
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let there = self.is_sign(0, sign);
        self.next += usize::from(there);
        there
    }

    fn expected(&self, what: &str) -> FilterError {
        let token = self.peek();
        let found = match &token.kind {
            Kind::End => "the end".to_owned(),
            Kind::Word(word) if is_reserved(word) => format!("`{word}` (quote it to mean the word itself)"),
            _ => format!("`{}`", &self.text[token.at.clone()]),
        };
        FilterError::new(
            self.text,
            token.at.clone(),
            format!("expected {what}, found {found}"),
        )
    }
}

fn one_or(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}

/// Words of the language, which mean themselves only in quotes.
fn is_reserved(word: &str) -> bool {
    ["and", "or", "not", "in"]
        .iter()
        .any(|keyword| word.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests;
