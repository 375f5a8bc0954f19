//! Exposure times as people write them.

use std::time::Duration;

const UNITS: [(&str, f64); 5] = [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)];

/// Reads `800us`, `10ms`, `1.5s`.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let (number, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    let scale = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, scale)| scale);
    let (Ok(number), Some(scale)) = (number.parse::<f64>(), scale) else {
        return Err("write a number and its unit, for example 800us, 10ms or 1.5s".to_owned());
    };
    let time = Duration::try_from_secs_f64(number * scale).map_err(|why| why.to_string())?;
    if time.is_zero() { Err("an exposure takes time".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, ns) in
            [("800us", 800_000), ("10ms", 10_000_000), ("1.5s", 1_500_000_000), ("7 µs", 7_000), ("20ns", 20)]
        {
            assert_eq!(parse(text), Ok(Duration::from_nanos(ns)), "{text}");
        }
        for wrong in ["", "10", "ms", "-1ms", "1e3ms", "0ms", "1.2.3s", "10 m", "99999999999999999999s"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
