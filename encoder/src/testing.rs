//! Encoders for the tests of other crates: a tiny random BERT and a tiny static model on disk, and a hash encoder
//! in memory.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::encode::{Encoded, Encoder};
use crate::model::{Fingerprint, NewStatic, TOKENIZER_FILE, write_static};
use crate::vectors::Vectors;
use crate::{EncoderError, Result};

const HIDDEN: usize = 32;
const WIDE: usize = 64;
const LAYERS: usize = 2;
const POSITIONS: usize = 128;
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const WORDS: &str = "a an and are as at blood body by can cause causes chest common cough day diabetes disease doctor \
    does drug eye fever food for from have headache health heart high how i if in infection is it joint kidney legs \
    liver low lung may me medicine mild my need of often on or pain patient people pressure rash rest risk severe \
    should sign skin sleep sore stomach sugar swelling symptom symptoms test that the thirst throat tired to treat \
    treatment treatments urine used virus water weight what when who why with you";

/// Writes a complete sentence-transformers folder of a BERT with random weights: dimension 32, two
/// layers, mean pooling, normalized, 128 tokens. The same `seed` gives the same bytes. `dir` is made.
///
/// # Errors
/// What the file system refuses.
pub fn write_tiny_model(dir: &Path, seed: u64) -> Result<()> {
    std::fs::create_dir_all(dir.join("1_Pooling")).map_err(EncoderError::write(dir))?;
    let vocabulary = vocabulary();
    let write = |name: &str, value: Value| {
        let path = dir.join(name);
        std::fs::write(&path, value.to_string()).map_err(EncoderError::write(&path))
    };
    write("config.json", config(vocabulary.len()))?;
    write(TOKENIZER_FILE, tokenizer(&vocabulary))?;
    write(
        "tokenizer_config.json",
        json!({"tokenizer_class": "BertTokenizer", "do_lower_case": true}),
    )?;
    write(
        "sentence_bert_config.json",
        json!({"max_seq_length": POSITIONS, "do_lower_case": false}),
    )?;
    write(
        "1_Pooling/config.json",
        json!({"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": true}),
    )?;
    let module = |index: usize, path: &str, kind: &str| {
        let kind = format!("sentence_transformers.models.{kind}");
        json!({"idx": index, "name": index.to_string(), "path": path, "type": kind})
    };
    let modules = [
        module(0, "", "Transformer"),
        module(1, "1_Pooling", "Pooling"),
        module(2, "2_Normalize", "Normalize"),
    ];
    write("modules.json", Value::from(modules.to_vec()))?;
    let path = dir.join(crate::model::WEIGHTS_FILE);
    std::fs::write(&path, weights(vocabulary.len(), seed)?).map_err(EncoderError::write(&path))
}

fn vocabulary() -> Vec<String> {
    let characters = || ('a'..='z').chain('0'..='9');
    let mut all: Vec<String> = SPECIAL.iter().map(|&token| token.to_owned()).collect();
    all.extend(characters().map(String::from));
    all.extend(characters().map(|character| format!("##{character}")));
    all.extend(".,;:?!-'()\"/%".chars().map(String::from));
    for word in WORDS.split_whitespace().filter(|word| word.len() > 1) {
        all.push(word.to_owned());
    }
    all
}

fn config(vocabulary: usize) -> Value {
    json!({
        "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu",
        "vocab_size": vocabulary, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": 4,
        "intermediate_size": WIDE, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "layer_norm_eps": 1e-12, "pad_token_id": 0,
        "initializer_range": 0.02,
    })
}

fn tokenizer(vocabulary: &[String]) -> Value {
    let ids: serde_json::Map<String, Value> = (0..)
        .zip(vocabulary)
        .map(|(id, token)| (token.clone(), Value::from(id)))
        .collect();
    let added: Vec<Value> = (0..)
        .zip(SPECIAL)
        .map(|(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        })
        .collect();
    let special = |token: &str, id: u32| json!({"id": token, "ids": [id], "tokens": [token]});
    let template = |kind: u32, sequence: &str| json!({"Sequence": {"id": sequence, "type_id": kind}});
    let token = |name: &str, kind: u32| json!({"SpecialToken": {"id": name, "type_id": kind}});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [token("[CLS]", 0), template(0, "A"), token("[SEP]", 0)],
            "pair": [token("[CLS]", 0), template(0, "A"), token("[SEP]", 0), template(1, "B"), token("[SEP]", 1)],
            "special_tokens": {"[CLS]": special("[CLS]", 2), "[SEP]": special("[SEP]", 3)}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids},
    })
}

/// A linear congruential generator (Knuth's MMIX constants): no dependency for a test's weights.
struct Lcg(u64);

impl Lcg {
    /// Uniform in -1..1.
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

fn weights(vocabulary: usize, seed: u64) -> Result<Vec<u8>> {
    let mut random = Lcg(seed ^ 0x5e47_a947);
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    let mut add = |name: String, shape: &[usize], mut value: Box<dyn FnMut() -> f32 + '_>| {
        let count = shape.iter().product();
        let bytes = std::iter::repeat_with(&mut value)
            .take(count)
            .flat_map(f32::to_le_bytes)
            .collect();
        tensors.insert(name, (shape.to_vec(), bytes));
    };
    for (name, rows, scale) in [
        ("word", vocabulary, 1.0),
        ("position", POSITIONS, 0.05),
        ("token_type", 2, 0.05),
    ] {
        add(
            format!("embeddings.{name}_embeddings.weight"),
            &[rows, HIDDEN],
            Box::new(|| random.next() * scale),
        );
    }
    let mut norms = vec!["embeddings".to_owned()];
    for layer in 0..LAYERS {
        let prefix = format!("encoder.layer.{layer}");
        let square = [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ];
        let linears = square.map(|name| (name, HIDDEN, HIDDEN));
        for (name, rows, columns) in linears.into_iter().chain([
            ("intermediate.dense", WIDE, HIDDEN),
            ("output.dense", HIDDEN, WIDE),
        ]) {
            add(
                format!("{prefix}.{name}.weight"),
                &[rows, columns],
                Box::new(|| random.next() * 0.2),
            );
            add(
                format!("{prefix}.{name}.bias"),
                &[rows],
                Box::new(|| random.next() * 0.02),
            );
        }
        norms.extend([format!("{prefix}.attention.output"), format!("{prefix}.output")]);
    }
    for norm in norms {
        add(format!("{norm}.LayerNorm.weight"), &[HIDDEN], Box::new(|| 1.0));
        add(format!("{norm}.LayerNorm.bias"), &[HIDDEN], Box::new(|| 0.0));
    }
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes)
            .map(|view| (name, view))
    });
    let views: std::result::Result<Vec<_>, _> = views.collect();
    views
        .and_then(|views| safetensors::serialize(views, None))
        .map_err(EncoderError::compute("safetensors", "laying out the tiny model"))
}

/// Writes a complete folder of a static model with random vectors for the words of the tiny BERT and for the phrase
/// `high pressure`, and zeros for all others: dimension 32, normalized. `dir` is made.
///
/// # Errors
/// What the file system refuses.
pub fn write_tiny_static_model(dir: &Path, seed: u64) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(EncoderError::write(dir))?;
    let names: Vec<&str> = WORDS
        .split_whitespace()
        .chain(["high pressure", "[UNK]"])
        .collect();
    let ids: serde_json::Map<String, Value> = (0..)
        .zip(&names)
        .map(|(id, name)| ((*name).to_owned(), Value::from(id)))
        .collect();
    let unknown = names.len() - 1;
    let phrase = json!({"id": unknown - 1, "content": "high pressure", "single_word": true, "lstrip": false,
        "rstrip": false, "normalized": true, "special": false});
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [phrase],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": "[UNK]"},
    });
    let model = NewStatic {
        tokenizer: &tokenizer.to_string(),
        rows: names.len(),
        dimension: HIDDEN,
        normalize: true,
    };
    let mut random = Lcg(seed ^ 0x57a7_1c00);
    write_static(dir, model, |token, row| {
        if token != unknown {
            row.iter_mut().for_each(|value| *value = random.next());
        }
    })
}

/// Adds one pseudo-random unit-size component per word: texts with common words are near each
/// other. Deterministic, without files.
pub struct HashEncoder {
    fingerprint: Fingerprint,
}

impl HashEncoder {
    /// An encoder into `dimension` numbers.
    pub fn new(dimension: usize) -> Self {
        let fingerprint = Fingerprint {
            weights: "hash".into(),
            tokenizer: "whitespace".into(),
            architecture: "hash".into(),
            pooling: "mean".into(),
            normalize: true,
            dimension,
            truncated_from: None,
            max_length: usize::MAX,
            query_prompt: String::new(),
            document_prompt: String::new(),
        };
        Self { fingerprint }
    }

    /// The same, said to be the beginnings of the vectors of an encoder into `full` numbers, which they are.
    pub fn truncated_from(mut self, full: usize) -> Self {
        self.fingerprint.truncated_from = Some(full);
        self
    }

    fn encode(&self, texts: &[&str]) -> Encoded {
        let dimension = self.fingerprint.dimension;
        let mut vectors = Vectors::new(dimension);
        let mut tokens = 0;
        for text in texts {
            let mut row = vec![0.0_f32; dimension];
            for word in text.split_whitespace() {
                tokens += 1;
                let word = word.to_lowercase();
                let seed = word.bytes().fold(7_u64, |hash, byte| {
                    hash.wrapping_mul(31).wrapping_add(byte.into())
                });
                let mut random = Lcg(seed);
                random.next();
                row.iter_mut().for_each(|value| *value += random.next());
            }
            let length = row
                .iter()
                .map(|value| value * value)
                .sum::<f32>()
                .sqrt()
                .max(1e-12);
            row.iter_mut().for_each(|value| *value /= length);
            vectors.push(&row);
        }
        Encoded {
            vectors,
            truncated: 0,
            tokens,
        }
    }
}

impl Encoder for HashEncoder {
    fn dimension(&self) -> usize {
        self.fingerprint.dimension
    }

    fn max_length(&self) -> usize {
        self.fingerprint.max_length
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn encode_queries(&self, texts: &[&str]) -> Result<Encoded> {
        Ok(self.encode(texts))
    }

    fn encode_documents(&self, texts: &[&str]) -> Result<Encoded> {
        Ok(self.encode(texts))
    }
}
