//! What a driver's user puts between session, bus and Arrow.

use std::time::Duration;

use frame_arrow::{CameraTimes, Next, SchemaPlan, Source};
use frame_bus::{Event, Frame, Subscriber};
use frame_pool::{Lease, RegionLayout};
use pvcam::Settings;
use pvcam::metadata::lease_metadata;

/// The columns for frames of these settings and regions.
#[must_use]
pub fn schema_plan(settings: &Settings, regions: &[RegionLayout], serial: &str) -> SchemaPlan {
    let plan = SchemaPlan::regions(regions)
        .camera(serial)
        .exposure(settings.exposure)
        .setting("frame_time_ns", settings.frame_time.as_nanos())
        .setting("delivery", format!("{:?}", settings.delivery));
    if settings.metadata { plan.camera_times(camera_times) } else { plan }
}

/// What the camera says of a frame in its metadata.
#[must_use]
pub fn camera_times(lease: &Lease) -> Option<CameraTimes> {
    let metadata = lease_metadata(lease)?;
    let header = metadata.header();
    let (begin_ns, end_ns, exposure_ns) = (header.begin_ns, header.end_ns, header.exposure_ns);
    Some(CameraTimes { begin_ns, end_ns, exposure_ns })
}

/// A subscriber as a source of frames, which are held in its name.
#[must_use]
pub fn source(mut subscriber: Subscriber) -> impl Source<Held = Frame> {
    move |patience: Duration| match subscriber.recv_within(patience) {
        Ok(Event::Frame(frame)) => Next::Frame(frame),
        Ok(Event::Lagged(lag)) => Next::Lost { first: lag.first, count: lag.count },
        Ok(Event::Closed(closed)) => Next::Ended(closed.why.to_string()),
        Ok(_) | Err(_) => Next::Nothing,
    }
}
