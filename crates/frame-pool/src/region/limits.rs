//! Limits of the system: what stands in the way of a region, how much of it is used up, and the command that cures it.

use std::io::{BufRead, BufReader};

use rustix::process::{Resource, getrlimit};

/// A limit of the system that memory for frames runs into, as it is now.
///
/// ```
/// let limit = frame_pool::Limit::locked_memory();
/// assert!(limit.to_string().contains("RLIMIT_MEMLOCK"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// Its name: `RLIMIT_...`, a sysctl, or a file of the system's.
    pub name: &'static str,
    /// Its value now, in bytes or pieces; `None` if there is no such limit, or the system does not tell.
    pub now: Option<u64>,
    /// How much of it this process uses now, if the system tells.
    pub used: Option<u64>,
    /// The command or setting that raises it.
    pub cure: String,
}

impl core::fmt::Display for Limit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.now {
            Some(now) => write!(f, "{} is {now}", self.name)?,
            None => write!(f, "{} is unlimited or not told", self.name)?,
        }
        if let Some(used) = self.used {
            write!(f, " ({used} in use)")?;
        }
        write!(f, ": {}", self.cure)
    }
}

impl Limit {
    /// How many bytes the process may lock in memory (`RLIMIT_MEMLOCK`, the soft limit). The pool locks nothing; drivers whose
    /// hardware writes the ring do, and a process that asked for all its memory to be locked does.
    #[must_use]
    pub fn locked_memory() -> Self {
        Self {
            name: "RLIMIT_MEMLOCK",
            now: getrlimit(Resource::Memlock).current,
            used: status_bytes("VmLck:"),
            cure: "ulimit -l unlimited, or a `memlock` line in /etc/security/limits.conf".to_owned(),
        }
    }

    /// How large a file may become (`RLIMIT_FSIZE`, the soft limit): memory files count as files.
    pub(crate) fn file_size() -> Self {
        Self {
            name: "RLIMIT_FSIZE",
            now: getrlimit(Resource::Fsize).current,
            used: None,
            cure: "ulimit -f unlimited".to_owned(),
        }
    }

    pub(crate) fn address_space() -> Self {
        Self {
            name: "RLIMIT_AS",
            now: getrlimit(Resource::As).current,
            used: status_bytes("VmSize:"),
            cure: "ulimit -v unlimited".to_owned(),
        }
    }

    pub(crate) fn open_files() -> Self {
        let used = std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64);
        Self {
            name: "RLIMIT_NOFILE",
            now: getrlimit(Resource::Nofile).current,
            used,
            cure: "ulimit -n with a larger number".to_owned(),
        }
    }

    pub(crate) fn open_files_of_the_system() -> Self {
        let now = number_in("/proc/sys/fs/file-max");
        Self { name: "fs.file-max", now, used: None, cure: larger("fs.file-max", now, 0) }
    }

    /// How many maps the process may have; `needed` more are wanted.
    pub(crate) fn maps(needed: u32) -> Self {
        let now = number_in("/proc/sys/vm/max_map_count");
        let used = lines_in("/proc/self/maps");
        let cure = larger("vm.max_map_count", now, used.unwrap_or(0).saturating_add(needed.into()));
        Self { name: "vm.max_map_count", now, used, cure }
    }

    /// What the system says could be had without swapping, and what the control group allows, whichever is less.
    pub(crate) fn memory() -> Self {
        let machine = kib_after("/proc/meminfo", "MemAvailable:");
        let group = group_memory();
        let (name, now, cure) = match (machine, group) {
            (machine, Some(group)) if machine.is_none_or(|machine| group < machine) => {
                ("memory.max of the control group", Some(group), "raise it (systemd: MemoryMax=)")
            }
            _ => ("available memory", machine, "end other programs, or use fewer slots or a smaller region"),
        };
        Self { name, now, used: None, cure: cure.to_owned() }
    }

    /// What may be promised at all, where the system promises no more than it has (`vm.overcommit_memory` = 2).
    pub(crate) fn commit() -> Option<Self> {
        (number_in("/proc/sys/vm/overcommit_memory") == Some(2)).then(|| Self {
            name: "CommitLimit (vm.overcommit_memory is 2)",
            now: kib_after("/proc/meminfo", "CommitLimit:"),
            used: kib_after("/proc/meminfo", "Committed_AS:"),
            cure: "sysctl vm.overcommit_memory=0, or a larger vm.overcommit_ratio".to_owned(),
        })
    }

    /// Whether `more` does not fit any more.
    pub(crate) fn forbids(&self, more: u64) -> bool {
        self.now.is_some_and(|now| self.used.unwrap_or(0).saturating_add(more) > now)
    }
}

fn larger(name: &str, now: Option<u64>, needed: u64) -> String {
    format!("sysctl {name}={}", now.unwrap_or(0).max(needed).saturating_mul(2))
}

fn number_in(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Counts in small pieces: a process without maps to spare may not be able to read such a file at once.
fn lines_in(path: &str) -> Option<u64> {
    let mut file = BufReader::new(std::fs::File::open(path).ok()?);
    let mut lines = 0;
    loop {
        let bytes = file.fill_buf().ok()?;
        if bytes.is_empty() {
            return Some(lines);
        }
        lines += bytes.iter().filter(|&&b| b == b'\n').count() as u64;
        let n = bytes.len();
        file.consume(n);
    }
}

/// The bytes that a line `key  123 kB` tells.
fn kib_after(path: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn status_bytes(key: &str) -> Option<u64> {
    kib_after("/proc/self/status", key)
}

/// The smallest memory limit of the process's control group and those above it; `None` where there is none.
fn group_memory() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let own = std::path::Path::new("/sys/fs/cgroup").join(own);
    let chain = own.ancestors().take_while(|folder| folder.starts_with("/sys/fs/cgroup"));
    // "max" is no number, and no limit.
    chain.filter_map(|folder| number_in(folder.join("memory.max").to_str()?)).min()
}

#[cfg(all(test, not(pool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_its_limits() {
        let maps = Limit::maps(0);
        assert!(maps.used.is_some_and(|used| used > 10) && maps.now > maps.used, "{maps}");
        assert!(Limit::address_space().used.is_some_and(|used| used > 1 << 20));
        assert!(Limit::open_files().used.is_some_and(|used| used >= 3));
        assert!(Limit::memory().now.is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn a_limit_says_its_name_its_value_and_its_cure() {
        let limit = Limit { name: "vm.x", now: Some(9), used: Some(7), cure: larger("vm.x", Some(9), 30) };
        assert_eq!(limit.to_string(), "vm.x is 9 (7 in use): sysctl vm.x=60");
        assert!(limit.forbids(3) && !limit.forbids(2));
        let none = Limit { now: None, used: None, ..limit };
        assert_eq!(none.to_string(), "vm.x is unlimited or not told: sysctl vm.x=60");
        assert!(!none.forbids(u64::MAX), "what is not limited forbids nothing");
    }
}
