//! What the external trigger input of a camera sees: the `[[camera.trigger]]` tables.

use serde::Deserialize;

/// Longest time that a script may name, in milliseconds: a day.
const LONGEST_MS: f64 = 86_400_000.0;
/// Shortest round, so that passing over pulses takes no time to speak of.
const SHORTEST_ROUND_NS: u64 = 1000;
/// Pulses that one round may have.
const MOST_PULSES: usize = 65_536;

/// Pulses at times of their own, once or in rounds. Times are nanoseconds of the camera, from the start of each acquisition on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "TrainFile")]
pub(crate) struct Train {
    /// When the pulses of a round rise; ascending, at least one.
    pub(crate) rises_ns: Box<[u64]>,
    /// How long each pulse stays high.
    pub(crate) high_ns: u64,
    /// From one round to the next.
    pub(crate) round_ns: u64,
    /// Number of rounds; `None`: for ever.
    pub(crate) rounds: Option<u64>,
}

/// The table as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainFile {
    at_ms: Times,
    #[serde(default)]
    high_ms: f64,
    every_ms: Option<f64>,
    rate_hz: Option<f64>,
    rounds: Option<u32>,
}

/// One time, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Times {
    One(f64),
    Several(Vec<f64>),
}

impl TryFrom<TrainFile> for Train {
    type Error = String;

    fn try_from(file: TrainFile) -> Result<Self, String> {
        let times = match file.at_ms {
            Times::One(time) => vec![time],
            Times::Several(times) => times,
        };
        if times.is_empty() || times.len() > MOST_PULSES {
            return Err(format!("`at_ms`: 1 to {MOST_PULSES} times"));
        }
        let rises: Vec<u64> =
            times.iter().map(|&time| nanoseconds("at_ms", time)).collect::<Result<_, _>>()?;
        if rises.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err("`at_ms`: each time must be after the one before".to_owned());
        }
        let round_ns = match (file.every_ms, file.rate_hz) {
            (Some(_), Some(_)) => return Err("`every_ms` and `rate_hz` exclude each other".to_owned()),
            (Some(every), None) => Some(nanoseconds("every_ms", every)?),
            (None, Some(rate)) if rate > 0.0 => Some(nanoseconds("rate_hz", 1000.0 / rate)?),
            (None, Some(rate)) => return Err(format!("`rate_hz`: {rate} is not above 0")),
            (None, None) => None,
        };
        let lasts = rises[rises.len() - 1] - rises[0];
        let rounds = match (round_ns, file.rounds) {
            (None, Some(_)) => return Err("`rounds` wants `every_ms` or `rate_hz`".to_owned()),
            (None, None) => Some(1),
            (Some(_), Some(0)) => return Err("`rounds`: at least 1".to_owned()),
            (Some(round), _) if round < SHORTEST_ROUND_NS => {
                return Err(format!("a round lasts {SHORTEST_ROUND_NS} ns at least"));
            }
            (Some(round), _) if round <= lasts => {
                return Err("a round must be longer than from its first pulse to its last".to_owned());
            }
            (Some(_), rounds) => rounds.map(u64::from),
        };
        Ok(Self {
            rises_ns: rises.into(),
            high_ns: nanoseconds("high_ms", file.high_ms)?,
            round_ns: round_ns.unwrap_or(0),
            rounds,
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a day of nanoseconds")]
fn nanoseconds(key: &str, milliseconds: f64) -> Result<u64, String> {
    if (0.0..=LONGEST_MS).contains(&milliseconds) {
        return Ok((milliseconds * 1e6).round() as u64);
    }
    Err(format!("`{key}`: {milliseconds} ms is not within 0 to {LONGEST_MS}"))
}

impl Train {
    /// When pulse `index` rises, counted from 0 over all rounds; `None` when there are no more.
    pub(crate) fn rise_ns(&self, index: u64) -> Option<u64> {
        let pulses = self.rises_ns.len() as u64;
        let (round, pulse) = (index / pulses, index % pulses);
        let rise = self.rises_ns[usize::try_from(pulse).ok()?];
        self.rounds.is_none_or(|rounds| round < rounds).then(|| rise.saturating_add(round * self.round_ns))
    }
}
