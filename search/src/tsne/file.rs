//! The file a map goes into: there whole, or not at all, whatever stops the program.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{Dims, MapError};
use crate::output;

/// What a map can be drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One interactive page.
    Html,
    /// A vector picture.
    Svg,
    /// A picture of pixels.
    Png,
    /// The positions as a table.
    Csv,
}

/// Held while a file is put in place, so that an interrupt finds it either absent or whole.
static WRITING: Mutex<()> = Mutex::new(());

impl Format {
    /// The format of `out` by its ending, in any case.
    ///
    /// # Errors
    /// There is no such format, or it cannot show `dims`.
    pub fn of(out: &Path, dims: Dims) -> Result<Self, MapError> {
        let ending = out
            .extension()
            .and_then(OsStr::to_str)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let format = match ending.as_str() {
            "html" | "htm" => Self::Html,
            "svg" => Self::Svg,
            "png" => Self::Png,
            "csv" => Self::Csv,
            _ => return Err(MapError::Ending { out: out.to_owned() }),
        };
        match (format, dims) {
            (Self::Svg | Self::Png, Dims::Three) => Err(MapError::Flat { out: out.to_owned() }),
            _ => Ok(format),
        }
    }
}

/// Finds out before the work whether `out` may be written.
///
/// # Errors
/// It exists and `force` is not given, or its folder does not exist.
pub fn check(out: &Path, force: bool) -> Result<(), MapError> {
    let folder = folder_of(out);
    if !folder.is_dir() {
        return Err(MapError::NoFolder {
            out: out.to_owned(),
            folder: folder.to_owned(),
        });
    }
    if out.is_dir() || out.exists() && !force {
        return Err(MapError::Exists { out: out.to_owned() });
    }
    Ok(())
}

/// Lets Ctrl-C end the program with exit code 130, but never between the two halves of [`write()`].
///
/// # Errors
/// The system refuses to install a handler.
pub fn end_on_interrupt() -> Result<(), MapError> {
    ctrlc::set_handler(|| {
        let _whole = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        output::message("interrupted");
        std::process::exit(130);
    })?;
    Ok(())
}

/// Puts `content` at `out`: written aside in the same folder, synced, then renamed.
///
/// # Errors
/// It cannot be written, or `out` appeared meanwhile and `force` is not given. Nothing is left then.
pub fn write(out: &Path, content: &[u8], force: bool) -> Result<(), MapError> {
    let _whole = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = |source| MapError::Write {
        out: out.to_owned(),
        source,
    };
    let mut aside = new_file(folder_of(out)).map_err(failed)?;
    aside
        .write_all(content)
        .and_then(|()| aside.as_file().sync_all())
        .map_err(failed)?;
    let placed = if force {
        aside.persist(out)
    } else {
        aside.persist_noclobber(out)
    };
    match placed {
        Ok(_) => Ok(()),
        Err(refused) if refused.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(MapError::Exists { out: out.to_owned() })
        }
        Err(refused) => Err(failed(refused.error)),
    }
}

fn folder_of(out: &Path) -> &Path {
    match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A temporary file with the permissions any new file of the user gets, where the system has such.
fn new_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".map-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
        builder.tempfile_in(folder)
    }
    #[cfg(not(unix))]
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides() {
        let of = |name: &str| Format::of(Path::new(name), Dims::Two);
        assert_eq!(of("a/b.HTML").unwrap(), Format::Html);
        assert_eq!(of("m.svg").unwrap(), Format::Svg);
        assert_eq!(of("m.png").unwrap(), Format::Png);
        assert_eq!(of("m.csv").unwrap(), Format::Csv);
        for name in ["m", "m.pdf", ".csv"] {
            assert!(
                of(name)
                    .unwrap_err()
                    .to_string()
                    .contains(".html, .svg, .png or .csv"),
                "{name}"
            );
        }
    }

    #[test]
    fn pictures_are_flat() {
        let of = |name: &str| Format::of(Path::new(name), Dims::Three);
        assert!(of("m.html").is_ok() && of("m.csv").is_ok());
        assert!(of("m.png").unwrap_err().to_string().contains("2 dimensions"));
        assert!(of("m.svg").is_err());
    }

    #[test]
    fn what_exists_is_replaced_by_force_only() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("m.csv");
        check(&out, false).unwrap();
        write(&out, b"one", false).unwrap();
        assert!(matches!(check(&out, false), Err(MapError::Exists { .. })));
        assert!(matches!(write(&out, b"two", false), Err(MapError::Exists { .. })));
        assert_eq!(std::fs::read(&out).unwrap(), b"one");
        check(&out, true).unwrap();
        write(&out, b"two", true).unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), b"two");
        assert_eq!(
            folder.path().read_dir().unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = check(Path::new("/no/such/m.csv"), false).unwrap_err().to_string();
        assert!(error.contains("/no/such does not exist"), "{error}");
    }
}
