//! Queries and judgements in BEIR's form; judgements in TREC's too.

use std::collections::BTreeMap;
use std::path::Path;

use crate::tables::BYTE_ORDER_MARK;
use crate::{EncoderError, Result, tables};

/// A question of an evaluation set.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Unique in its file.
    pub id: String,
    /// The question.
    pub text: String,
}

/// Query id → document id → grade; a grade above 0 is relevant.
pub type Qrels = BTreeMap<String, BTreeMap<String, u32>>;

/// Reads `queries.jsonl` (or any table): the columns `_id` or `id`, and `text`.
///
/// # Errors
/// An unreadable file, a row without id or text, an id that occurs twice, no rows.
pub fn read_queries(path: &Path) -> Result<Vec<Query>> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut queries = Vec::new();
    for row in tables::open(path)? {
        let row = row?;
        let id = row.id(
            path,
            if row.values.contains_key("_id") {
                "_id"
            } else {
                "id"
            },
        )?;
        let text = row.text(path, "text")?.to_owned();
        if let Some(first) = seen.insert(id.clone(), row.number) {
            return Err(row.bad(
                path,
                "an id of its own",
                format!("{id:?}, which row {first} has"),
                "rename one",
            ));
        }
        queries.push(Query { id, text });
    }
    if queries.is_empty() {
        return Err(EncoderError::format(
            path,
            "at least one query",
            "none",
            "give a file with queries",
        ));
    }
    Ok(queries)
}

/// Reads judgements: BEIR's tab-separated `query-id corpus-id score` with a header line, or TREC's
/// four columns `query 0 document grade` without one.
///
/// # Errors
/// An unreadable file, a line with another number of columns or a grade that is not a whole number, two grades for one
/// document, no judgements.
pub fn read_qrels(path: &Path) -> Result<Qrels> {
    let text = tables::text(path)?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let lines = || (1..).zip(text.lines());
    let mut qrels = Qrels::new();
    for (number, line) in lines() {
        let Some((query, document, grade)) = judgement(path, number, line)? else {
            continue;
        };
        let grades = qrels.entry(query.to_owned()).or_default();
        let before = grades.insert(document.to_owned(), grade);
        if before.is_some_and(|before| before != grade) {
            let of_it = |(number, line)| {
                let read = judgement(path, number, line);
                matches!(read, Ok(Some((q, d, _))) if (q, d) == (query, document))
            };
            let first = lines().position(of_it).map_or(0, |at| at + 1);
            return Err(EncoderError::Row {
                path: path.to_owned(),
                row: number,
                expected: "one grade for each document of a query".into(),
                found: format!("another for {document} of {query} than in row {first}"),
                help: "remove one of the two".into(),
            });
        }
    }
    if qrels.is_empty() {
        return Err(EncoderError::format(
            path,
            "judgements",
            "none",
            "give a file with qrels",
        ));
    }
    Ok(qrels)
}

/// The judgements of the queries that have a relevant document, as [`read_qrels`] reads them.
///
/// # Errors
/// As [`read_qrels`]; no grade above 0.
pub fn read_relevant(path: &Path) -> Result<Qrels> {
    let mut qrels = read_qrels(path)?;
    qrels.retain(|_, grades| grades.values().any(|&grade| grade > 0));
    if qrels.is_empty() {
        let expected = "a judgement with a grade above 0";
        return Err(EncoderError::format(
            path,
            expected,
            "none",
            "give a file with qrels",
        ));
    }
    Ok(qrels)
}

/// Query, document and grade of a line; `None` for a header and an empty line.
fn judgement<'l>(path: &Path, number: u64, line: &'l str) -> Result<Option<(&'l str, &'l str, u32)>> {
    // With tabs an id may hold spaces; without them the line is TREC's.
    let columns: Vec<&str> = match line.contains('\t') {
        true => line.trim_end().split('\t').collect(),
        false => line.split_whitespace().collect(),
    };
    let header = number == 1 && columns.first().is_some_and(|first| HEADERS.contains(first));
    if columns.is_empty() || header {
        return Ok(None);
    }
    let (query, document, grade) = match columns[..] {
        [query, document, grade] | [query, _, document, grade] => (query, document, grade),
        _ => return Err(bad_line(path, number, format!("{} columns", columns.len()))),
    };
    let bad_grade = || bad_line(path, number, format!("the grade {grade:?}"));
    let number: i64 = grade.parse().map_err(|_| bad_grade())?;
    // TREC marks spam with negative grades; for the metrics that is "not relevant".
    let grade = u32::try_from(number.max(0)).map_err(|_| bad_grade())?;
    Ok(Some((query, document, grade)))
}

/// What the first column is called in a header line.
const HEADERS: [&str; 4] = ["query-id", "query_id", "qid", "query"];

fn bad_line(path: &Path, number: u64, found: String) -> EncoderError {
    EncoderError::Row {
        path: path.to_owned(),
        row: number,
        expected: "`query-id corpus-id score` (BEIR) or `query 0 document grade` (TREC)".into(),
        found,
        help: "correct that line".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qrels_of(text: &str) -> Result<Qrels> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qrels.tsv");
        std::fs::write(&path, text).unwrap();
        read_qrels(&path)
    }

    #[test]
    fn reads_both_forms_of_judgements() {
        let beir = qrels_of("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n").unwrap();
        let trec = qrels_of("q1 0 d1 2\nq1 0 d2 -1\n").unwrap();
        assert_eq!(beir, trec);
        assert_eq!(beir["q1"]["d1"], 2);
    }

    #[test]
    fn a_mark_of_the_byte_order_is_no_part_of_an_id_and_two_grades_for_one_document_are_refused() {
        let marked = qrels_of("\u{feff}query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td1\t2\n").unwrap();
        assert_eq!(marked, qrels_of("\u{feff}q1\td1\t2\n").unwrap());
        let error = qrels_of("q1 0 d1 1\nq1 0 d2 1\nq1 0 d1 0\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("row 3") && error.contains("another for d1 of q1 than in row 1"),
            "{error}"
        );
    }

    #[test]
    fn ids_with_spaces_are_kept_whole_and_a_bad_first_line_is_no_header() {
        let qrels = qrels_of("q 1\tdoc 1\t1\n").unwrap();
        assert_eq!(qrels["q 1"]["doc 1"], 1);
        assert!(
            qrels_of("q1\td1\thigh\n")
                .unwrap_err()
                .to_string()
                .contains("row 1")
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = qrels_of("query-id\tcorpus-id\tscore\nq1\td1\thigh\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("row 2") && error.contains("\"high\""), "{error}");
        assert!(qrels_of("").is_err());
    }

    #[test]
    fn a_query_id_used_twice_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queries.jsonl");
        std::fs::write(
            &path,
            "{\"_id\":\"a\",\"text\":\"x\"}\n{\"_id\":\"a\",\"text\":\"y\"}\n",
        )
        .unwrap();
        let error = read_queries(&path).unwrap_err().to_string();
        assert!(error.contains("row 2") && error.contains("row 1"), "{error}");
    }
}
