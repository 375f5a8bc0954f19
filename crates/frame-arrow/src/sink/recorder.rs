//! A writer on a thread of its own.

use core::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use frame_pool::Books;

use crate::sink::error::{Failed, WriteError};
use crate::sink::recording::Recording;
use crate::sink::writer::FrameWriter;
use crate::source::{Next, Source};

/// How long the source is waited for before a look at whether an end is asked for.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the recorder is told at the end.
struct Close {
    books: Option<Books>,
    /// Nothing more is taken from the source then.
    until: Option<Instant>,
}

/// Records what a [`Source`] gives, on a thread of its own. It has no queue: frames wait in the source (the mailbox of a subscriber),
/// which is bounded and counts what it cannot take, and one frame is held while it is written.
///
/// It stops by itself when the source ends or writing fails; then the source is dropped at once, so that it holds no frame. The end of
/// the file is written by [`Recorder::finish_within`], which may bring the session's books, or when the recorder is dropped (without
/// waiting for it).
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use frame_arrow::{FrameWriter, Next, Recorder, SchemaPlan, WriterOptions};
/// # use frame_pool::{Element, Layout, Lease};
/// # let schema = Arc::new(SchemaPlan::new(Layout::mono(Element::U16, 16, 4, 4)).build()?);
/// # let source = |_: Duration| Next::<Lease>::Ended("the stream was stopped".to_owned());
/// let writer = FrameWriter::stream(std::io::sink(), schema, WriterOptions::default())?;
/// let recorder = Recorder::start(writer, source)?;
/// // ... the camera runs, and is stopped ...
/// let recording = recorder.finish_within(Duration::from_secs(30), None)?;
/// println!("{recording}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping a recorder ends it, without a word on how it went"]
pub struct Recorder {
    close: Sender<Close>,
    done: Receiver<Result<Recording, Failed>>,
    progress: Arc<Progress>,
}

/// What can be seen from outside while it records.
#[derive(Debug, Default)]
struct Progress {
    frames: AtomicU64,
    stopped: AtomicBool,
}

impl Recorder {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no thread to give.
    pub fn start<S: Source>(writer: FrameWriter, source: S) -> std::io::Result<Self> {
        let (close, closing) = channel();
        let (tell, done) = channel();
        let progress = Arc::new(Progress::default());
        let theirs = Arc::clone(&progress);
        std::thread::Builder::new().name("frame-arrow".into()).spawn(move || {
            // Nobody may be there any more to be told.
            let _ = tell.send(record(writer, source, &closing, &theirs));
        })?;
        Ok(Self { close, done, progress })
    }

    /// Frames written up to now.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.progress.frames.load(Ordering::Relaxed)
    }

    /// Whether nothing is taken from the source any more: it has ended, or writing has failed. How it went is told by
    /// [`Recorder::finish_within`].
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.progress.stopped.load(Ordering::Acquire)
    }

    /// Takes what waits in the source, writes the end and says what became of it all. `books`: where every frame of the session went,
    /// for the footer of a file.
    ///
    /// What waits is written for no longer than half of `patience`; what is left then counts as lost in the recording
    /// ([`Recording::losses`]), and [`Recording::ended`] says so.
    ///
    /// # Errors
    /// [`Failed`]. With [`WriteError::Deadline`] the thread goes on by itself.
    pub fn finish_within(self, patience: Duration, books: Option<Books>) -> Result<Recording, Failed> {
        // A deadline beyond what the clock can say is none.
        let until = Instant::now().checked_add(patience / 2);
        // If the thread is gone, that is found below.
        let _ = self.close.send(Close { books, until });
        let why = match self.done.recv_timeout(patience) {
            Ok(ended) => return ended,
            Err(RecvTimeoutError::Timeout) => WriteError::Deadline(patience),
            Err(RecvTimeoutError::Disconnected) => WriteError::Panicked,
        };
        let recording = Recording { frames: self.frames(), ended: why.to_string(), ..Recording::default() };
        Err(Failed { why, recording: Box::new(recording), ended_whole: false })
    }
}

/// The time is over: what still waits in the source is not written, and counts as lost here.
fn leave_out<S: Source>(source: &mut S, writer: &mut FrameWriter) {
    let (before, begun) = (writer.recording().lost, Instant::now());
    // A source that is faster than this is not emptied; no mailbox is.
    while begun.elapsed() < PATIENCE {
        match source.next_within(Duration::ZERO) {
            Next::Frame(held) => {
                let record = held.borrow().record();
                writer.lost(record.camera_number.unwrap_or(record.number), 1);
            }
            Next::Lost { first, count } => writer.lost(first, count),
            Next::Ended(_) | Next::Nothing => break,
        }
    }
    let left = writer.recording().lost - before;
    if left > 0 {
        writer.leave_out(left);
    }
}

fn record<S: Source>(
    mut writer: FrameWriter,
    mut source: S,
    closing: &Receiver<Close>,
    progress: &Progress,
) -> Result<Recording, Failed> {
    let mut close: Option<Close> = None;
    loop {
        if close.is_none() {
            close = match closing.try_recv() {
                Ok(close) => Some(close),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => Some(Close { books: None, until: Some(Instant::now()) }),
            };
        }
        let patience = if close.is_some() { Duration::ZERO } else { PATIENCE };
        let late = close.as_ref().and_then(|close| close.until).is_some_and(|until| Instant::now() >= until);
        match source.next_within(patience) {
            Next::Frame(held) => {
                if let Err(why) = writer.write(held.borrow()) {
                    writer.fail(why);
                    break;
                }
                progress.frames.store(writer.recording().frames, Ordering::Relaxed);
            }
            Next::Lost { first, count } => writer.lost(first, count),
            Next::Ended(why) => {
                writer.ended(&why);
                break;
            }
            Next::Nothing if close.is_some() => break,
            Next::Nothing => {}
        }
        if late {
            leave_out(&mut source, &mut writer);
            break;
        }
    }
    drop(source);
    progress.stopped.store(true, Ordering::Release);
    // The end waits for the books.
    if let Some(books) = close.or_else(|| closing.recv().ok()).and_then(|close| close.books) {
        writer.books(&books);
    }
    writer.finish()
}
