//! Opening raw switches despeckling off, metadata on, and tells each change; opening again changes nothing; `Keep` never does.

mod support;

use pvcam::{OpenPolicy, Setting};
use support::*;

fn names(changes: &[pvcam::Change]) -> Vec<String> {
    changes.iter().map(|change| change.setting.to_string()).collect()
}

#[test]
fn keep_then_raw_then_raw_again() {
    let rig = rig("clock = \"stepped\"");
    let opened = rig.sdk.open(NAME, OpenPolicy::Keep).expect("it opens");
    assert!(opened.changes.is_empty());
    assert_eq!(opened.camera.metadata_enabled(), Some(false), "as it was powered up");
    let despeckling = opened.camera.features().expect("features");
    assert!(despeckling.iter().any(|feature| feature.is_on() == Some(true)), "{despeckling:?}");
    drop(opened);

    let opened = rig.sdk.open(NAME, OpenPolicy::Raw).expect("it opens");
    let changed = names(&opened.changes);
    assert!(changed.iter().any(|name| name == "metadata"), "{changed:?}");
    let switched_off =
        opened.changes.iter().filter(|change| matches!(change.setting, Setting::Processing { .. }));
    assert!(switched_off.clone().count() >= 4, "{changed:?}");
    assert!(
        switched_off.into_iter().all(|change| (change.before, change.after) == (1, 0)),
        "{:?}",
        opened.changes
    );
    assert_eq!(opened.camera.metadata_enabled(), Some(true));
    let features = opened.camera.features().expect("features");
    assert!(features.iter().all(|feature| feature.is_on() != Some(true)), "{features:?}");
    drop(opened);

    let again = rig.sdk.open(NAME, OpenPolicy::Raw).expect("it opens");
    assert_eq!(
        names(&again.changes),
        Vec::<String>::new(),
        "the camera keeps its settings while it is closed"
    );
}

#[test]
fn settings_are_put_back() {
    let rig = rig("clock = \"stepped\"");
    let mut camera = rig.sdk.open(NAME, OpenPolicy::Keep).expect("it opens").camera;
    let found = camera.settings().expect("settings");
    camera.switch_off_features().expect("they can be switched off");
    let choices: Vec<(i32, i16, i16)> = camera
        .survey_readouts()
        .expect("the table")
        .iter()
        .flat_map(|port| port.speeds.iter().map(move |speed| (port.value, speed)))
        .flat_map(|(port, speed)| speed.gains.iter().map(move |gain| (port, speed.index, gain.index)))
        .collect();
    let &(port, speed, gain) = choices.last().expect("there is a choice");
    camera.set_readout(port, speed, gain).expect("it is offered");
    let changed = camera.settings().expect("settings");
    assert!(!found.changes_to(&changed).is_empty());
    camera.restore(&found).expect("they can be put back");
    assert_eq!(camera.settings().expect("settings"), found);
}

#[test]
fn the_table_of_readouts_is_complete_and_leaves_the_choice_alone() {
    let rig = rig("clock = \"stepped\"");
    let mut camera = rig.open();
    let before = camera.readout().expect("a choice");
    let table = camera.ports().to_vec();
    assert_eq!(camera.survey_readouts().expect("the table"), &table[..]);
    assert_eq!(camera.readout().expect("a choice"), before);
    let depths: Vec<u8> =
        table.iter().flat_map(|p| &p.speeds).flat_map(|s| &s.gains).map(|gain| gain.bit_depth).collect();
    assert!(depths.contains(&16) && depths.contains(&12) && depths.contains(&11), "{depths:?}");
}
