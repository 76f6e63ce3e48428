//! The settings that a model was learned with.

use crate::error::Result;
use crate::subwords::Subwords;

use super::MAGIC;
use super::fields::Fields;

/// What the reader needs of the settings.
pub(super) struct Header {
    pub(super) dimension: usize,
    /// Rows of the buckets, which are there even where no n-gram is so short or so long.
    pub(super) buckets: usize,
    /// `None` where words have no n-grams.
    pub(super) subwords: Option<Subwords>,
}

pub(super) fn read(fields: &mut Fields) -> Result<Header> {
    signature(fields)?;
    let dimension = fields.size("dim", 1)?;
    for name in ["ws", "epoch", "minCount", "neg", "wordNgrams", "loss"] {
        fields.int(name)?;
    }
    match fields.int("model")? {
        1 | 2 => {}
        3 => {
            return Err(fields.refused(
                "a model learned with cbow or skipgram",
                "a supervised one",
                "use its .vec file, or train one with `fasttext skipgram`",
            ));
        }
        other => return Err(fields.damaged("model: 1 (cbow), 2 (skipgram) or 3 (supervised)", other)),
    }
    let buckets = fields.size("bucket", 0)?;
    let minn = fields.size("minn", 0)?;
    let maxn = fields.size("maxn", 0)?;
    fields.int("lrUpdateRate")?;
    fields.long("t")?;
    Ok(Header {
        dimension,
        buckets,
        subwords: subwords(fields, minn, maxn, buckets)?,
    })
}

fn signature(fields: &mut Fields) -> Result<()> {
    let magic = fields.int("the number that a fastText .bin file starts with")?;
    if magic.cast_unsigned() != MAGIC {
        return Err(fields.refused(
            &format!("the number {MAGIC}, which a fastText .bin file starts with"),
            &magic.cast_unsigned().to_string(),
            "name a .bin file that fastText saved, or its .vec file",
        ));
    }
    let version = fields.int("the version")?;
    if !(11..=12).contains(&version) {
        return Err(fields.refused(
            "version 11 or 12 of fastText's .bin files",
            &format!("version {version}"),
            "train it again with fastText 0.9, or use its .vec file",
        ));
    }
    Ok(())
}

/// A shortest n-gram of no character is one of one character, for fastText and here.
fn subwords(fields: &Fields, minn: usize, maxn: usize, buckets: usize) -> Result<Option<Subwords>> {
    let minn = minn.max(1);
    if maxn < minn {
        return Ok(None);
    }
    let subwords = Subwords {
        minn,
        maxn,
        // It was an `i32`.
        buckets: buckets as u32,
    };
    match subwords.validate() {
        Ok(()) => Ok(Some(subwords)),
        Err(_) => Err(fields.damaged(
            "maxn: a number up to 100, and bucket: a number between 1 and 100000000",
            format!("maxn {maxn} and bucket {buckets}"),
        )),
    }
}
