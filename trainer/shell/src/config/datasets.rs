//! `[data]`, or `[[data]]` for each of several data sets.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Loss, Patterns};

/// One data set or several, in the order of the file; never none.
#[derive(Debug, Clone, PartialEq)]
pub struct Datasets(Vec<Data>);

impl Datasets {
    /// All of them.
    pub fn all(&self) -> &[Data] {
        &self.0
    }

    /// The patterns of all training files.
    pub fn patterns(&self) -> Vec<String> {
        self.0.iter().flat_map(|data| data.train.to_vec()).collect()
    }
}

/// A data set: where its pairs are and which columns hold them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Files or globs: Parquet, JSON Lines, a JSON array, CSV or TSV.
    pub train: Patterns,
    /// Column of the question side; without it `anchor`, else `query`, else `sentence1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Column of the answer side; without it `positive`, else `response`, else `sentence2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Columns of hard negatives; without it `negative`, `negative_1`, `negative_2`, … as far as there are
    /// any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negatives: Option<Vec<String>>,
    /// Column of the score that the loss compares with; without it, where the loss needs one, `score`, else
    /// `label`, else `similarity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// This data set's loss; without it, that of the section `[loss]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
}

impl Serialize for Datasets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [only] => only.serialize(serializer),
            all => all.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Datasets {
    /// Serde's untagged enums would do it too, but lose the line numbers of errors.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Datasets;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a section [data], or a section [[data]] for each data set")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Datasets, A::Error> {
                Data::deserialize(MapAccessDeserializer::new(map)).map(|data| Datasets(vec![data]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Datasets, A::Error> {
                let all = Vec::deserialize(SeqAccessDeserializer::new(sequence))?;
                if all.is_empty() {
                    return Err(serde::de::Error::custom(
                        "`data` is an empty list; name a data set",
                    ));
                }
                Ok(Datasets(all))
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, parse};
    use super::*;

    fn read(data: &str) -> Result<Datasets, String> {
        let text = format!("kind = \"contrastive\"\nname = \"m\"\n{data}");
        match parse(Path::new("m.toml"), &text) {
            Ok(Config::Contrastive(config)) => {
                let saved = toml::to_string(&config).unwrap();
                let again = parse(Path::new("saved"), &saved).unwrap();
                assert_eq!(again, Config::Contrastive(config.clone()), "{saved}");
                Ok(config.data)
            }
            Ok(_) => Err("another kind".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn one_section_or_several_are_read_and_saved() {
        assert_eq!(read("[data]\ntrain = \"a\"\n").unwrap().all().len(), 1);
        let two =
            "[[data]]\ntrain = \"a\"\n[[data]]\ntrain = [\"b\", \"c\"]\n[data.loss]\nkind = \"cosent\"\n";
        let two = read(two).unwrap();
        assert_eq!(two.patterns(), ["a", "b", "c"]);
        assert!(two.all()[1].loss.is_some());
    }

    #[test]
    fn an_error_in_a_data_set_has_its_line() {
        let message = read("[[data]]\ntrain = \"a\"\n[[data]]\ntrain = \"b\"\nanchr = \"c\"\n").unwrap_err();
        assert!(
            message.starts_with("m.toml, line 7: unknown key `anchr`"),
            "{message}"
        );
        assert!(read("data = 3\n").unwrap_err().contains("a section [data]"));
        assert!(read("data = []\n").unwrap_err().contains("empty list"));
    }
}
