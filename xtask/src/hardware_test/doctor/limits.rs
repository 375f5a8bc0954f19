//! Limits of this process, as `/proc/self/limits` tells them.

/// The soft limit of the line that starts with `name`: `Ok(None)` is unlimited; `Err` if there is no such line.
pub(super) fn soft(limits: &str, name: &str) -> Result<Option<u64>, String> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|rest| rest.split_whitespace().next());
    match value {
        Some("unlimited") => Ok(None),
        Some(number) => number.parse().map(Some).map_err(|_| format!("cannot read {number:?}")),
        None => Err("not told by this system".to_owned()),
    }
}

/// A number of bytes for people.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..0x10_0000 => format!("{} KiB", count >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", count >> 20),
        _ => format!("{:.1} GiB", count as f64 / f64::from(1_u32 << 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str = "Limit                     Soft Limit           Hard Limit           Units     
Max processes             96365                96365                processes 
Max locked memory         8388608              unlimited            bytes     
Max address space         unlimited            unlimited            bytes     
";

    #[test]
    fn soft_limits_are_read_from_their_lines() {
        assert_eq!(soft(LIMITS, "Max processes"), Ok(Some(96365)));
        assert_eq!(soft(LIMITS, "Max locked memory"), Ok(Some(8 << 20)));
        assert_eq!(soft(LIMITS, "Max address space"), Ok(None));
        assert!(soft(LIMITS, "Max open files").is_err());
    }

    #[test]
    fn bytes_have_units() {
        assert_eq!(
            (bytes(64 << 10), bytes(8 << 20), bytes(3 << 29)),
            ("64 KiB".into(), "8 MiB".into(), "1.5 GiB".into())
        );
    }
}
