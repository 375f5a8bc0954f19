//! How much memory an acquisition gets.

use frame_pool::StreamMode;

use super::settings::Settings;
use super::shelf::{Wanted, default_budget};
use crate::error::ArmError;
use crate::param::{self, Attribute, Link};
use crate::plan::{LEAST_SLOTS, MOST_BYTES, Plan, RingNeeds, slots_by_default};

/// Reserve of a locked ring that nobody chose: room for frames that are held long, and for copies if its trust is lost.
fn locked_reserve(slots: u32) -> u32 {
    (slots / 4).clamp(4, 16)
}

/// Ring and reserve for a plan, checked against the SDK's limit and the budget.
pub(super) fn choose(link: &Link, plan: &Plan, settings: &Settings) -> Result<Wanted, ArmError> {
    let budget = plan.budget.unwrap_or_else(default_budget);
    let frame_bytes = settings.frame_bytes;
    let asked = settings.frames.map(u32::from).or(plan.ring);
    let slots = match asked {
        Some(slots) => slots,
        None => slots_by_default(RingNeeds {
            frame_bytes,
            frame_time: settings.frame_time,
            recommended_bytes: recommended(link),
            budget,
            reserve: plan.reserve.unwrap_or(0),
        }),
    };
    let reserve = plan.reserve.unwrap_or(match settings.delivery {
        StreamMode::Frozen | StreamMode::Raw => 0,
        StreamMode::Locked | StreamMode::TimeBound => locked_reserve(slots),
        _ => (slots / 2).clamp(4, 32),
    });
    let mut wanted = Wanted { frame_bytes, slots, exact: asked.is_some(), reserve, budget };
    if asked.is_none() {
        shrink(&mut wanted, plan.reserve.is_none());
    }
    check(&wanted, settings)?;
    Ok(wanted)
}

/// What the SDK recommends for the ring, valid after setup.
fn recommended(link: &Link) -> Option<u64> {
    if !link.has(param::PARAM_FRAME_BUFFER_SIZE) {
        return None;
    }
    let bytes = link.integer(param::PARAM_FRAME_BUFFER_SIZE, Attribute::Default).ok()?;
    u64::try_from(bytes).ok()
}

/// Makes a choice of ours fit the budget: alignment and reserve take more than the slots alone.
fn shrink(wanted: &mut Wanted, reserve_is_ours: bool) {
    while wanted.bytes() > wanted.budget && wanted.slots > LEAST_SLOTS {
        wanted.slots -= (wanted.slots / 16).max(1);
        if reserve_is_ours {
            wanted.reserve = wanted.reserve.min((wanted.slots / 2).max(4));
        }
    }
}

fn check(wanted: &Wanted, settings: &Settings) -> Result<(), ArmError> {
    let Wanted { frame_bytes, slots, reserve, budget, .. } = *wanted;
    let bytes = u64::from(frame_bytes) * u64::from(slots);
    if bytes > MOST_BYTES {
        return Err(ArmError::RingTooLarge { slots, frame_bytes, bytes, limit: MOST_BYTES });
    }
    if wanted.bytes() > budget || settings.frames.is_none() && slots < LEAST_SLOTS {
        let least = Wanted { slots: slots.max(LEAST_SLOTS), ..*wanted };
        return Err(ArmError::OverBudget {
            slots: least.slots,
            reserve,
            frame_bytes,
            bytes: least.bytes(),
            budget,
        });
    }
    Ok(())
}
