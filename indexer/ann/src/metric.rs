//! What near means.

/// How the nearness of two vectors is measured. Scores are greater for nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The cosine of unit vectors, which is their inner product: -1 to 1. Rows and queries have to be of unit length.
    #[default]
    Cosine,
    /// The inner product of vectors of any length.
    Dot,
    /// The negative squared Euclidean distance: 0 for equal vectors.
    Euclidean,
}

impl Metric {
    /// All metrics, in the order of their numbers in files.
    pub const ALL: [Self; 3] = [Self::Cosine, Self::Dot, Self::Euclidean];

    /// The name on command lines and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::Euclidean => "euclidean",
        }
    }

    /// The score of two vectors of equal length.
    pub fn score(self, a: &[f32], b: &[f32]) -> f32 {
        match self {
            Self::Cosine | Self::Dot => crate::dot(a, b),
            Self::Euclidean => -crate::simd::squared_distance(a, b),
        }
    }
}

impl std::str::FromStr for Metric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|metric| metric.name() == name);
        found.ok_or_else(|| format!("expected cosine, dot or euclidean, found {name:?}"))
    }
}
