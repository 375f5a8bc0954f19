//! An IPC stream or file of frames.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_ipc::{CompressionType, MetadataVersion};
use arrow_schema::{ArrowError, Metadata};
use frame_pool::{Books, Lease};

use crate::error::BatchError;
use crate::recover::give_end;
use crate::schema::FrameSchema;
use crate::sink::disk::DiskFile;
use crate::sink::error::{Failed, WriteError};
use crate::sink::recording::Recording;
use crate::sink::tail::{ALIGNMENT, OneWay, Tail, Target};

/// How buffers are compressed. Compressing copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// LZ4 frames (feature `lz4`).
    Lz4,
    /// Zstandard, level 1 (feature `zstd`).
    Zstd,
}

/// How frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct WriterOptions {
    /// Compression; none by default.
    pub codec: Option<Codec>,
}

impl WriterOptions {
    /// The same with compression.
    #[must_use]
    pub fn codec(self, codec: Codec) -> Self {
        Self { codec: Some(codec) }
    }

    fn ipc(self) -> Result<IpcWriteOptions, WriteError> {
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
        let Some(codec) = self.codec else { return Ok(options) };
        let (there, kind) = match codec {
            Codec::Lz4 => (cfg!(feature = "lz4"), CompressionType::LZ4_FRAME),
            Codec::Zstd => (cfg!(feature = "zstd"), CompressionType::ZSTD),
        };
        if !there {
            return Err(WriteError::Codec { codec });
        }
        let options = options.try_with_compression(Some(kind))?;
        let level = if codec == Codec::Zstd { Some(1) } else { None };
        Ok(options.try_with_compression_level(level)?)
    }
}

/// The two kinds of IPC.
enum Ipc {
    Stream(StreamWriter<Tail>),
    File(FileWriter<Tail>),
}

impl Ipc {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match self {
            Self::Stream(writer) => writer.write(batch),
            Self::File(writer) => writer.write(batch),
        }
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        match self {
            Self::Stream(writer) => writer.finish(),
            Self::File(writer) => writer.finish(),
        }
    }

    fn tail(&mut self) -> &mut Tail {
        match self {
            Self::Stream(writer) => writer.get_mut(),
            Self::File(writer) => writer.get_mut(),
        }
    }

    fn note(&mut self, notes: &[(String, String)]) {
        if let Self::File(writer) = self {
            notes.iter().for_each(|(key, value)| writer.write_metadata(key, value));
        }
    }
}

/// Writes frames as Arrow IPC, one batch each, the pixels straight from where the lease shows them. See [`crate::Recorder`] for the same
/// on a thread of its own.
///
/// After each frame everything is handed to the system: a crash of this process loses no frame that [`Self::write`] has answered for.
/// A frame that was written over while it was written (which only a ring that is overwritten in place can do) has `torn` set
/// in its row.
///
/// ```
/// # use std::sync::Arc;
/// # use frame_arrow::{FrameSchema, FrameWriter, WriteError, WriterOptions};
/// # use frame_pool::Lease;
/// fn save(schema: Arc<FrameSchema>, leases: &[Lease]) -> Result<u64, Box<dyn std::error::Error>> {
///     let mut writer = FrameWriter::file("frames.arrow", schema, WriterOptions::default())?;
///     for lease in leases {
///         writer.write(lease)?;
///     }
///     Ok(writer.finish()?.frames)
/// }
/// ```
#[must_use = "a file that is not finished has no end"]
pub struct FrameWriter {
    ipc: Ipc,
    schema: Arc<FrameSchema>,
    compressed: bool,
    recording: Recording,
    /// Bytes up to the end of the last whole frame.
    whole: u64,
    /// The file, if it is one.
    path: Option<PathBuf>,
    /// For its footer.
    notes: Vec<(String, String)>,
    failed: Option<WriteError>,
    /// Frames that were there were not written.
    left_out: bool,
}

impl core::fmt::Debug for FrameWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FrameWriter").field("recording", &self.recording).finish_non_exhaustive()
    }
}

impl FrameWriter {
    /// An IPC stream into anything: a pipe, a socket, a compressor. Give it unbuffered: small pieces are gathered here.
    ///
    /// # Errors
    /// [`WriteError`]: the schema could not be written, or the codec is not there.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use frame_arrow::{FrameWriter, SchemaPlan, WriterOptions};
    /// # use frame_pool::{Element, Layout};
    /// let schema = Arc::new(SchemaPlan::new(Layout::mono(Element::U16, 16, 4, 4)).build()?);
    /// let writer = FrameWriter::stream(std::io::sink(), schema, WriterOptions::default())?;
    /// assert_eq!(writer.finish()?.frames, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(
        target: impl Write + Send + 'static,
        schema: Arc<FrameSchema>,
        options: WriterOptions,
    ) -> Result<Self, WriteError> {
        let tail = Tail::new(Box::new(OneWay(target)));
        let ipc = StreamWriter::try_new_with_options(tail, schema.arrow(), options.ipc()?)?;
        Self::begin(Ipc::Stream(ipc), None, schema, options)
    }

    /// A new IPC file. What is written goes to the disk at once, through a helper thread, and not to the page cache to be
    /// written later: a recording is larger than that.
    ///
    /// # Errors
    /// [`WriteError::Exists`], [`WriteError::Create`], and as [`Self::stream`].
    pub fn file(
        path: impl AsRef<Path>,
        schema: Arc<FrameSchema>,
        options: WriterOptions,
    ) -> Result<Self, WriteError> {
        let (path, ipc) = (path.as_ref(), options.ipc()?);
        let created = OpenOptions::new().write(true).create_new(true).open(path).and_then(DiskFile::new);
        let target: Box<dyn Target> = Box::new(created.map_err(|source| {
            let path = path.to_owned();
            match source.kind() {
                io::ErrorKind::AlreadyExists => WriteError::Exists { path },
                _ => WriteError::Create { path, source },
            }
        })?);
        let ipc = FileWriter::try_new_with_options(Tail::new(target), schema.arrow(), ipc)?;
        Self::begin(Ipc::File(ipc), Some(path.to_owned()), schema, options)
    }

    fn begin(
        mut ipc: Ipc,
        path: Option<PathBuf>,
        schema: Arc<FrameSchema>,
        options: WriterOptions,
    ) -> Result<Self, WriteError> {
        ipc.tail().push()?;
        let whole = ipc.tail().position();
        let recording = Recording { bytes: whole, ended: "finished".to_owned(), ..Recording::default() };
        let (compressed, notes) = (options.codec.is_some(), Vec::new());
        Ok(Self { ipc, schema, compressed, recording, whole, path, notes, failed: None, left_out: false })
    }

    /// What was written up to now.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Writes a frame, and looks at it again afterwards ([`Lease::verify`]).
    ///
    /// # Errors
    /// [`WriteError::Batch`]: nothing was written, and the writer goes on. After any other error it only finishes, which leaves the
    /// frames written before.
    pub fn write(&mut self, lease: &Lease) -> Result<(), WriteError> {
        if self.failed.is_some() {
            return Err(WriteError::Broken);
        }
        let batch = self.batch(lease)?;
        let written = self.put(lease, &batch);
        let answer = written.as_ref().map_err(told).copied();
        if let Err(why) = written {
            self.failed = Some(why);
        }
        answer
    }

    /// The frame as it lies, or copied if it cannot be lent so.
    fn batch(&mut self, lease: &Lease) -> Result<RecordBatch, BatchError> {
        match self.schema.to_record_batch(lease) {
            Err(BatchError::View { .. }) => {
                let copy = self.schema.coalesce(core::slice::from_ref(lease))?;
                self.recording.copied_bytes += copy.copied_bytes;
                Ok(copy.batch)
            }
            batch => batch,
        }
    }

    fn put(&mut self, lease: &Lease, batch: &RecordBatch) -> Result<(), WriteError> {
        self.ipc.write(batch)?;
        let number = lease.record().number;
        let torn = lease.verify().is_err();
        if torn && !self.ipc.tail().mark(self.compressed) {
            return Err(WriteError::Unmarked { number });
        }
        self.ipc.tail().push()?;
        self.whole = self.ipc.tail().position();
        self.recording.bytes = self.whole;
        self.recording.frames += 1;
        if torn {
            self.recording.add_torn(number);
        }
        Ok(())
    }

    /// Notes frames that will not come: the first one's number, and how many. They stand in [`Recording`], and in a file's footer.
    pub fn lost(&mut self, first: u64, count: u64) {
        self.recording.add_lost(first, count);
    }

    /// Gives up for a reason that did not break the writer.
    pub(super) fn fail(&mut self, why: WriteError) {
        self.failed.get_or_insert(why);
    }

    /// Ends without frames that were there, for want of time.
    pub(super) fn leave_out(&mut self, frames: u64) {
        self.left_out = true;
        self.recording.ended =
            format!("the time to finish was over: {frames} frames that waited were left out");
    }

    /// Says why no frame comes any more; "finished" if nobody does.
    pub fn ended(&mut self, why: &str) {
        why.clone_into(&mut self.recording.ended);
    }

    /// Notes something in the footer of a file; a stream has none.
    pub fn note(&mut self, key: &str, value: &str) {
        self.notes.push((key.to_owned(), value.to_owned()));
    }

    /// Notes where every frame of the session went in the footer of a file, as `books.COLUMN`.
    pub fn books(&mut self, books: &Books) {
        for (key, value) in columns(books) {
            self.note(&format!("books.{key}"), &value.to_string());
        }
    }

    /// Writes the end. A file is on the disk when this returns. After an error the file is cut behind its last whole frame first.
    ///
    /// # Errors
    /// [`Failed`] with the first thing that went wrong, and what was written whole.
    pub fn finish(mut self) -> Result<Recording, Failed> {
        let complete = match &self.failed {
            None if self.left_out => format!("false: {}", self.recording.ended),
            None => "true".to_owned(),
            Some(why) => format!("false: {why}"),
        };
        self.note("recording.complete", &complete);
        for (key, value) in self.recording.notes() {
            self.note(key, &value);
        }
        if self.failed.is_some() {
            let ended_whole = self.end_after_failure();
            return Err(self.failure(ended_whole));
        }
        self.ipc.note(&self.notes);
        let ended = self.ipc.finish().map_err(WriteError::from);
        match ended.and_then(|()| Ok(self.ipc.tail().close()?)) {
            Ok(()) => {
                self.recording.bytes = self.ipc.tail().position();
                Ok(self.recording)
            }
            Err(why) => {
                self.failed = Some(why);
                Err(self.failure(false))
            }
        }
    }

    /// Cuts off what is not whole and writes the end of a file. Arrow's writer may count a frame that did not get through, so the file
    /// is asked for what it holds.
    fn end_after_failure(&mut self) -> bool {
        let tail = self.ipc.tail();
        let cut = tail.cut_at(self.whole).is_ok_and(|cut| cut) && tail.close().is_ok();
        let notes: Metadata = self.notes.drain(..).collect();
        cut && self.path.as_ref().is_some_and(|path| give_end(path, &notes).is_ok())
    }

    fn failure(self, ended_whole: bool) -> Failed {
        let recording = Box::new(self.recording);
        Failed { why: self.failed.unwrap_or(WriteError::Broken), recording, ended_whole }
    }
}

/// The same error for who asked; the first stays with the writer for its end.
fn told(why: &WriteError) -> WriteError {
    let again = |why: &io::Error| io::Error::new(why.kind(), why.to_string());
    match why {
        WriteError::DiskFull(why) => WriteError::DiskFull(again(why)),
        WriteError::FileTooLarge(why) => WriteError::FileTooLarge(again(why)),
        WriteError::ReaderGone(why) => WriteError::ReaderGone(again(why)),
        WriteError::Io(why) => WriteError::Io(again(why)),
        WriteError::Unmarked { number } => WriteError::Unmarked { number: *number },
        other => WriteError::Io(io::Error::other(other.to_string())),
    }
}

fn columns(books: &Books) -> [(&'static str, u64); 12] {
    [
        ("highest", books.highest),
        ("delivered", books.delivered),
        ("lost_in_camera", books.lost_in_camera),
        ("lost_before_host", books.lost_before_host),
        ("lost_notification", books.lost_notification),
        ("lost_ring_full", books.lost_ring_full),
        ("lost_copier_queue", books.lost_copier_queue),
        ("lost_reserve", books.lost_reserve),
        ("torn", books.torn),
        ("discarded_at_stop", books.discarded_at_stop),
        ("in_flight", books.in_flight),
        ("copied_bytes", books.copied_bytes),
    ]
}
