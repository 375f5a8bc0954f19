//! What the frame memory and the check itself need.

use std::fs::read_to_string;

use super::finding::{Finding, State};
use super::limits::{bytes, soft};

/// Bytes of a usual ring: a second of full frames of a fast camera.
const RING: u64 = 1 << 30;
/// Maps of one large ring: two per block of ring and reserve.
const MAPS: u64 = 4096;
/// Maps with which several cameras and second regions find room.
const AMPLE_MAPS: u64 = 65_530;
/// Threads that a program with one camera starts, the SDK's included.
const THREADS: u64 = 64;
/// The kernel from which small pages of a memory file can be made huge without privilege.
const COLLAPSE: (u32, u32) = (6, 1);

/// Looks at the limits of this process and the settings of this kernel.
pub(super) fn look() -> Vec<Finding> {
    let text = |path: &str| read_to_string(path).unwrap_or_default();
    let limits = text("/proc/self/limits");
    vec![
        memory(&text("/proc/meminfo")),
        locked(soft(&limits, "Max locked memory")),
        maps(text("/proc/sys/vm/max_map_count").trim()),
        huge_pages(
            text("/proc/sys/kernel/osrelease").trim(),
            text("/sys/kernel/mm/transparent_hugepage/shmem_enabled").trim(),
        ),
        threads(soft(&limits, "Max processes")),
        statistics(&text("/proc/self/schedstat")),
        compiler(),
    ]
}

fn memory(meminfo: &str) -> Finding {
    const WHAT: &str = "memory";
    let available = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:")).and_then(|rest| {
        let kib: u64 = rest.split_whitespace().next()?.parse().ok()?;
        Some(kib << 10)
    });
    let cure = "close other programs, or ask for fewer slots or a smaller region; a quarter of it is used by default";
    match available {
        Some(free) if free / 4 >= RING => Finding::good(WHAT, format!("{} available", bytes(free))),
        Some(free) => Finding::new(WHAT, State::Advice, format!("{} available", bytes(free)), cure),
        None => Finding::new(WHAT, State::Advice, "not told by this system", cure),
    }
}

/// The SDK's drivers lock the ring in memory; whether that counts against the limit depends on the driver.
fn locked(limit: Result<Option<u64>, String>) -> Finding {
    const WHAT: &str = "memory lock limit";
    let cure = "if a start fails with error 199: `* - memlock unlimited` in a file in /etc/security/limits.d, and log in \
                anew (or LimitMEMLOCK=infinity in the unit of a service)";
    match limit {
        Ok(None) => Finding::good(WHAT, "unlimited"),
        Ok(Some(most)) if most >= RING => Finding::good(WHAT, bytes(most)),
        Ok(Some(most)) => Finding::new(
            WHAT,
            State::Advice,
            format!("{}, a ring may take {}", bytes(most), bytes(RING)),
            cure,
        ),
        Err(why) => Finding::new(WHAT, State::Advice, why, cure),
    }
}

fn maps(text: &str) -> Finding {
    const WHAT: &str = "vm.max_map_count";
    let cure = "as root: sysctl vm.max_map_count=262144 (and into a file in /etc/sysctl.d)";
    match text.parse::<u64>() {
        Ok(most) if most >= AMPLE_MAPS => Finding::good(WHAT, most.to_string()),
        Ok(most) => {
            let state = if most >= MAPS { State::Advice } else { State::Missing };
            Finding::new(WHAT, state, format!("{most}; each block of a ring takes two maps"), cure)
        }
        Err(_) => Finding::new(WHAT, State::Advice, "not told by this system", cure),
    }
}

/// Frame memory works with small pages; with huge ones it is faster to read.
fn huge_pages(release: &str, shmem: &str) -> Finding {
    const WHAT: &str = "huge pages";
    // The file lists all choices and puts the one in force into brackets.
    let in_force = shmem.split(['[', ']']).nth(1).unwrap_or("not told");
    let found = format!("kernel {release}, shmem_enabled {in_force}");
    let collapses = version(release).is_some_and(|version| version >= COLLAPSE);
    if in_force == "deny" {
        Finding::new(
            WHAT,
            State::Advice,
            found,
            "as root: echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled",
        )
    } else if collapses || ["always", "advise", "within_size", "force"].contains(&in_force) {
        Finding::good(WHAT, found)
    } else {
        let cure = "Linux 6.1 or later, or as root: echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled; without it \
                    frames are read a little more slowly";
        Finding::new(WHAT, State::Advice, found, cure)
    }
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn threads(limit: Result<Option<u64>, String>) -> Finding {
    const WHAT: &str = "threads limit";
    let cure = "raise `ulimit -u` (or TasksMax of a service)";
    match limit {
        Ok(None) => Finding::good(WHAT, "unlimited"),
        Ok(Some(most)) if most >= THREADS => Finding::good(WHAT, most.to_string()),
        Ok(Some(most)) => {
            Finding::new(WHAT, State::Missing, format!("{most} for all programs of this user"), cure)
        }
        Err(why) => Finding::new(WHAT, State::Advice, why, cure),
    }
}

/// Without these the figure of CPU time per frame stays empty.
fn statistics(schedstat: &str) -> Finding {
    const WHAT: &str = "CPU statistics";
    let used = schedstat.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
    if used > 0 {
        Finding::good(WHAT, "per thread")
    } else {
        let cure = "a kernel with CONFIG_SCHED_INFO; without it the figure `cpu us/f` stays empty";
        Finding::new(WHAT, State::Advice, "none per thread", cure)
    }
}

/// The simulator's library is linked with it.
fn compiler() -> Finding {
    const WHAT: &str = "C compiler (cc)";
    let folders = std::env::var_os("PATH").unwrap_or_default();
    match std::env::split_paths(&folders).map(|folder| folder.join("cc")).find(|file| file.exists()) {
        Some(file) => Finding::good(WHAT, file.display().to_string()),
        None => Finding::new(
            WHAT,
            State::Advice,
            "not on the path",
            "only the simulator needs it: on Debian and Ubuntu apt-get install gcc",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_judged_by_what_a_ring_needs() {
        assert_eq!(locked(Ok(None)).state, State::Good);
        assert_eq!(locked(Ok(Some(8 << 20))).state, State::Advice);
        assert_eq!(locked(Ok(Some(4 << 30))).state, State::Good);
        assert_eq!(maps("65530").state, State::Good);
        assert_eq!(maps("10000").state, State::Advice);
        assert_eq!(maps("1000").state, State::Missing);
        assert_eq!(maps("").state, State::Advice);
        assert_eq!(threads(Ok(Some(10))).state, State::Missing);
        assert_eq!(threads(Ok(Some(1000))).state, State::Good);
    }

    #[test]
    fn memory_is_judged_by_the_quarter_that_is_used() {
        assert_eq!(memory("MemAvailable:    8388608 kB\n").state, State::Good);
        assert_eq!(memory("MemAvailable:    1048576 kB\n").state, State::Advice);
        assert_eq!(memory("").state, State::Advice);
    }

    #[test]
    fn huge_pages_need_a_new_kernel_or_a_setting() {
        const ADVISE: &str = "always within_size [advise] never deny force";
        const NEVER: &str = "always within_size advise [never] deny force";
        assert_eq!(huge_pages("6.1.0-13-amd64", NEVER).state, State::Good);
        assert_eq!(huge_pages("5.15.0", NEVER).state, State::Advice);
        assert_eq!(huge_pages("5.15.0", ADVISE).state, State::Good);
        assert_eq!(huge_pages("6.18.44", "always never [deny]").state, State::Advice);
        assert_eq!(huge_pages("", "").state, State::Advice);
    }

    #[test]
    fn a_kernel_without_statistics_shows() {
        assert_eq!(statistics("0 0 0").state, State::Advice);
        assert_eq!(statistics("123 4 5").state, State::Good);
    }
}
