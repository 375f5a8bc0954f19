//! What a region became: what it takes, and where less was had than asked for.

use super::limits::Limit;
use super::plan::RegionCost;

/// What a region takes, and what it had to do without.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegionReport {
    /// What it takes: as planned, but for maps where windows had to share one.
    pub cost: RegionCost,
    /// Bytes that lie on 2 MiB pages.
    pub huge_bytes: u64,
    /// What it had to do without. Empty if all was had.
    pub notes: Vec<RegionNote>,
}

/// Something that a region had to do without. The frames are as good; only speed or the rescue of held frames suffers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionNote {
    /// The time allowed for 2 MiB pages was used up first.
    PageTime {
        /// Milliseconds allowed.
        budget_ms: u32,
        /// Bytes left on 4 KiB pages.
        small_bytes: u64,
    },
    /// The system gave no (more) 2 MiB pages.
    NoHugePages {
        /// The system's answer, in words.
        answer: String,
        /// Bytes left on 4 KiB pages.
        small_bytes: u64,
    },
    /// All windows share one map, because of this limit: held frames cannot be moved out of the ring.
    SharedWindows {
        /// The limit, if one explains it.
        limit: Option<Limit>,
    },
    /// The ring's pages could not be mapped ahead: the first frames are written more slowly.
    NotPrefaulted {
        /// The system's answer, in words.
        answer: String,
    },
}

impl core::fmt::Display for RegionNote {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::PageTime { budget_ms, small_bytes } => write!(
                f,
                "{small_bytes} bytes are left on 4 KiB pages: the {budget_ms} ms allowed for 2 MiB pages were used up \
                 (about 2.8 ms per MiB); allow more, or live with slower reads"
            ),
            Self::NoHugePages { answer, small_bytes } => write!(
                f,
                "{small_bytes} bytes are left on 4 KiB pages: the system gives no 2 MiB pages ({answer}); it needs Linux 6.1 \
                 or later and unfragmented memory (sysctl vm.compact_memory=1 makes some)"
            ),
            Self::SharedWindows { limit } => {
                f.write_str("held frames cannot be moved out of the ring, because each frame cannot have a map of its own")?;
                limit.as_ref().map_or(Ok(()), |limit| write!(f, ": {limit}"))
            }
            Self::NotPrefaulted { answer } => {
                write!(
                    f,
                    "the ring's pages are not mapped ahead ({answer}): the first frames are written more slowly"
                )
            }
        }
    }
}
