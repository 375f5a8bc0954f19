//! Ending a file that a crash has left without an end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use arrow_ipc::convert::{IpcSchemaEncoder, metadata_to_fb, try_fb_to_schema};
use arrow_ipc::writer::DictionaryTracker;
use arrow_ipc::{Block, FooterBuilder, MessageHeader, MetadataVersion, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, Metadata, Schema};
use flatbuffers::FlatBufferBuilder;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// At the beginning of a file, and at its end.
const MAGIC: &[u8] = b"ARROW1";
/// The magic, filled up to the alignment of all buffers.
const FIRST_MESSAGE: u64 = 64;
const CONTINUATION: [u8; 4] = [0xff; 4];
/// A header larger than this is none.
const LARGEST_HEADER: u64 = 64 << 20;

/// What [`recover`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Batches that are whole.
    pub batches: u64,
    /// Bytes of the last frame that were cut off, because it was not whole.
    pub cut_bytes: u64,
    /// The file had its end already, and was left as it was.
    pub was_complete: bool,
}

/// Why a file could not be recovered. It was not changed, unless writing its end failed; then it can be recovered again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The system refused.
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is still being recorded.
    #[error("{} is still being recorded: finish its recorder, or end that process, and recover it then", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// No Arrow IPC file, or one that ends before its schema does.
    #[error("{} has no whole schema at its beginning: it is no Arrow file, or ends too early", path.display())]
    NoSchema {
        /// The file.
        path: PathBuf,
    },
    /// The schema is there, and cannot be read.
    #[error("the schema of {} cannot be read", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArrowError,
    },
}

/// Gives a file its end that a crash left without one: cuts off what is not a whole frame and writes the footer, in place. A file that
/// has its end is not touched.
///
/// Frames are whole or gone: the last bytes of each are written after all others. That holds for a crash of the process. After a
/// crash of the machine, only what the disk had been told to keep is there, and bytes that were never written may read as zeros.
///
/// # Errors
/// [`RecoverError`].
///
/// ```
/// # fn repair() -> Result<(), Box<dyn std::error::Error>> {
/// let recovered = frame_arrow::recover("frames.arrow")?;
/// println!("{} frames; {} bytes of the next one were cut off", recovered.batches, recovered.cut_bytes);
/// # Ok(())
/// # }
/// # assert!(repair().is_err());
/// ```
pub fn recover(path: impl AsRef<Path>) -> Result<Recovered, RecoverError> {
    let complete = "false: the recording was cut short; this end was written by a recovery";
    give_end(path.as_ref(), &Metadata::from([("recording.complete", complete)]))
}

/// The same with notes for the footer.
pub(crate) fn give_end(path: &Path, notes: &Metadata) -> Result<Recovered, RecoverError> {
    let io = |source| RecoverError::Io { path: path.to_owned(), source };
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
    // Where there are no locks, nobody can be asked.
    if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return Err(RecoverError::Busy { path: path.to_owned() });
    }
    let length = file.metadata().map_err(io)?.len();
    if let Some(batches) = complete(&mut file, length).map_err(io)? {
        return Ok(Recovered { batches, cut_bytes: 0, was_complete: true });
    }
    let mut found = scan(&mut file, length).map_err(io)?;
    let schema = match found.schema.take() {
        None => return Err(RecoverError::NoSchema { path: path.to_owned() }),
        Some(schema) => schema.map_err(|source| RecoverError::Schema { path: path.to_owned(), source })?,
    };
    let footer = footer(&schema, &found, notes);
    file.set_len(found.end).map_err(io)?;
    file.seek(SeekFrom::Start(found.end)).map_err(io)?;
    file.write_all(&footer).and_then(|()| file.sync_data()).map_err(io)?;
    let cut_bytes = length - found.end;
    Ok(Recovered { batches: found.batches.len() as u64, cut_bytes, was_complete: false })
}

/// The whole messages of a file.
#[derive(Default)]
struct Found {
    schema: Option<Result<Schema, ArrowError>>,
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
    /// Where the last one ends.
    end: u64,
}

/// Batches of a file that has its footer.
fn complete(file: &mut File, length: u64) -> io::Result<Option<u64>> {
    let ending = 4 + MAGIC.len() as u64;
    let Some(at) = length.checked_sub(ending) else { return Ok(None) };
    let Some(end) = read_at(file, at, ending)? else { return Ok(None) };
    let (size, magic) = end.split_at(4);
    let size = u64::from(u32::from_le_bytes(size.try_into().unwrap_or_default()));
    // It grows with the number of frames: only the file itself is larger.
    let footer = at.checked_sub(size).filter(|_| magic == MAGIC);
    let Some(footer) = footer else { return Ok(None) };
    let Some(bytes) = read_at(file, footer, size)? else { return Ok(None) };
    let batches =
        root_as_footer(&bytes).ok().and_then(|footer| footer.recordBatches().map(|b| b.len() as u64));
    Ok(batches)
}

fn scan(file: &mut File, length: u64) -> io::Result<Found> {
    let mut found = Found { end: FIRST_MESSAGE, ..Found::default() };
    let starts = read_at(file, 0, MAGIC.len() as u64)?.is_some_and(|start| start == MAGIC);
    if !starts {
        return Ok(found);
    }
    while let Some(prefix) = read_at(file, found.end, 8)? {
        let (continuation, size) = prefix.split_at(4);
        let size = u64::from(u32::from_le_bytes(size.try_into().unwrap_or_default()));
        // A size of zero is the end of the stream: the footer was begun.
        if continuation != CONTINUATION || size == 0 || size > LARGEST_HEADER {
            break;
        }
        let Some(header) = read_at(file, found.end + 8, size)? else { break };
        let Ok(message) = root_as_message(&header) else { break };
        let body = u64::try_from(message.bodyLength()).ok();
        let end = body.and_then(|body| (found.end + 8 + size).checked_add(body)).filter(|end| *end <= length);
        let Some(end) = end else { break };
        let block = Block::new(found.end.cast_signed(), (size + 8) as i32, message.bodyLength());
        match message.header_type() {
            MessageHeader::Schema => found.schema = message.header_as_schema().map(try_fb_to_schema),
            MessageHeader::DictionaryBatch => found.dictionaries.push(block),
            MessageHeader::RecordBatch => found.batches.push(block),
            _ => break,
        }
        found.end = end;
    }
    Ok(found)
}

/// `count` bytes from `at` on, if the file has them.
fn read_at(file: &mut File, at: u64, count: u64) -> io::Result<Option<Vec<u8>>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    Read::take(&mut *file, count).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == count).then_some(bytes))
}

/// The end of the stream, the footer, and the end of the file.
fn footer(schema: &Schema, found: &Found, notes: &Metadata) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let dictionaries = builder.create_vector(&found.dictionaries);
    let batches = builder.create_vector(&found.batches);
    let mut tracker = DictionaryTracker::new(true);
    let schema = IpcSchemaEncoder::new()
        .with_dictionary_tracker(&mut tracker)
        .schema_to_fb_offset(&mut builder, schema);
    let notes = metadata_to_fb(&mut builder, notes);
    let mut footer = FooterBuilder::new(&mut builder);
    footer.add_version(MetadataVersion::V5);
    footer.add_schema(schema);
    footer.add_dictionaries(dictionaries);
    footer.add_recordBatches(batches);
    footer.add_custom_metadata(notes);
    let root = footer.finish();
    builder.finish(root, None);
    let footer = builder.finished_data();
    let size = (footer.len() as u32).to_le_bytes();
    [&CONTINUATION, &[0; 4], footer, &size, MAGIC].concat()
}
