//! Opens the encoder that was asked for.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use encoder::model::{Architecture, Dimensions, ModelFolder, StaticFolder};
use encoder::{DeviceChoice, Encoder, Precision};
use encoder_torch::{TorchEncoder, Tuning};
use indexer::Manifest;

use super::args::{Backend, EncodingArguments};
use super::output;

/// Loads the model in `dir` with the backend and on the device of the command line, with vectors cut to as many
/// numbers as `kept` says of those that the model computes, if it says so. A static model has a backend of its own: there is nothing in it for a numerical library to do.
pub fn open(
    dir: &Path,
    arguments: &EncodingArguments,
    kept: impl Fn(usize) -> Option<usize>,
) -> anyhow::Result<Box<dyn Encoder>> {
    if Architecture::of(dir)? == Architecture::Static {
        if matches!(arguments.device, DeviceChoice::Cuda(_)) {
            bail!(
                "--device: {} is a static model, a table of word vectors, which is looked up on the CPU only; \
                 use --device cpu",
                dir.display()
            );
        }
        if arguments.precision != Precision::Float32 {
            bail!(
                "--precision: {} is a static model, a table of word vectors, in which nothing is multiplied; leave it out",
                dir.display()
            );
        }
        let mut folder = StaticFolder::open(dir)?;
        if let Some(kept) = kept(folder.dimensions().full()) {
            folder = folder.with_truncate_dim(kept)?;
        }
        warn(dir, folder.dimensions());
        return Ok(encoder::load_static(&folder)?);
    }
    let mut folder = ModelFolder::open(dir)?;
    if let Some(kept) = kept(folder.dimensions().full()) {
        folder = folder.with_truncate_dim(kept)?;
    }
    warn(dir, folder.dimensions());
    match (arguments.backend, arguments.device) {
        (Backend::Torch, choice) => {
            let device =
                encoder_torch::select_device(choice, |note| output::message(format_args!("{note}")))?;
            if let Some(note) = encoder_torch::note_on_precision(arguments.precision, device) {
                output::message(format_args!("note: {note}"));
            }
            let encoder = TorchEncoder::from_folder(folder, device, &Tuning::default())?;
            Ok(Box::new(encoder.with_precision(arguments.precision).settled()?))
        }
        (Backend::Candle, _) if arguments.precision != Precision::Float32 => {
            bail!("--precision: the backend candle computes in float32 only; use --backend torch for bf16")
        }
        (Backend::Candle, DeviceChoice::Auto | DeviceChoice::Cpu) => Ok(encoder::load_candle(&folder)?),
        (Backend::Candle, DeviceChoice::Cuda(_)) => {
            bail!("--device: the backend candle computes on the CPU only; use --backend torch for CUDA")
        }
    }
}

/// Like [`open`], with vectors as long as those of an index, whatever the model's folder says.
pub fn open_like(
    dir: &Path,
    arguments: &EncodingArguments,
    manifest: &Manifest,
) -> anyhow::Result<Box<dyn Encoder>> {
    open(dir, arguments, |full| Some(manifest.dimension.min(full)))
}

/// The folder of an index's model, wherever it is now: what was asked for, else where it was when the index was made.
pub fn of_index(asked: Option<&Path>, index: &Path, manifest: &Manifest) -> anyhow::Result<PathBuf> {
    let recorded = &manifest.model.path;
    match asked {
        Some(folder) => Ok(folder.to_owned()),
        None if recorded.is_dir() => Ok(recorded.clone()),
        None => bail!(
            "{}: its model was at {}, where no folder is now; name the model's folder with --model DIR",
            index.display(),
            recorded.display()
        ),
    }
}

/// The threads of the command line: the graph's builder and the backend candle compute in rayon's; libtorch has its own.
pub fn limit_threads(threads: Option<u16>) -> anyhow::Result<()> {
    let Some(threads) = threads else { return Ok(()) };
    encoder_torch::limit_threads(threads);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.into())
        .build_global()
        .with_context(|| format!("--threads {threads}"))
}

/// Says that the model was trained to be cut, but not to this length.
fn warn(dir: &Path, dimensions: &Dimensions) {
    if dimensions.is_untrained() {
        let lengths: Vec<String> = dimensions.matryoshka().iter().map(usize::to_string).collect();
        output::message(format_args!(
            "warning: vectors are cut to {} numbers, but {} was trained to be cut to {}; hits may be worse than need be",
            dimensions.kept(),
            dir.display(),
            lengths.join(" or ")
        ));
    }
}
