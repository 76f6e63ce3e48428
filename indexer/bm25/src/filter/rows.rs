//! From a filter to the rows that match it, by tantivy's terms (equality) and columns (order).

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{AllQuery, BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, OwnedValue};

use super::values::{key, number, path};
use super::{Column, Expression, Filter, Literal, Side};

/// The two fields of the schema that filters ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilterFields {
    /// The columns that have a value.
    pub columns: Field,
    /// The values, a JSON object.
    pub values: Field,
}

impl Filter {
    /// What tantivy is asked for the rows.
    pub(crate) fn query(&self, fields: FilterFields) -> Box<dyn Query> {
        let parts = self.conditions.iter();
        all(parts.map(|condition| condition.holds.query(fields)).collect())
    }
}

impl Expression {
    fn query(&self, fields: FilterFields) -> Box<dyn Query> {
        let queries = |parts: &[Self]| parts.iter().map(|part| part.query(fields)).collect();
        match self {
            Self::All(parts) => all(queries(parts)),
            Self::Any(parts) => Box::new(BooleanQuery::union(queries(parts))),
            Self::Not(part) => {
                let parts = vec![(Occur::Must, every()), (Occur::MustNot, part.query(fields))];
                Box::new(BooleanQuery::new(parts))
            }
            Self::Is(column, values) => {
                let terms = values
                    .iter()
                    .flat_map(|value| equal(column, value, fields.values));
                Box::new(BooleanQuery::union(terms.map(has).collect()))
            }
            Self::Order(column, side, value) => Box::new(order(column, *side, value, fields.values)),
            Self::Exists(column) => has(Term::from_field_text(fields.columns, &key(&column.name))),
        }
    }
}

fn every() -> Box<dyn Query> {
    Box::new(AllQuery)
}

fn all(parts: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(BooleanQuery::intersection(parts))
}

fn has(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// The terms of which a value that equals `value` has one.
fn equal(column: &Column, value: &Literal, field: Field) -> Vec<Term> {
    let start = start(column, field);
    let Literal::Word(word) = value else {
        return vec![text_term(&start, value.text())];
    };
    let mut terms = vec![text_term(&start, word)];
    terms.extend(number(word).map(|number| number_term(&start, &number)));
    terms.extend(word.parse().ok().map(|value: bool| {
        let mut term = start.clone();
        term.append_type_and_fast_value(value);
        term
    }));
    terms
}

fn order(column: &Column, side: Side, value: &Literal, field: Field) -> RangeQuery {
    let start = start(column, field);
    let number = match value {
        Literal::Word(word) => number(word),
        Literal::Text(_) => None,
    };
    let term = match number {
        Some(number) => number_term(&start, &number),
        None => text_term(&start, value.text()),
    };
    match side {
        Side::Below => RangeQuery::new(Bound::Unbounded, Bound::Excluded(term)),
        Side::UpTo => RangeQuery::new(Bound::Unbounded, Bound::Included(term)),
        Side::From => RangeQuery::new(Bound::Included(term), Bound::Unbounded),
        Side::Above => RangeQuery::new(Bound::Excluded(term), Bound::Unbounded),
    }
}

impl Literal {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Text(text) => text,
        }
    }
}

/// How every term of the column begins.
fn start(column: &Column, field: Field) -> Term {
    Term::from_field_json_path(field, &path(&key(&column.name)), false)
}

fn text_term(start: &Term, text: &str) -> Term {
    let mut term = start.clone();
    term.append_type_and_str(&key(text));
    term
}

fn number_term(start: &Term, number: &OwnedValue) -> Term {
    let mut term = start.clone();
    match number {
        OwnedValue::I64(value) => term.append_type_and_fast_value(*value),
        OwnedValue::U64(value) => term.append_type_and_fast_value(*value),
        OwnedValue::F64(value) => term.append_type_and_fast_value(*value),
        _ => {}
    }
    term
}
