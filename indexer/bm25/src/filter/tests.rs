//! Filters asked of tantivy give the rows that the language says, whatever the documents.

use std::collections::HashMap;
use std::path::Path;

use encoder::text::Document;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::*;
use crate::{Bm25Error, WordWriter, Words};

fn words(fields: &[Value]) -> (tempfile::TempDir, Words) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = WordWriter::create(folder.path()).unwrap();
    for (number, fields) in fields.iter().enumerate() {
        let document = Document {
            id: format!("d{number}"),
            title: String::new(),
            text: format!("pain number{number}"),
            fields: fields.as_object().unwrap().clone(),
        };
        writer.add(&document).unwrap();
    }
    writer.finish().unwrap();
    let words = Words::open(folder.path(), HashMap::new()).unwrap();
    (folder, words)
}

fn rows(words: &Words, filter: &str) -> Vec<u32> {
    let filter = Filter::parse(filter).unwrap();
    words.matching(&filter).unwrap().iter().collect()
}

#[test]
fn each_kind_of_value_is_found_as_it_is() {
    let (_folder, words) = words(&[
        json!({"kind": "symptoms", "year": 2009, "open": true, "tags": ["a", "b c"]}),
        json!({"kind": "causes", "year": "2010", "open": false, "meta": {"site": {"n.1": 1.5}}}),
        json!({"kind": "Symptoms", "year": 2010.5, "tags": [], "date": "2020-03-01"}),
        json!({"year": null, "kind": "", "date": "2021-01-31T10:00:00Z", "big": u64::MAX}),
        json!({"year": -3, "tags": "b c", "big": 9007199254740993_i64, "odd.na\\me%": "x"}),
    ]);
    for (filter, expected) in [
        ("kind = symptoms", &[0][..]),
        ("kind == 'symptoms'", &[0]),
        ("kind != symptoms", &[1, 2, 3, 4]),
        ("kind in (causes, \"Symptoms\")", &[1, 2]),
        ("kind not in (causes, Symptoms) and exists(kind)", &[0]),
        ("exists(kind)", &[0, 1, 2]),
        ("NOT EXISTS(kind)", &[3, 4]),
        ("year = 2010", &[1]),
        ("year = 2010.0", &[1]),
        ("year = '2010'", &[1]),
        ("year = '2009'", &[]),
        ("year >= 2010", &[1, 2]),
        ("year > 2010", &[2]),
        ("year < 2010", &[0, 4]),
        ("year <= 2010", &[0, 1, 4]),
        ("year <= -3", &[4]),
        ("year > 1e3 and year < 2010.25", &[0, 1]),
        ("open = true", &[0]),
        ("open != true", &[1, 2, 3, 4]),
        ("open = 'true'", &[]),
        ("tags = a", &[0]),
        ("tags = 'b c'", &[0, 4]),
        ("meta.site.n.1 >= 1.5", &[1]),
        ("exists(meta.site.n.1)", &[1]),
        ("date >= 2020-03-01", &[2, 3]),
        ("date > 2020-12", &[3]),
        ("big = 18446744073709551615", &[3]),
        ("big = 9007199254740993", &[4]),
        ("big = 9007199254740992", &[]),
        ("'odd.na\\\\me%' = x", &[4]),
        (
            "not (kind = symptoms or kind = causes) and not year = -3",
            &[2, 3],
        ),
        ("kind = symptoms or kind = causes and year = 2009", &[0]),
        ("(kind = symptoms or kind = causes) and year >= 2010", &[1]),
        ("nothing = 1", &[]),
        ("not nothing = 1", &[0, 1, 2, 3, 4]),
    ] {
        assert_eq!(rows(&words, filter), expected, "{filter}");
    }
    let columns = words.columns().unwrap();
    let expected = [
        "big",
        "date",
        "kind",
        "meta.site.n.1",
        "odd.na\\me%",
        "open",
        "tags",
        "year",
    ];
    assert_eq!(columns.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn long_texts_and_names_are_told_apart_to_their_end() {
    let long = "ü".repeat(40_000);
    let (_folder, words) = words(&[
        json!({"text2": long.clone() + "a", long.clone(): 1}),
        json!({"text2": long.clone() + "b"}),
        json!({"text2": "z"}),
    ]);
    assert_eq!(rows(&words, &format!("text2 = '{long}b'")), [1]);
    assert_eq!(rows(&words, "text2 > t"), [0, 1, 2]);
    assert_eq!(rows(&words, "text2 > u and text2 < {"), [2]);
    assert_eq!(rows(&words, &format!("{long} = 1")), [0]);
    assert!(words.columns().unwrap().iter().all(|name| name.len() < 100));
}

#[test]
fn words_that_were_only_counted_have_no_columns() {
    let mut writer = WordWriter::in_memory(Path::new("memory")).unwrap();
    writer.count(&Document::default()).unwrap();
    let words = writer.open().unwrap();
    assert!(words.columns().unwrap().is_empty());
    assert!(rows(&words, "a = 1").is_empty());
}

#[test]
fn an_index_of_version_1_says_so() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/format-2/segments");
    let segment = folder.read_dir().unwrap().next().unwrap().unwrap().path();
    let words = Words::open(&segment.join("bm25"), HashMap::new()).unwrap();
    assert_eq!(words.search("virus", 9).unwrap().len(), 2);
    let error = words.matching(&Filter::parse("number = 1").unwrap()).unwrap_err();
    assert!(matches!(error, Bm25Error::NoFilters { .. }), "{error}");
    assert!(matches!(words.columns(), Err(Bm25Error::NoFilters { .. })));
}

const COLUMNS: [&str; 4] = ["a", "b.c", "d", "e"];
const TEXTS: [&str; 8] = ["x", "X", "10", "2.5", "true", "-1", "x y", "10.0"];

/// A document's value: of all kinds, often none.
fn value(random: &mut StdRng) -> Value {
    match random.random_range(0..9) {
        0 => Value::Null,
        1 => json!(random.random_range(-3..12)),
        2 => json!(f64::from(random.random_range(-6..24)) / 2.0),
        3 => json!(random.random_bool(0.5)),
        4 => json!([value(random), value(random)]),
        _ => json!(TEXTS.choose(random).unwrap()),
    }
}

fn literal(random: &mut StdRng) -> Literal {
    let text = (*TEXTS.choose(random).unwrap()).to_owned();
    match random.random_bool(0.3) || text.contains(' ') {
        true => Literal::Text(text),
        false => Literal::Word(text),
    }
}

fn expression(random: &mut StdRng, depth: usize) -> Expression {
    let column = Column {
        name: (*COLUMNS.choose(random).unwrap()).to_owned(),
        at: 0..0,
    };
    let several = |random: &mut StdRng| {
        (0..random.random_range(2..4))
            .map(|_| expression(random, depth - 1))
            .collect()
    };
    match random.random_range(if depth == 0 { 3 } else { 0 }..7) {
        0 => Expression::All(several(random)),
        1 => Expression::Any(several(random)),
        2 => Expression::Not(Box::new(expression(random, depth - 1))),
        3 => Expression::Exists(column),
        4 => {
            let sides = [Side::Below, Side::UpTo, Side::From, Side::Above];
            Expression::Order(column, *sides.choose(random).unwrap(), literal(random))
        }
        _ => Expression::Is(
            column,
            (0..random.random_range(1..4)).map(|_| literal(random)).collect(),
        ),
    }
}

/// The language as its description says it, over the JSON of a document.
fn holds(expression: &Expression, fields: &Value) -> bool {
    let any = |column: &Column, matches: &dyn Fn(&Value) -> bool| {
        let value = &fields[&column.name];
        match value.as_array() {
            Some(values) => values.iter().flat_map(flat).any(matches),
            None => !value.is_null() && matches(value),
        }
    };
    match expression {
        Expression::All(parts) => parts.iter().all(|part| holds(part, fields)),
        Expression::Any(parts) => parts.iter().any(|part| holds(part, fields)),
        Expression::Not(part) => !holds(part, fields),
        Expression::Exists(column) => any(column, &|_| true),
        Expression::Is(column, literals) => any(column, &|value| {
            literals.iter().any(|literal| equals(value, literal))
        }),
        Expression::Order(column, side, literal) => any(column, &|value| {
            let order = match (decimal(literal), literal) {
                (Some(number), _) => as_number(value).and_then(|value| value.partial_cmp(&number)),
                (None, Literal::Word(text) | Literal::Text(text)) => {
                    value.as_str().map(|value| value.cmp(text))
                }
            };
            order.is_some_and(|order| match side {
                Side::Below => order.is_lt(),
                Side::UpTo => order.is_le(),
                Side::From => order.is_ge(),
                Side::Above => order.is_gt(),
            })
        }),
    }
}

fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        other => vec![other],
    }
}

fn equals(value: &Value, literal: &Literal) -> bool {
    match literal {
        Literal::Text(text) => value.as_str() == Some(text),
        Literal::Word(text) => {
            value.as_str() == Some(text)
                || value.as_bool().is_some_and(|value| value.to_string() == *text)
                || decimal(literal).is_some_and(|number| as_number(value) == Some(number))
        }
    }
}

fn decimal(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Word(text) => text.parse().ok(),
        Literal::Text(_) => None,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

#[test]
fn any_filter_over_any_documents_gives_what_the_language_says() {
    for seed in 0..8 {
        let mut random = StdRng::seed_from_u64(seed);
        let fields: Vec<Value> = (0..200)
            .map(|_| {
                COLUMNS
                    .iter()
                    .map(|column| ((*column).to_owned(), value(&mut random)))
                    .collect()
            })
            .map(Value::Object)
            .collect();
        let (_folder, words) = words(&fields);
        for _ in 0..100 {
            let holds_of = expression(&mut random, 3);
            let filter = Filter {
                conditions: vec![Condition {
                    text: String::new(),
                    holds: holds_of.clone(),
                }],
            };
            let found: Vec<u32> = words.matching(&filter).unwrap().iter().collect();
            let expected: Vec<u32> = (0..200)
                .filter(|row| holds(&holds_of, &fields[*row as usize]))
                .collect();
            assert_eq!(found, expected, "seed {seed}: {holds_of:?}");
        }
    }
}
