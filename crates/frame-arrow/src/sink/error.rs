//! Why frames could not be written.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use arrow_schema::ArrowError;

use crate::error::BatchError;
use crate::sink::recording::Recording;
use crate::sink::writer::Codec;

/// Why a frame, or the end, could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The frame could not be made into a batch. Nothing was written of it, and the writer goes on.
    #[error("the frame could not be made into a batch")]
    Batch(#[from] BatchError),
    /// There is a file of this name already.
    #[error("{} is there already: take another name, or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be made.
    #[error("{} could not be made", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This build has no such codec.
    #[error("this build cannot compress with {codec:?}: switch on the crate's feature for it")]
    Codec {
        /// The codec asked for.
        codec: Codec,
    },
    /// No room on the disk, or in the user's share of it.
    #[error("the disk is full: make room, or record elsewhere")]
    DiskFull(#[source] io::Error),
    /// The file became larger than the system allows.
    #[error("the file is as large as the system allows (see `ulimit -f`): record several files")]
    FileTooLarge(#[source] io::Error),
    /// Nobody reads the pipe any more.
    #[error("the reader has closed its end of the pipe")]
    ReaderGone(#[source] io::Error),
    /// Another error of the system.
    #[error("writing failed")]
    Io(#[source] io::Error),
    /// Arrow refused to write the batch.
    #[error("arrow refused to write")]
    Arrow(#[source] ArrowError),
    /// A frame turned out torn, and the place of its mark was not found.
    #[error("frame {number} is torn and could not be marked: it was left out")]
    Unmarked {
        /// Frame number, as the host counts.
        number: u64,
    },
    /// The writer has failed before.
    #[error("the writer has failed before: finish it")]
    Broken,
    /// The recorder's thread did not come to an end in time. It goes on by itself; what it has written stays.
    #[error("the recorder did not come to an end within {0:?}: the disk or the reader is too slow")]
    Deadline(Duration),
    /// The recorder's thread panicked, in the source or here.
    #[error("the recorder's thread panicked")]
    Panicked,
}

impl From<io::Error> for WriteError {
    fn from(why: io::Error) -> Self {
        match why.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(why),
            io::ErrorKind::FileTooLarge => Self::FileTooLarge(why),
            io::ErrorKind::BrokenPipe => Self::ReaderGone(why),
            _ => Self::Io(why),
        }
    }
}

impl From<ArrowError> for WriteError {
    fn from(why: ArrowError) -> Self {
        match why {
            ArrowError::IoError(_, why) => why.into(),
            why => Self::Arrow(why),
        }
    }
}

/// A recording that did not end well. What it holds is readable all the same; see [`Failed::ended_whole`].
#[derive(Debug, thiserror::Error)]
#[error("after {recording}")]
#[non_exhaustive]
pub struct Failed {
    /// The first thing that went wrong.
    #[source]
    pub why: WriteError,
    /// What was written whole.
    pub recording: Box<Recording>,
    /// Whether the file has its end all the same: it is cut behind the last whole frame, and readers open it as any other. If not
    /// (there was no room even for the footer, or writing did not come to its end), [`crate::recover`] ends it. Never true of a
    /// stream, which breaks off; its readers get the whole frames and then an error.
    pub ended_whole: bool,
}
