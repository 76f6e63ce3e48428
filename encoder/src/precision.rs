//! In which numbers the layers of a model compute.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The values of `--precision` and of a configuration's `precision`.
///
/// Parameters, LayerNorm, pooling and vectors have 32 bits in both cases. What differs is the matrix products,
/// attention and GELU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits; on CUDA devices that have it, products of TF32 numbers (10 bits of mantissa) summed in 32 bits.
    #[default]
    Float32,
    /// bfloat16, 16 bits, 7 of them mantissa: twice as fast or more where the processor has instructions for it.
    Bf16,
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "float32" => Ok(Self::Float32),
            "bf16" => Ok(Self::Bf16),
            _ => Err(format!("expected float32 or bf16, found {text:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_are_parsed_as_they_are_written() {
        for (text, precision) in [("float32", Precision::Float32), ("bf16", Precision::Bf16)] {
            assert_eq!(text.parse(), Ok(precision));
            assert_eq!(serde_json::to_value(precision).unwrap(), text);
        }
        assert!(
            "fp16"
                .parse::<Precision>()
                .unwrap_err()
                .contains("found \"fp16\"")
        );
    }
}
