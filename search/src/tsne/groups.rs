//! Which colour each point gets: one for each of the most frequent categories, grey for what is left.
//!
//! More colours than a dozen cannot be told apart on a map; every point's own category stays in the hover
//! text and the CSV.

use std::collections::BTreeMap;

/// Twelve colours that people with any of the usual colour deficiencies tell apart: Martin Krzywinski's
/// 12-colour palette (mk.bcgsc.ca/colorblind), reordered so that the first few are dark enough on white.
pub const PALETTE: [[u8; 3]; 12] = [
    [0x00, 0x8d, 0xf9],
    [0xe2, 0x01, 0x34],
    [0x00, 0x9f, 0x81],
    [0xff, 0x6e, 0x3a],
    [0x84, 0x00, 0xcd],
    [0xff, 0xc3, 0x3b],
    [0x9f, 0x01, 0x62],
    [0x00, 0xc2, 0xf9],
    [0xff, 0x5a, 0xaf],
    [0x00, 0xfc, 0xcf],
    [0xa4, 0x01, 0x22],
    [0xff, 0xb2, 0xfd],
];
/// Categories beyond the palette.
const OTHER: [u8; 3] = [0x8c, 0x8c, 0x8c];
/// Documents without a category.
const NONE: [u8; 3] = [0xc8, 0xc8, 0xc8];

/// One line of the legend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The category, or what is left of them.
    pub name: String,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Points in it.
    pub count: usize,
}

/// The legend, and each point's line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Most frequent first, the grey ones last.
    pub legend: Vec<Group>,
    /// For each point its index in the legend.
    pub of_point: Vec<usize>,
    /// How many of the legend's lines are categories; the grey ones follow.
    pub colored: usize,
}

impl Groups {
    /// All points in one group, for a map without categories.
    pub fn single(points: usize) -> Self {
        let group = Group {
            name: "documents".to_owned(),
            color: PALETTE[0],
            count: points,
        };
        Self {
            legend: vec![group],
            of_point: vec![0; points],
            colored: 1,
        }
    }

    /// Groups points by category: the most frequent get colours, ties by name.
    pub fn of(categories: &[Option<String>]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for category in categories.iter().flatten() {
            *counts.entry(category).or_default() += 1;
        }
        let mut ordered: Vec<(&str, usize)> = counts.into_iter().collect();
        ordered.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let (top, rest) = ordered.split_at(ordered.len().min(PALETTE.len()));
        let mut legend: Vec<Group> = top
            .iter()
            .zip(PALETTE)
            .map(|((name, count), color)| Group {
                name: (*name).to_owned(),
                color,
                count: *count,
            })
            .collect();
        let colored = legend.len();
        if !rest.is_empty() {
            let count = rest.iter().map(|(_, count)| count).sum();
            legend.push(Group {
                name: format!("other ({} more)", rest.len()),
                color: OTHER,
                count,
            });
        }
        let other = colored;
        let none = legend.len();
        let missing = categories.iter().filter(|category| category.is_none()).count();
        if missing > 0 {
            legend.push(Group {
                name: "(none)".to_owned(),
                color: NONE,
                count: missing,
            });
        }
        let line: BTreeMap<&str, usize> = top.iter().map(|(name, _)| *name).zip(0..).collect();
        let of_point = categories
            .iter()
            .map(|category| {
                category
                    .as_deref()
                    .map_or(none, |name| *line.get(name).unwrap_or(&other))
            })
            .collect();
        Self {
            legend,
            of_point,
            colored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(names: &[&str]) -> Vec<Option<String>> {
        names.iter().map(|name| Some((*name).to_owned())).collect()
    }

    #[test]
    fn the_most_frequent_come_first_and_ties_go_by_name() {
        let groups = Groups::of(&some(&["b", "c", "a", "c"]));
        let names: Vec<_> = groups
            .legend
            .iter()
            .map(|group| (group.name.as_str(), group.count))
            .collect();
        assert_eq!(names, [("c", 2), ("a", 1), ("b", 1)]);
        assert_eq!(groups.of_point, [2, 0, 1, 0]);
    }

    #[test]
    fn the_thirteenth_category_and_missing_ones_are_grey() {
        let names: Vec<String> = (0..14).map(|n| format!("n{n:02}")).collect();
        let mut categories: Vec<Option<String>> = names.into_iter().map(Some).collect();
        categories.push(None);
        let groups = Groups::of(&categories);
        assert_eq!(groups.colored, 12);
        assert_eq!(groups.legend.len(), 14);
        assert_eq!(
            (groups.legend[12].name.as_str(), groups.legend[12].count),
            ("other (2 more)", 2)
        );
        assert_eq!(
            (groups.legend[13].name.as_str(), groups.legend[13].count),
            ("(none)", 1)
        );
        assert_eq!(groups.of_point[11..], [11, 12, 12, 13]);
    }

    #[test]
    fn colours_differ() {
        let distinct: std::collections::BTreeSet<_> = PALETTE.iter().chain([&OTHER, &NONE]).collect();
        assert_eq!(distinct.len(), 14);
    }
}
