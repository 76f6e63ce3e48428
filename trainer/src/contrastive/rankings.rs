//! What the models found for the development set's questions: what is compared at the end, and set aside with a
//! training that is stopped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// For each question the rows of the passages found, best first.
pub type Hits = Vec<Vec<u32>>;

/// The hits of the base model, and of the weights that may be kept in the end, by the step after which they were
/// measured; the base model's is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rankings(BTreeMap<usize, Hits>);

impl Rankings {
    /// Adds what was found after `step`, and forgets all but that, the base model's and that of `other`.
    pub fn add(&mut self, step: usize, hits: Hits, other: Option<usize>) {
        self.0.retain(|&there, _| there == 0 || Some(there) == other);
        self.0.insert(step, hits);
    }

    /// Takes out the base model's and that of the weights of `step`, where both were measured.
    pub fn take(&mut self, step: usize) -> Option<[Hits; 2]> {
        Some([self.0.remove(&0)?, self.0.remove(&step)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_and_what_may_be_kept_are_remembered() {
        let mut rankings = Rankings::default();
        let hits = |row| vec![vec![row]];
        for step in [0, 10, 20] {
            rankings.add(step, hits(step as u32), None);
        }
        assert_eq!(rankings.clone().take(10), None);
        assert_eq!(rankings.clone().take(20), Some([hits(0), hits(20)]));
        rankings.add(30, hits(30), Some(20));
        rankings.add(40, hits(40), Some(20));
        assert_eq!(rankings.clone().take(20), Some([hits(0), hits(20)]));
        assert_eq!(rankings.clone().take(30), None);
        let json = serde_json::to_string(&rankings).unwrap();
        assert_eq!(serde_json::from_str::<Rankings>(&json).unwrap(), rankings);
    }
}
