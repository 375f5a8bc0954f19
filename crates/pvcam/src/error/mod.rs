//! What can go wrong, as data: which call, what was asked, what is allowed, and what to do.
//!
//! All enums may grow. The texts are for people; nothing in them has to be parsed. Errors that hand back what was
//! consumed come inside [`Refused`].

mod acquisition;
mod failure;
mod param;
mod refused;
mod sdk;
mod session;

pub use acquisition::{ArmError, ProbeError};
pub use failure::Failure;
pub use param::ParamError;
pub use refused::Refused;
pub use sdk::{OpenError, SdkError};
pub use session::{StartError, StopError, TimeoutCause, WaitError};
