//! A source as a reader of batches, and as a stream for other languages in this process.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use core::borrow::Borrow;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};

use crate::error::BatchError;
use crate::schema::FrameSchema;
use crate::source::{Next, Source};

/// Why a reader of live batches got none. Foreign readers see it as an I/O error with this text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No frame came within the patience given.
    #[error("no frame came within {0:?}; if frames are expected, ask the session what is the matter")]
    Timeout(Duration),
    /// A frame could not be made into a batch.
    #[error("a frame could not be made into a batch")]
    Batch(#[from] BatchError),
}

/// An error with its causes: foreign readers get no more than a text.
fn in_full(why: &dyn core::error::Error) -> String {
    let causes = core::iter::successors(why.source(), |cause| cause.source());
    causes.fold(why.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Live frames as batches of one row, each without a copy. What the driver lost between two of them stands in `lost_before`; what the
/// source's own mailbox lost shows as a gap in the numbers.
///
/// Each batch holds its frame: who collects batches needs a ring (and a reserve) that can spare as many.
pub struct BatchReader<S> {
    source: S,
    schema: Arc<FrameSchema>,
    patience: Duration,
    ended: bool,
}

impl<S: Source> BatchReader<S> {
    /// Batches of what `source` gives; `patience` is how long one may take to come.
    pub fn new(schema: Arc<FrameSchema>, source: S, patience: Duration) -> Self {
        Self { source, schema, patience, ended: false }
    }

    /// The stream of the Arrow C Data Interface: for pyarrow, R, C++ and others in this process. Its arrays show the leases' own
    /// memory; they may be released on any thread, and the last release gives the slot back. The stream itself belongs to one thread
    /// at a time.
    ///
    /// Hand its address over (`pyarrow.RecordBatchReader._import_from_c(address)`); the reader moves the stream out of it.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use frame_arrow::{BatchReader, FrameSchema, Next, Source};
    /// # use frame_pool::Lease;
    /// use arrow_array::ffi_stream::FFI_ArrowArrayStream;
    /// fn export(schema: Arc<FrameSchema>, source: impl Source) -> Box<FFI_ArrowArrayStream> {
    ///     Box::new(BatchReader::new(schema, source, Duration::from_secs(10)).into_c_stream())
    /// }
    /// # let layout = frame_pool::Layout::mono(frame_pool::Element::U16, 16, 4, 4);
    /// # let schema = Arc::new(frame_arrow::SchemaPlan::new(layout).build()?);
    /// # drop(export(schema, |_: Duration| Next::<Lease>::Ended("nothing".to_owned())));
    /// # Ok::<(), frame_arrow::SchemaError>(())
    /// ```
    #[must_use]
    pub fn into_c_stream(self) -> FFI_ArrowArrayStream {
        FFI_ArrowArrayStream::new(Box::new(self))
    }

    fn batch(&mut self) -> Option<Result<RecordBatch, SourceError>> {
        // A deadline beyond what the clock can say is none.
        let deadline = Instant::now().checked_add(self.patience);
        loop {
            let left =
                deadline.map_or(self.patience, |until| until.saturating_duration_since(Instant::now()));
            match self.source.next_within(left) {
                Next::Frame(held) => {
                    return Some(self.schema.to_record_batch(held.borrow()).map_err(Into::into));
                }
                // No column says it: the numbers do.
                Next::Lost { .. } => {}
                Next::Ended(_) => {
                    self.ended = true;
                    return None;
                }
                Next::Nothing if left.is_zero() => return Some(Err(SourceError::Timeout(self.patience))),
                Next::Nothing => {}
            }
        }
    }
}

impl<S: Source> Iterator for BatchReader<S> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.batch()
            .map(|batch| batch.map_err(|why| ArrowError::IoError(in_full(&why), std::io::Error::other(why))))
    }
}

impl<S: Source> RecordBatchReader for BatchReader<S> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.arrow())
    }
}

impl<S> core::fmt::Debug for BatchReader<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("BatchReader").field("patience", &self.patience).finish_non_exhaustive()
    }
}
