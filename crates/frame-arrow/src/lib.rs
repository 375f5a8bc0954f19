//! Frames as Arrow arrays, where the camera wrote them; and Arrow IPC streams and files of them.
//!
//! A record batch made here has one frame, and the buffer of its pixel column *is* the memory that the reader's lease shows. Whoever
//! reads Arrow can look at it: the batch holds the lease, and the slot goes back to the camera when the last array, slice or
//! foreign reader lets go of it, on whatever thread.
//!
//! # The parts
//!
//! * [`SchemaPlan`] and [`FrameSchema`]: the columns, made once for a run; [`FrameSchema::to_record_batch`] makes a batch of a lease
//!   without a copy, [`FrameSchema::coalesce`] one of many with one copy each.
//! * [`FrameWriter`]: an IPC stream or file, written straight from the leases; [`Recorder`]: the same on a thread of its own, fed by a
//!   [`Source`] (a subscriber of a bus, a session's frames). [`recover`] ends a file that a crash has left without an end.
//! * [`BatchReader`]: a [`Source`] as a reader of batches, and through the C Data Interface ([`BatchReader::into_c_stream`]) as one
//!   for other languages in this process.
//!
//! The columns and the files are described in `docs/arrow.md`; [`FORMAT_VERSION`] is their version.
//!
//! # What it costs
//!
//! A batch of one frame: no byte of the picture is copied, and no more than 13 small allocations are made once the first batch is
//! there (a few more for a frame after a loss, or with another exposure than the first; two for each further region). Who holds
//! the batch holds the frame: see the crate `frame-bus` on who holds how many.
//!
//! # Threads
//!
//! Nothing here runs on the camera's thread. Schemas are shared freely between threads. A writer belongs to one thread at a time, a
//! [`Recorder`] has its own.

#![forbid(unsafe_code)]

mod coalesce;
mod columns;
mod error;
mod export;
mod plan;
mod recover;
mod schema;
mod sink;
mod source;
mod tensor;
mod verify;

pub use coalesce::Coalesced;
pub use error::{BatchError, SchemaError};
pub use export::{BatchReader, SourceError};
pub use plan::{CameraTimes, SchemaPlan};
pub use recover::{RecoverError, Recovered, recover};
pub use schema::{FORMAT_VERSION, FrameSchema};
pub use sink::{Codec, Failed, FrameWriter, Recorder, Recording, WriteError, WriterOptions};
pub use source::{Next, Source};
pub use verify::NotIntact;
