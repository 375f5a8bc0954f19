//! A library that Python loads (`tests/arrow/in_process.py`): frames of a simulated camera through the C Data Interface, where they lie.
//!
//! Its functions belong to one thread, the one that opened the camera. They answer 0 where there is nothing to tell.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use frame_arrow::{BatchReader, FrameSchema, Next};
use frame_bus::{Event, Policy, Request, Subscriber};
use pvcam_tests::{BusRig, Ring, schema_plan};

/// A camera whose frames are lent in place, and the address of each frame that was exported.
struct World {
    rig: BusRig,
    schema: Arc<FrameSchema>,
    subscriber: Option<Subscriber>,
    addresses: Arc<Mutex<BTreeMap<u64, usize>>>,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

impl World {
    fn open() -> Option<Self> {
        // A ring that was seen to honour locks: its slots are lent where the camera writes.
        let ring = Ring::all().into_iter().next()?;
        let rig = BusRig::start_with(&ring, "scene = \"counter\"", |plan| plan);
        let schema =
            Arc::new(schema_plan(rig.session.settings(), rig.session.regions(), "SIM-1").build().ok()?);
        let subscriber = rig.bus.subscribe(&Request::new("python", Policy::Every { depth: 4 })).ok();
        Some(Self { rig, schema, subscriber, addresses: Arc::default() })
    }

    fn stream(&mut self) -> Option<FFI_ArrowArrayStream> {
        let mut subscriber = self.subscriber.take()?;
        let addresses = Arc::clone(&self.addresses);
        let source = move |patience: Duration| match subscriber.recv_within(patience) {
            Ok(Event::Frame(frame)) => {
                let address = frame.bytes().map_or(0, |bytes| bytes.as_ptr().addr());
                let mut known = addresses.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(frame.record().number, address);
                Next::Frame(frame)
            }
            Ok(Event::Closed(closed)) => Next::Ended(closed.why.to_string()),
            Ok(_) | Err(_) => Next::Nothing,
        };
        let reader = BatchReader::new(Arc::clone(&self.schema), source, Duration::from_secs(20));
        Some(reader.into_c_stream())
    }

    fn leased(&self) -> u64 {
        let held = self.rig.session.holders();
        held.anonymous + held.unread + held.named.iter().map(|holding| holding.frames).sum::<u64>()
    }
}

/// Nothing that panics may reach Python.
fn with<T: Default>(work: impl FnOnce(&mut World) -> T + std::panic::UnwindSafe) -> T {
    let on = || WORLD.with_borrow_mut(|world| world.as_mut().map(work));
    catch_unwind(std::panic::AssertUnwindSafe(on)).ok().flatten().unwrap_or_default()
}

/// Starts the camera; 1 if that went well.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_open() -> i32 {
    let world = catch_unwind(World::open).ok().flatten();
    let opened = i32::from(world.is_some());
    WORLD.set(world);
    opened
}

/// Exposes frames on the stepped clock.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_step(frames: u32) {
    with(|world| world.rig.step(frames));
}

/// The stream of all frames that are exposed from now on; once. To be freed by [`arrow_free`] after it was imported.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_stream() -> Option<Box<FFI_ArrowArrayStream>> {
    with(|world| world.stream().map(Box::new))
}

/// Frees what is left of a stream: nothing but the struct if it was imported.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_free(stream: Option<Box<FFI_ArrowArrayStream>>) {
    drop(stream);
}

/// Where the pixels of an exported frame lie, by the lease.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_address(number: u64) -> usize {
    with(|world| {
        world.addresses.lock().unwrap_or_else(PoisonError::into_inner).get(&number).copied().unwrap_or(0)
    })
}

/// Frames that somebody holds.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_leased() -> u64 {
    with(|world| world.leased())
}

/// Slots given back to the camera.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_given_back() -> u64 {
    with(|world| world.rig.session.books().unlocked)
}

/// Stops the camera; the stream ends.
#[unsafe(no_mangle)]
pub extern "C" fn arrow_close() {
    WORLD.set(None);
}
