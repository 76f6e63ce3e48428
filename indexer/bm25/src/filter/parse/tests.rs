//! What the language takes, and where it says that it does not.

use super::super::Filter;

fn refusal(text: &str) -> String {
    Filter::parse(text).unwrap_err().to_string()
}

#[test]
fn an_error_points_at_the_place() {
    for (text, problem, finger) in [
        ("", "expected a column, found the end", "^"),
        (
            "kind",
            "expected a comparison (=, !=, <, <=, >, >= or `in`), found the end",
            "    ^",
        ),
        ("year >= ", "expected a value, found the end", "        ^"),
        (
            "kind = a b",
            "expected `and`, `or` or the end, found `b`",
            "         ^",
        ),
        (
            "kind = a and",
            "expected a column, found the end",
            "            ^",
        ),
        (
            "kind in a",
            "expected `(` and the values of `in`, found `a`",
            "        ^",
        ),
        ("kind in (a, )", "expected a value, found `)`", "            ^"),
        ("(kind = a", "expected `)`, found the end", "         ^"),
        (
            "kind = a)",
            "expected `and`, `or` or the end, found `)`",
            "        ^",
        ),
        ("größe = \"x", "this \" has no second one", "        ^"),
        (
            "kind in (a, '')",
            "expected a value (an empty text is none: say `not exists(column)`), found `''`",
            "            ^^",
        ),
        ("kind ! a", "expected `!=` or `not`, found `!`", "     ^"),
        (
            "and = 3",
            "expected a column, found `and` (quote it to mean the word itself)",
            "^^^",
        ),
        (
            "exists kind",
            "expected a comparison (=, !=, <, <=, >, >= or `in`), found `kind`",
            "       ^^^^",
        ),
        (
            "kind = \"a\" \n= b",
            "expected `and`, `or` or the end, found `=`",
            "            ^",
        ),
    ] {
        let shown = text.replace('\n', " ");
        assert_eq!(
            refusal(text),
            format!("filter: {problem}\n  {shown}\n  {finger}"),
            "{text:?}"
        );
    }
}

#[test]
fn deep_nests_are_refused_before_the_stack_ends() {
    let deep = |depth: usize| format!("{}a = 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&deep(63)).is_ok());
    assert!(refusal(&deep(64)).contains("at most 64 levels"));
    assert!(refusal(&"(".repeat(1_000_000)).contains("at most 64 levels"));
    assert!(refusal(&"not ".repeat(1_000_000)).contains("at most 64 levels"));
}

#[test]
fn blanks_do_not_matter_and_quotes_keep_theirs() {
    let one = |text: &str| format!("{:?}", super::expression(text).unwrap());
    assert!(one("kind='a \\' \"b'").contains("Text(\"a ' \\\"b\")"));
    assert!(one("a>=3").contains("From, Word(\"3\")"));
    assert!(one("url = https://example.org/x?y&z").contains("Word(\"https://example.org/x?y&z\")"));
}

#[test]
fn several_filters_must_all_hold() {
    let both = Filter::parse_all(&["a = 1 or b = 2", "c = 3"]).unwrap().unwrap();
    assert_eq!(both.to_string(), "(a = 1 or b = 2) and (c = 3)");
    assert_eq!(Filter::parse_all::<&str>(&[]).unwrap(), None);
    let error = Filter::parse_all(&["a = 1", "b ="]).unwrap_err().to_string();
    assert!(error.contains("\n  b =\n     ^"), "{error}");
}

#[test]
fn an_unknown_column_is_named_with_those_there_are() {
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let filter = Filter::parse("kind = a and yaer > 3").unwrap();
    let error = filter
        .check(&columns(&["kind", "source", "year"]))
        .unwrap_err()
        .to_string();
    let expected = "filter: no document has a column \"yaer\"; did you mean year? \
                    (columns: kind, source, year)";
    assert!(error.starts_with(expected), "{error}");
    assert!(
        error.ends_with("\n  kind = a and yaer > 3\n               ^^^^"),
        "{error}"
    );
    let error = filter.check(&columns(&["kind", "zzz"])).unwrap_err().to_string();
    assert!(
        !error.contains("did you mean") && error.contains("zzz"),
        "{error}"
    );
    let error = filter.check(&columns(&[])).unwrap_err().to_string();
    assert!(error.contains("no columns besides id, title and text"), "{error}");
    filter.check(&columns(&["kind", "yaer"])).unwrap();
    for own in ["id", "title", "text"] {
        let filter = Filter::parse(&format!("{own} = a")).unwrap();
        let error = filter.check(&columns(&["year", "kind"])).unwrap_err().to_string();
        assert!(
            error.contains("no column to filter by") && error.contains("(columns: kind, year)"),
            "{error}"
        );
    }
}

#[test]
fn nonsense_is_refused_and_never_a_panic() {
    use rand::seq::IndexedRandom;
    use rand::{Rng, SeedableRng};
    let parts = [
        "(", ")", ",", "=", "!=", "<", "!", "'", "\"", "\\", " ", "a", "and", "or", "not", "in", "exists",
        "3", "é", "\u{0}",
    ];
    let mut random = rand::rngs::StdRng::seed_from_u64(5);
    for _ in 0..20_000 {
        let length = random.random_range(0..12);
        let text: String = (0..length).map(|_| *parts.choose(&mut random).unwrap()).collect();
        if let Err(error) = Filter::parse(&text) {
            assert_eq!(error.to_string().lines().count(), 3, "{text:?}");
        }
    }
}

#[test]
fn an_error_has_three_lines_whatever_it_quotes() {
    // A line's end in quotes, which is part of a value; found by fuzzing.
    for text in ["\0\u{1}\"\n!\"", "kind = a \"\nb\"", "\"no\ncolumn\" = 1 x"] {
        assert_eq!(refusal(text).lines().count(), 3, "{text:?}");
    }
}
