//! `--doctor`: what the SDK and the frame memory need of this machine, and the cure for what is missing.

mod finding;
mod frames;
mod installation;
mod limits;

use std::path::Path;
use std::process::ExitCode;

use finding::{Finding, State};

/// Looks at everything and prints it. Exit code 1 if something is missing without which nothing works.
///
/// Without any SDK that is not so: the simulator works.
pub(super) fn task(sdk: Option<&Path>) -> ExitCode {
    let mut findings = installation::look(sdk);
    findings.extend(frames::look());
    print!("{}", report(&findings));
    if findings.iter().any(|finding| finding.state == State::Missing) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn report(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.what.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { what, state, found, cure } in findings {
        text.push_str(&format!(
            "{:<8} {what:<width$}  {}\n",
            state.word(),
            found.replace('\n', "\n           ")
        ));
        if *state != State::Good && !cure.is_empty() {
            text.push_str(&format!("{:<8} {:<width$}  cure: {cure}\n", "", ""));
        }
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (advice, missing) = (count(State::Advice), count(State::Missing));
    text.push_str(&format!("\n{} looked at: {missing} missing, {advice} could be better\n", findings.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cure_is_shown_where_one_is_needed() {
        let text = report(&[
            Finding::good("SDK", "3.10.2.5"),
            Finding::new("memory lock", State::Advice, "8 MiB", "raise it"),
            Finding::new("maps", State::Missing, "100", "set it"),
        ]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "good     SDK          3.10.2.5");
        assert_eq!(lines[1], "advice   memory lock  8 MiB");
        assert_eq!(lines[2], "                      cure: raise it");
        assert_eq!(lines[3], "MISSING  maps         100");
        assert_eq!(lines.last(), Some(&"3 looked at: 1 missing, 1 could be better"));
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let findings = frames::look();
        assert!(findings.len() >= 5 && findings.iter().all(|finding| !finding.found.is_empty()));
        assert!(findings.iter().all(|finding| finding.state == State::Good || !finding.cure.is_empty()));
    }
}
