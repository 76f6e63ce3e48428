//! Reads all files once: one thread unpacks and checks the bytes, the other cuts and numbers the words.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::interner::Interner;
use super::prepare::{CorpusReport, CorpusSettings};
use super::sources::{Block, Blocks};
use super::tokenizer::Tokenizer;
use super::{IntegerCorpus, IntegerWriter};
use crate::error::{Result, WordsError};
use crate::observer::{Observer, Progress, Stage};

/// Blocks of text that wait for the second thread.
const BLOCKS_AHEAD: usize = 3;

const REPORT_EVERY: Duration = Duration::from_millis(200);

/// The text in numbers, in the order the words were first seen.
pub(super) struct ReadText {
    pub(super) words: Interner,
    pub(super) corpus: IntegerCorpus,
    /// `kept` and `phrases` are still open.
    pub(super) report: CorpusReport,
}

/// A block and how many bytes of all files were read up to its end.
type Read = (Block, u64);

pub(super) fn read(
    files: &[PathBuf],
    settings: &CorpusSettings,
    writer: IntegerWriter,
    observer: &dyn Observer,
) -> Result<ReadText> {
    let sizes: Vec<u64> = files
        .iter()
        .map(|file| std::fs::metadata(file).map_or(0, |metadata| metadata.len()))
        .collect();
    let (sender, receiver) = sync_channel(BLOCKS_AHEAD);
    std::thread::scope(|scope| {
        scope.spawn(|| send_blocks(files, &sizes, settings, sender));
        let mut numbering = Numbering {
            tokenizer: Tokenizer::new(settings.tokenizer),
            words: Interner::new(),
            sentence: Vec::new(),
            writer,
            report: CorpusReport::default(),
        };
        numbering.take_all(&receiver, sizes.iter().sum(), observer)?;
        // The reader hears from the closed channel that nobody waits for its next block.
        drop(receiver);
        numbering.finish()
    })
}

fn send_blocks(
    files: &[PathBuf],
    sizes: &[u64],
    settings: &CorpusSettings,
    sender: SyncSender<Result<Read>>,
) {
    let mut before = 0;
    for (file, size) in files.iter().zip(sizes) {
        let mut blocks = match Blocks::open(file, &settings.column, settings.invalid_utf8) {
            Ok(blocks) => blocks,
            Err(error) => return drop(sender.send(Err(error))),
        };
        while let Some(block) = blocks.next().transpose() {
            let failed = block.is_err();
            let read = block.map(|block| {
                let position = before + block.position.min(*size);
                (block, position)
            });
            if sender.send(read).is_err() || failed {
                return;
            }
        }
        before += size;
    }
}

struct Numbering {
    tokenizer: Tokenizer,
    words: Interner,
    sentence: Vec<u32>,
    writer: IntegerWriter,
    report: CorpusReport,
}

impl Numbering {
    fn take_all(
        &mut self,
        blocks: &Receiver<Result<Read>>,
        total: u64,
        observer: &dyn Observer,
    ) -> Result<()> {
        let mut reported: Option<Instant> = None;
        for read in blocks {
            if observer.interrupted() {
                return Err(WordsError::Interrupted);
            }
            let (block, done) = read?;
            self.take(&block)?;
            if done >= total || reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
                reported = Some(Instant::now());
                observer.progress(&Progress {
                    stage: Stage::Reading,
                    done,
                    total,
                    epoch: 0,
                    loss: None,
                    learning_rate: 0.0,
                });
            }
        }
        Ok(())
    }

    fn take(&mut self, block: &Block) -> Result<()> {
        for line in block.text.split('\n') {
            self.sentence.clear();
            self.tokenizer
                .words(line, |word| self.sentence.push(self.words.count(word)));
            if !self.sentence.is_empty() {
                self.writer.sentence(&self.sentence)?;
                self.report.sentences += 1;
                self.report.words += self.sentence.len() as u64;
            }
        }
        self.report.bytes += block.bytes;
        self.report.lines_cut += block.lines_cut;
        self.report.lines_replaced += block.lines_replaced;
        if self.words.len() >= u32::MAX as usize / 2 {
            return Err(WordsError::Corpus(format!(
                "more than {} distinct words; is this text?",
                u32::MAX / 2
            )));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<ReadText> {
        self.report.distinct = self.words.len() as u64;
        Ok(ReadText {
            words: self.words,
            corpus: self.writer.finish()?,
            report: self.report,
        })
    }
}
