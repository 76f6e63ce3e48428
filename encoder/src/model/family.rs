//! The BERT family: models that differ in their embeddings and in the names of their parameters, and compute
//! their layers alike.
//!
//! Inside this project every parameter has BERT's name, so that backends, optimizers and checkpoints know one
//! set of names; a family's own are used in its files alone.

/// The `model_type` of all that are read, for messages.
pub(super) const MODEL_TYPES: &str = "bert, roberta, xlm-roberta, distilbert, mpnet";

/// Which relative of BERT a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// BERT (Devlin et al. 2019), among it MiniLM, BGE, E5 and GTE.
    Bert,
    /// RoBERTa (Liu et al. 2019): positions are counted from behind the padding's id, texts are byte-level BPE.
    Roberta,
    /// XLM-R (Conneau et al. 2020), such as the multilingual E5: RoBERTa with a unigram vocabulary.
    XlmRoberta,
    /// DistilBERT (Sanh et al. 2019): no token types, other names.
    DistilBert,
    /// MPNet (Song et al. 2020): no token types, positions as RoBERTa's, and how far apart two tokens are counts in every
    /// attention ([`relative_buckets`](super::relative_buckets)).
    Mpnet,
}

/// A part of a DistilBERT's layer: BERT's name and its own.
const DISTILBERT_PARTS: [(&str, &str); 8] = [
    ("attention.self.query", "attention.q_lin"),
    ("attention.self.key", "attention.k_lin"),
    ("attention.self.value", "attention.v_lin"),
    ("attention.output.dense", "attention.out_lin"),
    ("attention.output.LayerNorm", "sa_layer_norm"),
    ("intermediate.dense", "ffn.lin1"),
    ("output.dense", "ffn.lin2"),
    ("output.LayerNorm", "output_layer_norm"),
];

/// The same of an MPNet's.
const MPNET_PARTS: [(&str, &str); 5] = [
    ("attention.self.query", "attention.attn.q"),
    ("attention.self.key", "attention.attn.k"),
    ("attention.self.value", "attention.attn.v"),
    ("attention.output.dense", "attention.attn.o"),
    ("attention.output.LayerNorm", "attention.LayerNorm"),
];

impl Family {
    const ALL: [Self; 5] = [
        Self::Bert,
        Self::Roberta,
        Self::XlmRoberta,
        Self::DistilBert,
        Self::Mpnet,
    ];

    /// The family with this `model_type` in `config.json`.
    pub(super) fn of(model_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == model_type)
    }

    /// Its `model_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bert => "bert",
            Self::Roberta => "roberta",
            Self::XlmRoberta => "xlm-roberta",
            Self::DistilBert => "distilbert",
            Self::Mpnet => "mpnet",
        }
    }

    /// Whether a token's type counts, which of a text by itself is the first.
    pub(super) fn has_token_types(self) -> bool {
        !matches!(self, Self::DistilBert | Self::Mpnet)
    }

    /// Whether the first token's position is one more than the padding's id, and tokens with that id do not count.
    pub fn counts_from_padding(self) -> bool {
        matches!(self, Self::Roberta | Self::XlmRoberta | Self::Mpnet)
    }

    /// The id of padding where `config.json` does not say.
    pub(super) fn usual_padding(self) -> usize {
        usize::from(self.counts_from_padding())
    }

    /// The family's own name of the parameter that BERT calls `name`.
    pub fn checkpoint_name(self, name: &str) -> String {
        let (layers, parts): (_, &[(&str, &str)]) = match self {
            Self::Bert | Self::Roberta | Self::XlmRoberta => return name.to_owned(),
            Self::DistilBert => ("transformer", &DISTILBERT_PARTS),
            Self::Mpnet => ("encoder", &MPNET_PARTS),
        };
        let renamed = name.strip_prefix("encoder.layer.").and_then(|rest| {
            let (layer, rest) = rest.split_once('.')?;
            let (part, kind) = rest.rsplit_once('.')?;
            let (_, own) = parts.iter().find(|(berts, _)| *berts == part)?;
            Some(format!("{layers}.layer.{layer}.{own}.{kind}"))
        });
        renamed.unwrap_or_else(|| name.to_owned())
    }

    /// All names that checkpoints have for the parameter that BERT calls `name`, the usual one first: bare as
    /// a model without a head is saved, behind the family's prefix as one with a head is, and with the names of
    /// LayerNorm's parameters that the first BERTs were published with.
    pub(super) fn known_names(self, name: &str) -> Vec<String> {
        let prefix = match self {
            Self::Bert => "bert",
            Self::Roberta | Self::XlmRoberta => "roberta",
            Self::DistilBert => "distilbert",
            Self::Mpnet => "mpnet",
        };
        let own = self.checkpoint_name(name);
        let mut names = vec![own.clone(), format!("{prefix}.{own}")];
        let first = own
            .strip_suffix("LayerNorm.weight")
            .map(|part| format!("{part}LayerNorm.gamma"))
            .or_else(|| {
                own.strip_suffix("LayerNorm.bias")
                    .map(|part| format!("{part}LayerNorm.beta"))
            });
        names.extend(first.into_iter().flat_map(|own| [format!("{prefix}.{own}"), own]));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_layers_have_other_names() {
        let name = "encoder.layer.3.attention.output.LayerNorm.bias";
        assert_eq!(Family::Roberta.checkpoint_name(name), name);
        assert_eq!(
            Family::DistilBert.checkpoint_name(name),
            "transformer.layer.3.sa_layer_norm.bias"
        );
        assert_eq!(
            Family::Mpnet.checkpoint_name(name),
            "encoder.layer.3.attention.LayerNorm.bias"
        );
        let wide = "encoder.layer.3.intermediate.dense.weight";
        assert_eq!(Family::Mpnet.checkpoint_name(wide), wide);
        for family in [Family::DistilBert, Family::Mpnet] {
            let embeddings = "embeddings.LayerNorm.weight";
            assert_eq!(family.checkpoint_name(embeddings), embeddings);
        }
    }

    #[test]
    fn prefixes_and_the_first_names_of_layer_norm_are_known() {
        let names = Family::XlmRoberta.known_names("embeddings.LayerNorm.bias");
        let expected = [
            "embeddings.LayerNorm.bias",
            "roberta.embeddings.LayerNorm.bias",
            "roberta.embeddings.LayerNorm.beta",
            "embeddings.LayerNorm.beta",
        ];
        assert_eq!(names, expected);
    }
}
