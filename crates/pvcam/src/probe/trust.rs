//! What is known of a ring, and for which camera it is known.

use crate::arm::host_processing;
use crate::camera::{self, Core, Firmware};
use crate::param;
use crate::sdk::SdkVersion;

/// What a ring does when all its slots are held (`CIRC_NO_OVERWRITE`). The SDK's documents contradict each other, so it
/// has to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FullRing {
    /// It writes over the oldest slot all the same: locks mean nothing.
    Overwrites,
    /// It keeps the slots and loses frames until one is unlocked, then goes on.
    Drops,
    /// It keeps the slots and the stream ends.
    Halts,
}

/// Everything that what was seen depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RingKey {
    serial: String,
    firmware: Option<Firmware>,
    interface: Option<i32>,
    port: i32,
    sdk: Option<SdkVersion>,
    metadata: bool,
    host_processing: bool,
}

impl RingKey {
    /// The key of the camera as it is set now.
    pub(crate) fn read(core: &Core) -> Self {
        let link = &core.device.link;
        Self {
            serial: core.identity.serial.clone(),
            firmware: core.identity.firmware,
            interface: core.identity.interface.as_ref().map(|interface| interface.code),
            port: link.optional(param::PARAM_READOUT_PORT).unwrap_or(0),
            sdk: link.library.version().ok(),
            metadata: camera::metadata_enabled(link).unwrap_or(false),
            host_processing: host_processing(link),
        }
    }
}

/// What a probe has found out about the ring of one camera, for the state in which it was probed.
///
/// It counts for the same serial number, firmware, interface, readout port, SDK version, metadata and host
/// post-processing; with any other of these nothing is known.
#[derive(Debug, Clone, PartialEq)]
pub struct RingTrust {
    pub(super) key: RingKey,
    pub(super) full_ring: FullRing,
    pub(super) unlock_needs_get: bool,
}

impl RingTrust {
    /// What the ring does when all its slots are held.
    #[must_use]
    pub fn full_ring(&self) -> FullRing {
        self.full_ring
    }

    /// Whether locks were seen to hold, so that frames can be lent in place.
    #[must_use]
    pub fn locks_hold(&self) -> bool {
        self.full_ring != FullRing::Overwrites
    }

    /// Whether a slot is unlocked only after the SDK was asked for its frame.
    #[must_use]
    pub fn unlock_needs_get(&self) -> bool {
        self.unlock_needs_get
    }

    /// Serial number of the camera.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.key.serial
    }

    /// Firmware of the camera.
    #[must_use]
    pub fn firmware(&self) -> Option<Firmware> {
        self.key.firmware
    }

    /// Readout port, by value.
    #[must_use]
    pub fn port(&self) -> i32 {
        self.key.port
    }

    /// Interface, as `PL_CAM_INTERFACE_TYPES` code.
    #[must_use]
    pub fn interface(&self) -> Option<i32> {
        self.key.interface
    }

    /// Version of the SDK.
    #[must_use]
    pub fn sdk_version(&self) -> Option<SdkVersion> {
        self.key.sdk
    }

    /// Whether a ring with this key may be lent in place.
    pub(crate) fn holds_for(&self, key: &RingKey) -> bool {
        // Without the frame's own number in the slot a gap could not be settled.
        self.locks_hold() && key.metadata && !key.host_processing && self.key == *key
    }
}
