//! Reading: everything checked, the vectors left in the file.

use safetensors::Dtype;

use super::super::mapping;
use super::super::tensors::Tensors;
use super::{FORMAT, VERSION};
use crate::corpus::Vocabulary;
use crate::error::{Result, WordsError};
use crate::subwords::Subwords;
use crate::word_vectors::{SubwordVectors, WordVectors};

/// Checks the version, the checksum and that the tensors fit each other.
pub(in super::super) fn read(tensors: Tensors) -> Result<WordVectors> {
    check_version(&tensors)?;
    check_hash(&tensors)?;
    let vectors = tensors.table("vectors")?;
    mapping::check_finite(tensors.path(), &vectors)?;
    let dimension = number(&tensors, "dimension")?;
    if vectors.dimension() != dimension {
        let found = format!("{}", vectors.dimension());
        return Err(tensors.wrong(format!("vectors of {dimension} numbers"), found));
    }
    let counts = tensors.list::<8>("counts", Dtype::U64)?;
    let letters = tensors.list::<1>("words", Dtype::U8)?.as_flattened();
    let words = letters.strip_suffix(b"\n").unwrap_or(letters);
    let words: Vec<&[u8]> = words.split(|&byte| byte == b'\n').collect();
    if words.len() != vectors.rows() || counts.len() != vectors.rows() {
        return Err(tensors.wrong(
            format!("{} words and counts, as there are vectors", vectors.rows()),
            format!("{} words and {} counts", words.len(), counts.len()),
        ));
    }
    let counted = words.into_iter().zip(counts);
    let vocabulary = Vocabulary::from_counts(counted.map(|(word, &count)| {
        let word = String::from_utf8_lossy(word).into_owned();
        (word, u64::from_le_bytes(count))
    }));
    let subwords = tensors
        .text("minn")
        .is_some()
        .then(|| read_subwords(&tensors, dimension))
        .transpose()?;
    Ok(WordVectors {
        vocabulary,
        vectors,
        subwords,
    })
}

fn check_version(tensors: &Tensors) -> Result<()> {
    if tensors.text("format") != Some(FORMAT) {
        return Err(WordsError::format(
            tensors.path(),
            "word vectors of Sextant's",
            "a safetensors file of another kind",
            "name the model's folder",
        ));
    }
    let version: u32 = number(tensors, "version")?;
    if version > VERSION {
        return Err(WordsError::format(
            tensors.path(),
            format!("version {VERSION} of Sextant's word vectors"),
            format!("version {version}"),
            "update Sextant",
        ));
    }
    Ok(())
}

fn check_hash(tensors: &Tensors) -> Result<()> {
    let expected = tensors.text("blake3").unwrap_or("none");
    let found = blake3::Hasher::new().update_rayon(tensors.data()).finalize();
    if expected != found.to_hex().as_str() {
        return Err(tensors.wrong(
            format!("the BLAKE3 checksum {expected}"),
            format!("{found}: the file is damaged"),
        ));
    }
    Ok(())
}

fn number<N: std::str::FromStr>(tensors: &Tensors, key: &str) -> Result<N> {
    let text = tensors.text(key).unwrap_or_default();
    text.parse()
        .map_err(|_| tensors.wrong(format!("a number as {key} in the header"), format!("{text:?}")))
}

fn read_subwords(tensors: &Tensors, dimension: usize) -> Result<SubwordVectors> {
    let subwords = Subwords {
        minn: number(tensors, "minn")?,
        maxn: number(tensors, "maxn")?,
        buckets: number(tensors, "buckets")?,
    };
    subwords
        .validate()
        .map_err(|error| tensors.wrong("n-grams that can be cut", error.to_string()))?;
    let vectors = tensors.table("bucket_vectors")?;
    mapping::check_finite(tensors.path(), &vectors)?;
    let ids = tensors.list::<4>("buckets", Dtype::U32)?;
    let buckets: Vec<u32> = ids.iter().map(|&id| u32::from_le_bytes(id)).collect();
    let ascending = buckets.is_sorted_by(|a, b| a < b);
    let below = buckets.last().is_none_or(|&last| last < subwords.buckets);
    if !ascending || !below || vectors.rows() != buckets.len() || vectors.dimension() != dimension {
        return Err(tensors.wrong(
            format!(
                "ascending buckets below {}, each with {dimension} numbers",
                subwords.buckets
            ),
            format!(
                "{} buckets and {} rows of {} numbers",
                buckets.len(),
                vectors.rows(),
                vectors.dimension()
            ),
        ));
    }
    Ok(SubwordVectors {
        subwords,
        buckets,
        vectors,
    })
}
