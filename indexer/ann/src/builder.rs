//! Who makes graphs.

/// Who links the rows to a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Builder {
    /// Parallel batches of our own: the same bits at any number of threads.
    #[default]
    Batches,
    /// The crate hnsw_rs: distances between vectors in full; with several threads, no two builds are the same. Not for
    /// [`Metric::Dot`](crate::Metric::Dot), because it takes a negative distance for a mistake.
    HnswRs,
}

impl Builder {
    /// Both, in the order of preference.
    pub const ALL: [Self; 2] = [Self::Batches, Self::HnswRs];

    /// The name on command lines and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Batches => "batches",
            Self::HnswRs => "hnsw_rs",
        }
    }
}

impl std::str::FromStr for Builder {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|builder| builder.name() == name);
        found.ok_or_else(|| format!("expected batches or hnsw_rs, found {name:?}"))
    }
}
