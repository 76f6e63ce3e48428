//! The tables, in Markdown.

use super::curve::RECALLS;
use super::measure::Entry;
use super::options::Options;
use super::sets::Set;
use std::fmt::Write;

/// Everything, one set after the other, then growth.
pub fn text(entries: &[Entry], options: &Options) -> String {
    let mut text = String::new();
    for of_set in entries.chunk_by(|a, b| a.set == b.set) {
        let first = &of_set[0];
        let _ = writeln!(
            text,
            "\n{}: {} vectors of {} numbers, {}, {} queries, M = {}, ef_construction = {}, best of {} turns\n",
            first.set,
            first.count,
            first.dimension,
            options.metric,
            options.queries,
            options.m,
            options.ef_construction,
            options.turns
        );
        text += &sizes(of_set);
        text.push('\n');
        text += &speeds(of_set);
        text.push('\n');
        text += &leads(of_set);
    }
    text + &growth(entries)
}

/// Time and memory of building, disk, opening, memory held.
fn sizes(entries: &[Entry]) -> String {
    let mut table = String::from("| |");
    let threads = || entries[0].builds.iter().map(|build| build.threads);
    threads().for_each(|threads| {
        let _ = write!(table, " build, {} |", in_words(threads));
    });
    table += " build memory | on disk | open | mapped | held after searching | of it for walks | bytes a vector, of it for walks |\n| --- |";
    table += &" ---: |".repeat(threads().count() + 7);
    for entry in entries {
        let _ = write!(table, "\n| {} |", entry.tool.name);
        for build in &entry.builds {
            let _ = write!(table, " {:.1} s |", build.seconds);
        }
        let mib = entry.builds.iter().map(|build| build.mib).fold(0.0, f64::max);
        let mapped = told(entry.map_seconds, |seconds| format!("{:.2} ms", 1e3 * seconds));
        let a_vector = |mib: f64| format!("{:.0}", mib * 1_048_576.0 / entry.count as f64);
        let _ = write!(
            table,
            " {mib:.0} MiB | {:.1} MB | {:.2} ms | {mapped} | {:.1} MiB | {} | {}, {} |",
            entry.bytes as f64 / 1e6,
            1e3 * entry.open_seconds,
            entry.held_mib,
            told(entry.walk_mib, |mib| format!("{mib:.1} MiB")),
            a_vector(entry.held_mib),
            told(entry.walk_mib, a_vector)
        );
    }
    table.push('\n');
    table
}

/// A figure, or that there is none.
fn told(figure: Option<f64>, in_words: impl Fn(f64) -> String) -> String {
    figure.map_or("–".to_owned(), in_words)
}

/// Queries a second at each recall.
fn speeds(entries: &[Entry]) -> String {
    let mut table = String::from("| | threads |");
    for recall in RECALLS {
        let _ = write!(table, " queries/s at {recall} |");
    }
    table += &format!("\n| --- | ---: |{}", " ---: |".repeat(RECALLS.len()));
    for i in 0..entries[0].curves.len() {
        for entry in entries {
            let (threads, curve) = &entry.curves[i];
            let _ = write!(table, "\n| {} | {threads} |", entry.tool.name);
            for recall in RECALLS {
                let speed = curve.speed_at(recall);
                let _ = write!(
                    table,
                    " {} |",
                    speed.map_or("–".to_owned(), |speed| format!("{speed:.0}"))
                );
            }
        }
    }
    table.push('\n');
    table
}

/// How many times as fast our fastest is as hnswlib, and as the fastest of FAISS and usearch.
fn leads(entries: &[Entry]) -> String {
    let mut text = String::new();
    for i in 0..entries[0].curves.len() {
        let best = |libraries: &[&str], recall: f64| {
            let some = entries
                .iter()
                .filter(|entry| libraries.contains(&entry.tool.library));
            let speeds =
                some.filter_map(|entry| Some((entry.curves[i].1.speed_at(recall)?, entry.tool.name)));
            speeds.max_by(|a, b| a.0.total_cmp(&b.0))
        };
        for recall in RECALLS {
            let Some((ours, name)) = best(&["sextant"], recall) else {
                continue;
            };
            let rivals = [best(&["hnswlib"], recall), best(&["faiss", "usearch"], recall)];
            let ratio = |(speed, name): (f64, &str)| format!("{:.2}× {name}", ours / speed);
            let ratios: Vec<String> = rivals.into_iter().flatten().map(ratio).collect();
            if !ratios.is_empty() {
                let threads = entries[0].curves[i].0;
                let _ = writeln!(
                    text,
                    "{}, recall {recall}: {name} is {}",
                    in_words(threads),
                    ratios.join(", ")
                );
            }
        }
    }
    text
}

/// Microseconds a query at recall 0.95 on the first number of threads, for kinds of sets in several sizes, beside the
/// growth of ln n.
fn growth(entries: &[Entry]) -> String {
    const RECALL: f64 = 0.95;
    let mut dimensions: Vec<usize> = entries.iter().filter_map(random_dimension).collect();
    dimensions.sort_unstable();
    dimensions.dedup();
    let mut text = String::new();
    for dimension in dimensions {
        let mut of_kind: Vec<&Entry> = entries
            .iter()
            .filter(|entry| random_dimension(entry) == Some(dimension))
            .collect();
        let mut counts: Vec<usize> = of_kind.iter().map(|entry| entry.count).collect();
        counts.sort_unstable();
        counts.dedup();
        if counts.len() < 2 {
            continue;
        }
        let heads: String = counts.iter().map(|count| format!(" {count} |")).collect();
        let _ = write!(
            text,
            "\nrandom-{dimension}: µs a query at recall {RECALL}, and as part of that with the fewest vectors\n\n\
             | |{heads}\n| --- |{}",
            " ---: |".repeat(counts.len())
        );
        let logs = counts
            .iter()
            .map(|&count| (count as f64).ln() / (counts[0] as f64).ln());
        let _ = write!(
            text,
            "\n| ln n |{}",
            logs.map(|part| format!(" {part:.2}× |")).collect::<String>()
        );
        of_kind.sort_by_key(|entry| (entry.tool.name, entry.count));
        for of_tool in of_kind.chunk_by(|a, b| a.tool == b.tool) {
            let costs = of_tool
                .iter()
                .map(|entry| Some(1e6 / entry.curves.first()?.1.speed_at(RECALL)?));
            let costs: Vec<Option<f64>> = costs.collect();
            let cell = |cost: &Option<f64>| match (cost, costs[0]) {
                (Some(cost), Some(first)) => format!(" {cost:.1} ({:.2}×) |", cost / first),
                (Some(cost), None) => format!(" {cost:.1} |"),
                (None, _) => " – |".to_owned(),
            };
            let cells: String = costs.iter().map(cell).collect();
            let _ = write!(text, "\n| {} |{cells}", of_tool[0].tool.name);
        }
        text.push('\n');
    }
    text
}

/// `1 thread`, `2 threads`.
pub fn in_words(threads: usize) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}

fn random_dimension(entry: &Entry) -> Option<usize> {
    match entry.set {
        Set::Random { dimension, .. } => Some(dimension),
        Set::MedQuad(_) => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::curve::{Curve, Point};
    use super::super::measure::Build;
    use super::super::tools;
    use super::*;

    /// A tool that reaches recall 0.95 at `speed` on one thread.
    pub fn entry(name: &str, set: &str, speed: f64) -> Entry {
        let set: Set = set.parse().unwrap();
        let Set::Random { dimension, count } = set else {
            panic!("a random set")
        };
        let point = |ef, recall, speed| Point { ef, recall, speed };
        Entry {
            set,
            count,
            dimension,
            tool: tools::chosen(&[name.to_owned()])[0],
            builds: vec![Build {
                threads: 1,
                seconds: 2.0,
                mib: 30.0,
                peak_mib: 99.0,
            }],
            bytes: 5_000_000,
            open_seconds: 0.25e-3,
            map_seconds: None,
            held_mib: 4.0,
            walk_mib: name.starts_with("Sextant").then_some(1.0),
            curves: vec![(
                1,
                Curve::new(vec![point(10, 0.5, 4.0 * speed), point(20, 0.95, speed)]),
            )],
        }
    }

    #[test]
    fn the_fastest_of_each_side_are_compared() {
        let of_set: Vec<Entry> = [
            ("Sextant int8", 900.0),
            ("Sextant float32", 300.0),
            ("hnswlib", 450.0),
            ("FAISS Flat", 500.0),
            ("usearch i8", 600.0),
        ]
        .map(|(name, speed)| entry(name, "random-4:1048576", speed))
        .into();
        let text = text(&of_set, &Options::default());
        for line in [
            "| hnswlib | 2.0 s | 30 MiB | 5.0 MB | 0.25 ms | – | 4.0 MiB | – | 4, – |",
            "| Sextant int8 | 2.0 s | 30 MiB | 5.0 MB | 0.25 ms | – | 4.0 MiB | 1.0 MiB | 4, 1 |",
            "| Sextant int8 | 1 | 1050 | 900 | – | – |",
            "1 thread, recall 0.95: Sextant int8 is 2.00× hnswlib, 1.50× usearch i8",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("recall 0.99:"), "{text}");
    }

    #[test]
    fn growth_is_shown_where_a_kind_has_several_sizes() {
        let one = [
            entry("hnswlib", "random-4:100", 1000.0),
            entry("hnswlib", "random-8:1000", 1.0),
        ];
        assert_eq!(growth(&one), "");
        let two = [
            entry("hnswlib", "random-4:10000", 500.0),
            entry("hnswlib", "random-4:100", 1000.0),
        ];
        let text = growth(&two);
        assert!(text.contains("| | 100 | 10000 |"), "{text}");
        assert!(text.contains("| ln n | 1.00× | 2.00× |"), "{text}");
        assert!(
            text.contains("| hnswlib | 1000.0 (1.00×) | 2000.0 (2.00×) |"),
            "{text}"
        );
    }
}
