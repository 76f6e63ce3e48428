//! One set through all tools: builds one after the other, then searches in turn.

use super::curve::{Curve, Point};
use super::options::Options;
use super::report::in_words;
use super::sets::{Data, Set};
use super::tools::Tool;
use crate::bench::python::Python;
use crate::bench::text_encoders::objects;
use crate::{console, workspace};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A curve ends where recall reaches this: what lies behind is no goal of anyone.
const ENOUGH: f64 = 0.9995;

/// One build.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// Threads that it ran on.
    pub threads: usize,
    /// From vectors in memory to the index in memory.
    pub seconds: f64,
    /// By how much the process grew at most, in MiB, its input not counted.
    pub mib: f64,
    /// Most memory of the whole process, in MiB.
    pub peak_mib: f64,
}

/// A tool on a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The set.
    pub set: Set,
    /// Vectors in it.
    pub count: usize,
    /// Numbers in a vector.
    pub dimension: usize,
    /// Who was measured.
    pub tool: Tool,
    /// One for each number of threads.
    pub builds: Vec<Build>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Seconds to open the index, in a new process.
    pub open_seconds: f64,
    /// Seconds to map it instead, where the tool has both.
    pub map_seconds: Option<f64>,
    /// By how much the process grew from before opening to after all searches, mapped pages included, in MiB.
    pub held_mib: f64,
    /// The same without the mapped vectors in full, of which a query reads some dozens and which the system takes back
    /// when it needs the room; none where a tool has no such file.
    pub walk_mib: Option<f64>,
    /// One for each number of threads.
    pub curves: Vec<(usize, Curve)>,
}

impl Entry {
    /// One line of JSON.
    pub fn json(&self) -> String {
        let build = |build: &Build| json!({"threads": build.threads, "seconds": build.seconds, "mib": build.mib, "peak_mib": build.peak_mib});
        let curve = |(threads, curve): &(usize, Curve)| json!({"threads": threads, "points": curve.json()});
        let entry = json!({
            "type": "neighbors", "set": self.set.to_string(), "vectors": self.count, "dimension": self.dimension,
            "tool": self.tool.name, "bytes": self.bytes, "open_seconds": self.open_seconds,
            "map_seconds": self.map_seconds, "held_mib": self.held_mib, "walk_mib": self.walk_mib,
            "builds": self.builds.iter().map(build).collect::<Vec<_>>(),
            "curves": self.curves.iter().map(curve).collect::<Vec<_>>(),
        });
        entry.to_string()
    }
}

/// Runs the tools.
pub struct Bench<'a> {
    /// The command line.
    pub options: &'a Options,
    /// The Python of the peers.
    pub python: &'a Python,
    /// Folder for what is made.
    pub folder: &'a Path,
}

impl Bench<'_> {
    /// All tools on one set; their indexes are removed at its end.
    pub fn measure(&self, set: &Set, data: &Data, tools: &[Tool]) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for &tool in tools {
            entries.push(self.build(set, data, tool)?);
        }
        for _ in 0..self.options.turns {
            for entry in &mut entries {
                self.search(data, entry)?;
            }
        }
        for &tool in tools {
            remove(&self.index(tool))?;
        }
        Ok(entries)
    }

    /// Builds on each number of threads; the last index is kept.
    fn build(&self, set: &Set, data: &Data, tool: Tool) -> Result<Entry> {
        let mut entry = Entry {
            set: set.clone(),
            count: data.count,
            dimension: data.dimension,
            tool,
            builds: Vec::new(),
            bytes: 0,
            open_seconds: f64::INFINITY,
            map_seconds: None,
            held_mib: 0.0,
            walk_mib: None,
            curves: Vec::new(),
        };
        for &threads in &self.options.threads {
            let settings = json!({"vectors": data.folder.join("vectors.fbin"), "threads": threads});
            let (found, peak_mib) = self.run(tool, "build", settings)?;
            let build = Build {
                threads,
                seconds: figure(&found, "build_seconds")?,
                mib: figure(&found, "build_mib")?,
                peak_mib,
            };
            console::note(&format!(
                "{set}, {}: built in {:.1} s on {}, {:.0} MiB",
                tool.name,
                build.seconds,
                in_words(threads),
                build.mib
            ));
            entry.builds.push(build);
            entry.bytes = figure(&found, "bytes")? as u64;
        }
        Ok(entry)
    }

    /// One turn: what is better than before is kept.
    fn search(&self, data: &Data, entry: &mut Entry) -> Result<()> {
        let settings = json!({
            "queries": data.folder.join("queries.fbin"),
            "truth": data.folder.join("truth.ibin"),
            "threads": self.options.threads,
            "ef": self.options.ef,
            "enough": ENOUGH,
        });
        let (found, _) = self.run(entry.tool, "search", settings)?;
        entry.open_seconds = entry.open_seconds.min(figure(&found, "open_seconds")?);
        let least = |seconds: f64| entry.map_seconds.map_or(seconds, |before| before.min(seconds));
        entry.map_seconds = found["map_seconds"].as_f64().map(least);
        entry.held_mib = entry.held_mib.max(figure(&found, "held_mib")?);
        entry.walk_mib = found["walk_mib"].as_f64().or(entry.walk_mib);
        let points = found["points"].as_array().context("a search told no points")?;
        for (i, &threads) in self.options.threads.iter().enumerate() {
            let read = |point: &Value| {
                Ok(Point {
                    ef: figure(point, "ef")? as usize,
                    recall: figure(point, "recall")?,
                    speed: point["queries_per_second"][i]
                        .as_f64()
                        .context("a search told no speed")?,
                })
            };
            let curve = Curve::new(points.iter().map(read).collect::<Result<_>>()?);
            match entry.curves.iter_mut().find(|(other, _)| *other == threads) {
                Some((_, before)) => before.take_faster(&curve),
                None => entry.curves.push((threads, curve)),
            }
        }
        let (set, name) = (&entry.set, entry.tool.name);
        let at = |(threads, curve): &(usize, Curve)| format!(", {} {}", in_words(*threads), curve.in_words());
        let curves: String = entry.curves.iter().map(at).collect();
        console::note(&format!("{set}, {name}{curves}"));
        Ok(())
    }

    /// Runs `build` or `search` of a tool: what it measured, and its peak memory in MiB.
    fn run(&self, tool: Tool, name: &str, mut settings: Value) -> Result<(Value, f64)> {
        settings["library"] = json!(tool.library);
        settings["variant"] = json!(tool.variant);
        settings["index"] = json!(self.index(tool));
        settings["metric"] = json!(self.options.metric);
        settings["m"] = json!(self.options.m);
        settings["ef_construction"] = json!(self.options.ef_construction);
        let mut command = if tool.is_ours() {
            let program = workspace::programs()?.join("examples").join("ann_bench");
            vec![program.display().to_string(), name.to_owned()]
        } else {
            self.python.command(name)
        };
        command.push(settings.to_string());
        let watched = self.python.watch(tool.name, &command, false)?;
        let output = watched["output"].as_str().unwrap_or_default();
        let found = objects(output, "measured").pop();
        let found = found.with_context(|| format!("{} told no figures:\n{output}", tool.name))?;
        Ok((found, figure(&watched, "peak_mib")?))
    }

    fn index(&self, tool: Tool) -> PathBuf {
        self.folder
            .join(format!("{}-{}.index", tool.library, tool.variant))
    }
}

/// Removes an index: a file, or a folder of files.
fn remove(index: &Path) -> Result<()> {
    let removed = match index.is_dir() {
        true => std::fs::remove_dir_all(index),
        false => std::fs::remove_file(index),
    };
    removed.with_context(|| format!("cannot remove {}", index.display()))
}

fn figure(object: &Value, name: &str) -> Result<f64> {
    let number = object[name].as_f64();
    number.with_context(|| format!("expected a number `{name}` in {object}"))
}
