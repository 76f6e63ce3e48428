//! Text that cannot be used is refused with its reason.

use super::*;

#[test]
fn invalid_utf8_is_refused_with_its_line_or_replaced_and_counted() {
    let folder = Folder::new();
    let file = folder.write(
        "latin1.txt",
        b"one two three\nna\xefve na\xefve\nfour\nfa\xe7ade one\n",
    );
    let error = folder.refused(std::slice::from_ref(&file), &all_words());
    assert!(
        error.contains("latin1.txt") && error.contains("line 2"),
        "{error}"
    );
    let settings = CorpusSettings {
        invalid_utf8: InvalidUtf8::Replace,
        ..all_words()
    };
    let prepared = folder.prepare(&[file], &settings).unwrap();
    assert_eq!(prepared.report.lines_replaced, 2);
    assert_eq!(
        sentences(&prepared),
        ["one two three", "na ve na ve", "four", "fa ade one"]
    );
}

#[test]
fn binary_files_and_other_tables_are_refused_once() {
    let folder = Folder::new();
    for (name, bytes, expected) in [
        ("a.txt", &b"one two\nthree\0four\n"[..], "a NUL byte in line 2"),
        ("b.txt", b"\xff\xfe\xfa\xfb\xfc\xfd ab", "6 of the first 9 bytes"),
        ("c.jsonl", b"{}", "the ending .jsonl"),
        ("c.csv.gz", &gzip(b"x"), "the ending .csv"),
        ("d.gz", b"one two", "gzip data, as its name says"),
        ("d.zst", b"", "zstd data, as its name says"),
        ("d.parquet", b"one two", "a Parquet file, as its name says"),
        ("e.parquet", b"PAR1 and no more", "a damaged one"),
    ] {
        let file = folder.write(name, bytes);
        let settings = CorpusSettings {
            invalid_utf8: InvalidUtf8::Replace,
            ..all_words()
        };
        let error = folder.refused(&[file], &settings);
        assert!(error.contains(name) && error.contains(expected), "{error}");
    }
    let error = folder.refused(&[folder.path().to_owned()], &all_words());
    assert!(error.contains("a folder"), "{error}");
    let error = folder.refused(&[folder.path().join("missing.txt")], &all_words());
    assert!(error.contains("missing.txt"), "{error}");
}

#[test]
fn broken_packed_data_is_refused_with_its_place() {
    let folder = Folder::new();
    let text: String = (0..50_000)
        .map(|number| format!("line {}\n", number * 7919))
        .collect();
    for (name, packed) in [("a.gz", gzip(text.as_bytes())), ("a.zst", zstd(text.as_bytes()))] {
        let mut flipped = packed.clone();
        let middle = packed.len() / 2;
        flipped[middle..middle + 60].fill(0x55);
        for broken in [&packed[..middle], &flipped] {
            let file = folder.write(name, broken);
            let error = folder.refused(&[file], &all_words());
            assert!(
                error.contains(name) && error.contains("broken data in line") && error.contains("near byte"),
                "{error}"
            );
        }
    }
    let file = folder.write(
        "garbage.gz",
        [gzip(text.as_bytes()), b"garbage".to_vec()].concat(),
    );
    let error = folder.refused(&[file], &all_words());
    assert!(error.contains("line 50001"), "{error}");
    let rows = text.lines().map(Some).collect::<StringArray>();
    let file = folder.parquet("a.parquet", Arc::new(rows));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 400].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let error = folder.refused(&[file], &all_words());
    assert!(error.contains("a.parquet") && error.contains("broken"), "{error}");
}

#[test]
fn text_that_teaches_nothing_is_refused_with_the_counts() {
    let folder = Folder::new();
    let empty = folder.write("empty.txt", "");
    let signs = folder.write("signs.txt", " … \n--\n");
    let error = folder.refused(&[empty, signs], &all_words());
    assert!(
        error.contains("no word in 9 bytes") && error.contains("empty.txt"),
        "{error}"
    );
    assert!(folder.refused(&[], &all_words()).contains("no word"));

    let text = folder.write("a.txt", "a b c\nd a\na b a");
    let mut settings = CorpusSettings::default();
    let error = folder.refused(std::slice::from_ref(&text), &settings);
    assert!(
        error.contains("of 4 distinct words none was seen 5 times or more"),
        "{error}"
    );
    settings.min_count = 4;
    settings.max_vocabulary = Some(0);
    let error = folder.refused(&[text], &settings);
    assert!(error.contains("max_vocabulary is 0"), "{error}");

    let lone = folder.write("lone.txt", "a\na x\na\na y\na");
    let error = folder.refused(&[lone], &CorpusSettings::default());
    assert!(
        error.contains("of 3 distinct words only \"a\" was seen 5 times or more"),
        "{error}"
    );
}
