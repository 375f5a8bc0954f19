//! Why a region could not be made: the plan, the budget, or a limit of the system, by name.

use rustix::io::Errno;

use super::limits::Limit;

/// Why a region could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// The plan asks for nothing.
    #[error(
        "a region needs at least 1 block of at least 1 byte; asked: {blocks} blocks of {block_bytes} bytes"
    )]
    Empty {
        /// Blocks asked for.
        blocks: u32,
        /// Bytes of a block asked for.
        block_bytes: usize,
    },
    /// The plan takes more memory than allowed.
    #[error(
        "the region needs {needed} bytes, the budget is {budget}: use fewer slots, a smaller region or a larger budget"
    )]
    OverBudget {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        budget: u64,
    },
    /// A limit of the system forbids it.
    #[error("{step} ({bytes} bytes) is more than the system allows. {limit}")]
    Limited {
        /// What was tried.
        step: &'static str,
        /// How many bytes it was about.
        bytes: u64,
        /// The limit, and what to do about it.
        limit: Box<Limit>,
    },
    /// The system refused a step, and no limit explains it.
    #[error("{step} of {bytes} bytes failed: {source}. {cure}")]
    System {
        /// What was tried.
        step: &'static str,
        /// How many bytes it was about.
        bytes: u64,
        /// What to do about it.
        cure: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl RegionError {
    /// Whether the system has no memory, addresses or maps for it, and no limit is known: something smaller may do.
    pub(super) fn is_shortage(&self) -> bool {
        let nomem = Some(Errno::NOMEM.raw_os_error());
        matches!(self, Self::System { source, .. } if source.raw_os_error() == nomem)
    }
}

/// Finds the limit behind the system's answer to a step that was about `bytes` bytes.
pub(super) fn refused(step: &'static str, bytes: u64) -> impl Fn(Errno) -> RegionError {
    move |errno| match limit_behind(errno, bytes) {
        Some(limit) => RegionError::Limited { step, bytes, limit: Box::new(limit) },
        None => RegionError::System { step, bytes, cure: cure(errno), source: errno.into() },
    }
}

fn limit_behind(errno: Errno, bytes: u64) -> Option<Limit> {
    match errno {
        Errno::NOMEM | Errno::NOSPC => {
            // Placing a window into reserved addresses can split one map into three.
            let limits = [Limit::address_space(), Limit::maps(2)];
            let mores = [bytes, 2];
            let found = limits.into_iter().zip(mores).find(|(limit, more)| limit.forbids(*more));
            let found = found.map(|(limit, _)| limit);
            found
                .or_else(|| Limit::commit().filter(|limit| limit.forbids(bytes)))
                .or_else(|| Some(Limit::memory()).filter(|limit| limit.forbids(bytes)))
        }
        // A process whose future memory is locked is told this way that the limit is reached.
        Errno::AGAIN => Some(Limit::locked_memory()),
        Errno::FBIG => Some(Limit::file_size()),
        Errno::MFILE => Some(Limit::open_files()),
        Errno::NFILE => Some(Limit::open_files_of_the_system()),
        _ => None,
    }
}

fn cure(errno: Errno) -> &'static str {
    match errno {
        Errno::NOMEM | Errno::NOSPC => {
            "There is not enough memory for the ring: ask for fewer slots or a smaller region."
        }
        Errno::PERM | Errno::NOSYS | Errno::ACCESS => {
            "The system does not allow it (a sandbox, or a security policy): allow memfd_create, fallocate and mmap."
        }
        _ => "See the system's answer.",
    }
}
