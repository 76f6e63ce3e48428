//! An encoder on libtorch that can also be trained and saved.

use std::collections::BTreeMap;
use std::path::Path;

use encoder::model::{Fingerprint, FolderWriter, ModelFolder};
use encoder::tokens::{TokenBatch, Tokenizer, Tokens};
use encoder::{Encoded, Encoder, EncoderError, Precision, Result, TextEncoder};
use tch::{Device, Kind, Tensor, nn};

use crate::bert::TorchBert;
use crate::tuning::Tuning;

/// Opens a model folder on `device` for encoding.
///
/// # Errors
/// A folder that is incomplete, damaged or uses something unsupported.
pub fn open(dir: &Path, device: Device) -> Result<Box<dyn Encoder>> {
    Ok(Box::new(TorchEncoder::open(dir, device)?.settled()?))
}

/// A model on libtorch: encodes, and gives the trainer its parameters and differentiable vectors.
pub struct TorchEncoder {
    folder: ModelFolder,
    encoder: TextEncoder<TorchBert>,
}

impl TorchEncoder {
    /// Opens a model folder on `device`.
    ///
    /// # Errors
    /// A folder that is incomplete, damaged or uses something unsupported.
    pub fn open(dir: &Path, device: Device) -> Result<Self> {
        Self::from_folder(ModelFolder::open(dir)?, device, &Tuning::default())
    }

    /// Opens a folder that was read before, perhaps with another maximum length, for a training that `tuning`
    /// describes.
    ///
    /// # Errors
    /// Damaged weights, or something that libtorch's model does not support.
    pub fn from_folder(folder: ModelFolder, device: Device, tuning: &Tuning) -> Result<Self> {
        let encoder = TextEncoder::new(
            &folder,
            folder.fingerprint()?,
            TorchBert::load(&folder, device, tuning)?,
        );
        Ok(Self { folder, encoder })
    }

    /// The same, computing in `precision`.
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.encoder.backend_mut().set_precision(precision);
        self
    }

    /// The same for encoding alone: what a precision other than the parameters' needs is made once and for all.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn settled(mut self) -> Result<Self> {
        self.encoder.backend_mut().settle()?;
        Ok(self)
    }

    /// The folder that the model came from.
    pub fn folder(&self) -> &ModelFolder {
        &self.folder
    }

    /// The parameters, with BERT's names whatever the family; LoRA's have the names of their matrices with
    /// `.lora_A` and `.lora_B`.
    pub fn var_store(&self) -> &nn::VarStore {
        self.encoder.backend().variables()
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.encoder.tokenizer()
    }

    /// Tokenizes texts one by one, in the order given, without padding or a prompt.
    ///
    /// # Errors
    /// What the tokenizer refuses.
    pub fn tokens(&self, texts: &[&str]) -> Result<Vec<Tokens>> {
        self.tokenizer().tokenize("", texts)
    }

    /// Tokenizes texts into one padded batch, in the order given, without a prompt.
    ///
    /// # Errors
    /// What the tokenizer refuses.
    pub fn tokenize(&self, texts: &[&str]) -> Result<TokenBatch> {
        Ok(TokenBatch::new(&self.tokens(texts)?, self.tokenizer().pad_id()))
    }

    /// Vectors of a batch, shape `(rows, dimension)`, on the device, pooled, normalized where the
    /// model does, differentiable; dropout is active where `train` is set.
    ///
    /// # Errors
    /// What libtorch refuses, such as a batch too large for the memory.
    pub fn embed(&self, batch: &TokenBatch, train: bool) -> Result<Tensor> {
        let vectors = self.embed_all(std::slice::from_ref(batch), train)?;
        Tensor::f_cat(&vectors, 0).map_err(EncoderError::compute("libtorch", "running the model"))
    }

    /// [`Self::embed`] of several batches, each on its own; what they have in common is done once.
    ///
    /// # Errors
    /// As [`Self::embed`].
    pub fn embed_all(&self, batches: &[TokenBatch], train: bool) -> Result<Vec<Tensor>> {
        self.encoder.backend().embed(batches, train)
    }

    /// What [`Self::embed`] gives without dropout, by rust-bert's own forward pass: the reference
    /// that the faster one is tested against.
    ///
    /// # Errors
    /// What rust-bert refuses.
    pub fn embed_by_rust_bert(&self, batch: &TokenBatch) -> Result<Tensor> {
        self.encoder.backend().embed_by_rust_bert(batch)
    }

    /// Writes a complete sentence-transformers folder into `dir`, which exists, with the parameters
    /// as they are now, and what LoRA learned added to its matrices.
    ///
    /// # Errors
    /// What the file system or libtorch refuses.
    pub fn save(&self, dir: &Path) -> Result<()> {
        let writer = FolderWriter::new(&self.folder);
        writer.write_configuration(dir)?;
        let mut tensors = BTreeMap::new();
        for (name, tensor) in self.encoder.backend().weights()? {
            let shape = tensor.size().into_iter().map(|size| size as usize).collect();
            let flat = tensor
                .detach()
                .to_device(Device::Cpu)
                .to_kind(Kind::Float)
                .contiguous()
                .view(-1);
            let values = Vec::<f32>::try_from(&flat)
                .map_err(EncoderError::compute("libtorch", "reading a parameter"))?;
            tensors.insert(name, (shape, values));
        }
        writer.write_weights(dir, &tensors)
    }
}

impl Encoder for TorchEncoder {
    fn dimension(&self) -> usize {
        self.encoder.dimension()
    }

    fn max_length(&self) -> usize {
        self.encoder.max_length()
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.encoder.fingerprint()
    }

    fn encode_queries(&self, texts: &[&str]) -> Result<Encoded> {
        self.encoder.encode_queries(texts)
    }

    fn encode_documents(&self, texts: &[&str]) -> Result<Encoded> {
        self.encoder.encode_documents(texts)
    }
}
