//! What may be sent to, shared with and unwound through other threads: one table for all types that users hold, checked by
//! the compiler both ways. A line that says no is a promise too: taking it back is a decision, not an accident.

#[macro_use]
mod says;

use std::error::Error;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};

use frame_arrow::{
    BatchError, Coalesced, Failed, FrameSchema, FrameWriter, NotIntact, Recorder, Recording, RecoverError,
    SchemaError, SchemaPlan, WriteError,
};
use frame_bus::{Bus, BusMetrics, Callback, Frame, Publisher, Subscriber};
use frame_pool::{
    Books, Doorbell, Held, Holder, Holding, Layout, Lease, Limit, LossEvent, Overrun, OwnedFrame, Picture,
    PinError, Pinned, PinnedPages, Pool, PoolError, PublishError, RawFrame, Record, RegionError,
    RegionLayout, RegionReport, RegionView, Stream, StreamEnder, StreamError, StreamPlan, Ticket, Torn,
    ViewError,
};
use pvcam::error::{
    ArmError, Failure, OpenError, ParamError, ProbeError, SdkError, StartError, StopError, WaitError,
};
use pvcam::{
    Armed, Camera, CameraSettings, Canceller, EndedBy, Frames, HeldBy, Identity, InPlaceConsent, Opened,
    Plan, RawFrames, Refused, RingReport, RingTrust, Sdk, Session, Settings, Stopped,
};

// A lease goes anywhere and stays as long as it likes; it is counted, so it is not copied by the bit.
yes!(Lease: Clone + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + AsRef<[u8]> + 'static);
no!(Lease: Copy, Default, AsMut<[u8]>, PartialEq);
yes!(Pinned: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static);
no!(Pinned: Clone, Copy, Default, AsMut<[u8]>);
// A name is given up once for each time it was taken.
yes!(Held: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Deref<Target = Lease> + 'static);
no!(Held: Clone, Copy, Default, DerefMut);
yes!(Holder: Clone + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + 'static);
no!(Holder: Copy, Default);
// A raw frame holds nothing: it may be kept anywhere, and only copies out.
yes!(RawFrame: Clone + Send + Sync + Unpin + 'static);
no!(RawFrame: Copy, Default, AsRef<[u8]>, Deref);
// A copy of a frame is nobody's but its owner's, and is still not written: its record vouches for its bytes.
yes!(OwnedFrame: Clone + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + AsRef<[u8]> + 'static);
no!(OwnedFrame: Copy, Default, AsMut<[u8]>);
// Views are borrowed, so they are as free as a reference to bytes.
yes!(Picture<'static>: Copy + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe);
yes!(RegionView<'static>: Copy + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe);
no!(Picture<'static>: Default, AsMut<[u8]>);
no!(RegionView<'static>: Default, DerefMut);
// Addresses of pages that others may write: who takes them to another thread takes the pin there as well.
yes!(PinnedPages: Copy + UnwindSafe + 'static);
no!(PinnedPages: Send, Sync, Default);

// There is one of each: a clone of a camera could touch parameters while the other one acquires.
yes!(Sdk: Clone + Send + Sync + Unpin + 'static);
yes!(Camera: Send + Sync + Unpin + 'static);
yes!(Opened: Send + Sync + Unpin + 'static);
yes!(Armed: Send + Sync + Unpin + 'static);
yes!(Session: Send + Sync + Unpin + 'static);
yes!(Stopped: Send + Sync + Unpin + 'static);
no!(Camera: Clone, Copy, Default);
no!(Armed: Clone, Copy);
no!(Session: Clone, Copy);
no!(Stopped: Clone, Copy);

// A frame of a bus is a lease with a name. One thread reads a subscriber at a time; its methods see to that, not its type.
yes!(Frame: Clone + Send + Sync + Unpin + AsRef<[u8]> + Deref<Target = Lease> + 'static);
no!(Frame: Copy, Default, DerefMut);
yes!(Subscriber: Send + Sync + Unpin + 'static);
no!(Subscriber: Clone, Copy, Iterator);
yes!(BusMetrics: Send + Sync + Unpin + 'static);
no!(BusMetrics: Clone, Copy);
yes!(Bus: Send + Sync + Unpin + 'static);
no!(Bus: Clone, Copy);
yes!(Callback: Send + Sync + 'static);
no!(Callback: Clone, Copy);
yes!(Publisher: Clone + Send + Sync + Unpin + 'static);
no!(Publisher: Copy);
// Columns are shared; a recording has one end, and one thread at a time that holds it.
yes!(FrameSchema: Send + Sync + Unpin + 'static);
no!(FrameSchema: Clone, Copy);
yes!(SchemaPlan: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Coalesced: Send + Sync + Unpin + 'static);
yes!(FrameWriter: Send + Unpin + 'static);
no!(FrameWriter: Sync, Clone, Copy);
yes!(Recorder: Send + Unpin + 'static);
no!(Recorder: Sync, Clone, Copy);
yes!(Recording: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
// Frames may be read from several threads; a canceller is handed out.
yes!(Frames: Send + Sync + Unpin + Iterator + 'static);
no!(Frames: Clone, Copy);
yes!(RawFrames: Send + Sync + Unpin + Iterator + 'static);
no!(RawFrames: Clone, Copy);
yes!(Canceller: Clone + Send + Sync + Unpin + 'static);
// A consent is given by an unsafe call, and by nothing else.
yes!(InPlaceConsent: Copy + Send + Sync + Unpin + UnwindSafe + 'static);
no!(InPlaceConsent: Default, From<()>);

// The pool's own side: the service thread and the callback share it.
yes!(Pool: Send + Sync + Unpin + 'static);
yes!(Stream: Send + Sync + Unpin + 'static);
yes!(Doorbell: Send + Sync + Unpin + 'static);
no!(Pool: Clone, Copy, Default);
no!(Stream: Clone, Copy, Default);
yes!(StreamEnder: Clone + Send + Sync + Unpin + 'static);
no!(StreamEnder: Default);
yes!(StreamPlan: Send + Sync + Unpin + 'static);
no!(StreamPlan: Clone, Copy);
yes!(Ticket: Copy + Send + Sync + Unpin + UnwindSafe + 'static);

// They hold sinks and callbacks, whose state after a panic nobody vouches for.
no!(Session: UnwindSafe, RefUnwindSafe);
no!(Armed: UnwindSafe, RefUnwindSafe);
no!(Camera: UnwindSafe, RefUnwindSafe);
no!(Stream: UnwindSafe, RefUnwindSafe);
no!(StreamPlan: UnwindSafe, RefUnwindSafe);

// What is only told is plain data.
yes!(HeldBy: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(EndedBy: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Books: Copy + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Record: Copy + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Layout: Copy + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(RegionLayout: Copy + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Limit: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(RegionReport: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Holding: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(LossEvent: Copy + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Settings: Copy + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Plan: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(Identity: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(CameraSettings: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(RingReport: Clone + Send + Sync + Unpin + UnwindSafe + 'static);
yes!(RingTrust: Clone + Send + Sync + Unpin + UnwindSafe + 'static);

// Errors fit every error type there is, those inside which a camera comes back too.
yes!(SdkError: Error + Send + Sync + Unpin + 'static);
yes!(OpenError: Error + Send + Sync + Unpin + 'static);
yes!(ParamError: Error + Send + Sync + Unpin + 'static);
yes!(ArmError: Error + Send + Sync + Unpin + 'static);
yes!(ProbeError: Error + Send + Sync + Unpin + 'static);
yes!(StartError: Error + Send + Sync + Unpin + 'static);
yes!(StopError: Error + Send + Sync + Unpin + 'static);
yes!(WaitError: Error + Send + Sync + Unpin + 'static);
yes!(Failure: Error + Send + Sync + Unpin + 'static);
yes!(PoolError: Error + Send + Sync + Unpin + 'static);
yes!(StreamError: Error + Copy + Send + Sync + Unpin + 'static);
yes!(RegionError: Error + Send + Sync + Unpin + 'static);
yes!(PublishError: Error + Copy + Send + Sync + Unpin + 'static);
yes!(PinError: Error + Copy + Send + Sync + Unpin + 'static);
yes!(Overrun: Error + Copy + Send + Sync + Unpin + 'static);
yes!(Torn: Error + Copy + Send + Sync + Unpin + 'static);
yes!(ViewError: Error + Copy + Send + Sync + Unpin + 'static);
yes!(SchemaError: Error + Send + Sync + Unpin + 'static);
yes!(BatchError: Error + Send + Sync + Unpin + 'static);
yes!(NotIntact: Error + Clone + Send + Sync + Unpin + 'static);
yes!(WriteError: Error + Send + Sync + Unpin + 'static);
yes!(Failed: Error + Send + Sync + Unpin + 'static);
yes!(RecoverError: Error + Send + Sync + Unpin + 'static);
yes!(Refused<Camera, ArmError>: Error + Send + Sync + Unpin + 'static);
yes!(Refused<Armed, StartError>: Error + Send + Sync + Unpin + 'static);

// Controls: types whose traits are beyond doubt. That the opposite is refused is tried in `compile_fail`.
yes!(u8: Copy + Send + Sync + Unpin + UnwindSafe + Default);
no!(std::rc::Rc<u8>: Send, Sync, Copy);
no!(std::cell::Cell<u8>: Sync, RefUnwindSafe);
no!(&'static mut u8: Clone, UnwindSafe);
no!(std::marker::PhantomPinned: Unpin);

/// The table is checked when this file is compiled; this is what is left to do when it runs.
#[test]
fn a_lease_is_one_pointer_wide() {
    assert_eq!(size_of::<Lease>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Lease>>(), size_of::<usize>());
}
