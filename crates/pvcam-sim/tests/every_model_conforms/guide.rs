//! The guide to model files: it names every key, and its example is a camera that passes the suite.

use pvcam_sim::Control;

use crate::library::Model;

const GUIDE: &str = include_str!("../../MODELS.md");

/// The example of the guide.
pub(crate) fn example() -> Model {
    let file = GUIDE.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    Model::new("example", file.to_owned())
}

/// Places of the example at which another key can be written, and with what it can be lured out what is taken there.
const PLACES: [&str; 18] = [
    "name = \"example\"\n",
    "[identity]\n",
    "[interface]\n",
    "[sensor]\n",
    "[regions]\n",
    "[exposure]\n",
    "resolutions = [{ ",
    "triggers = [\n  { ",
    "[smart]\n",
    "[centroids]\n",
    "[metadata]\n",
    "[[port]]\n",
    "[[port.speed]]\n",
    "gains = [{ ",
    "[[setpoint]]\n",
    "[[feature]]\n",
    "parameters = [\n  { ",
    "[[parameter]]\n",
];

/// The keys that a model file takes, as the simulator tells them when it meets one that it does not know.
pub(crate) fn keys() -> Vec<String> {
    let example = example().file;
    let mut keys = vec!["max_line_delay".to_owned(), "max_width".to_owned()];
    for place in PLACES {
        assert!(example.contains(place), "{place}");
        let stranger = if place.ends_with('\n') { "stranger = 1\n" } else { "stranger = 1, " };
        let wrong = example.replacen(place, &format!("{place}{stranger}"), 1);
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("stranger.toml");
        std::fs::write(&file, wrong).unwrap();
        let toml = format!("[[camera]]\nmodel_file = \"{}\"\n", file.display());
        let error = Control::in_process().configure(&toml).unwrap_err().to_string();
        let (_, expected) = error.split_once("expected ").unwrap();
        keys.extend(expected.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    keys.sort();
    keys.dedup();
    keys
}

/// The keys that the tables of the guide do not name.
pub(crate) fn missing(guide: &str, keys: &[String]) -> Vec<String> {
    let tables = guide.split("## An example").next().unwrap();
    // `[scan]` and its like are headings; the items of lists stand in braces.
    let words: Vec<&str> = tables.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    keys.iter().filter(|key| !words.contains(&key.as_str())).cloned().collect()
}

/// The guide without its line on a key.
pub(crate) fn without(key: &str) -> String {
    GUIDE.lines().filter(|line| !line.contains(key)).collect::<Vec<_>>().join("\n")
}

/// The guide as it is.
pub(crate) fn guide() -> &'static str {
    GUIDE
}
