//! The direction of dependence (architecture, "Rooms"): an arrow that is not drawn there fails.

use serde_json::Value;

use super::Problem;

/// A crate and what it may use of ours: in its library, and further in its tests.
struct Room {
    name: &'static str,
    may_use: Uses,
    tests_may_use: &'static [&'static str],
}

enum Uses {
    Only(&'static [&'static str]),
    Anything,
}

const POOL: Uses = Uses::Only(&["frame-pool"]);

const ROOMS: &[Room] = &[
    Room { name: "frame-pool", may_use: Uses::Only(&[]), tests_may_use: &[] },
    Room { name: "pvcam-sys", may_use: Uses::Only(&[]), tests_may_use: &[] },
    Room { name: "pvcam", may_use: Uses::Only(&["frame-pool", "pvcam-sys"]), tests_may_use: &["pvcam-sim"] },
    Room { name: "pvcam-sim", may_use: Uses::Only(&[]), tests_may_use: &[] },
    Room { name: "frame-bus", may_use: POOL, tests_may_use: &[] },
    Room { name: "frame-arrow", may_use: POOL, tests_may_use: &[] },
    // Its sink is a subscriber.
    Room { name: "frame-vcam", may_use: Uses::Only(&["frame-pool", "frame-bus"]), tests_may_use: &[] },
    Room { name: "pvcam-tests", may_use: Uses::Anything, tests_may_use: &[] },
    Room { name: "pvcam-benches", may_use: Uses::Anything, tests_may_use: &[] },
    // Dev-only: counts allocations, for tests, benches and hardware-test.
    Room { name: "counting-alloc", may_use: Uses::Only(&[]), tests_may_use: &[] },
    // What hardware-test needs, and nothing else: xtask starts cargo for the rest.
    Room {
        name: "xtask",
        may_use: Uses::Only(&[
            "frame-pool",
            "frame-bus",
            "frame-vcam",
            "pvcam",
            "pvcam-sys",
            "pvcam-sim",
            "counting-alloc",
        ]),
        tests_may_use: &[],
    },
];

/// Compares the dependences among the members with the drawing.
pub(super) fn check(metadata: &Value) -> Vec<Problem> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut problems = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = manifest_path(metadata, package);
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            problems.push(Problem::new(
                &manifest,
                1,
                format!(
                    "`{name}` is in no room: draw it in docs/architecture.md and add it to the table in \
                     xtask/src/tidy/arrows.rs"
                ),
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let on = dependency["name"].as_str().unwrap_or_default();
            if ours.contains(&on) && !allowed(room, on, dependency["kind"].as_str()) {
                problems.push(Problem::new(
                    &manifest,
                    1,
                    format!(
                        "`{name}` depends on `{on}`, an arrow that is not drawn: move the code to where it is \
                         allowed, or decide the arrow in an ADR and add it to xtask/src/tidy/arrows.rs"
                    ),
                ));
            }
        }
    }
    problems
}

/// `kind` is what cargo says: nothing for a normal dependence, `dev` or `build`.
fn allowed(room: &Room, on: &str, kind: Option<&str>) -> bool {
    let drawn = match room.may_use {
        Uses::Anything => true,
        Uses::Only(list) => list.contains(&on),
    };
    // A crate may name itself among its dev-dependencies to switch on features of its own.
    drawn || (kind == Some("dev") && (room.tests_may_use.contains(&on) || on == room.name))
}

/// The manifest of a package, relative to the workspace.
pub(super) fn manifest_path(metadata: &Value, package: &Value) -> String {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let path = package["manifest_path"].as_str().unwrap_or_default();
    path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(name: &str, on: &str, kind: Option<&str>) -> Vec<String> {
        let package = |name: &str, dependencies: Value| {
            json!({ "name": name, "manifest_path": format!("/w/crates/{name}/Cargo.toml"),
                    "dependencies": dependencies })
        };
        let metadata = json!({ "workspace_root": "/w", "packages": [
            package(name, json!([{ "name": on, "kind": kind }, { "name": "libc", "kind": null }])),
            package(on, json!([])),
        ]});
        check(&metadata).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn drawn_arrows_pass() {
        assert_eq!(problems("pvcam", "frame-pool", None), [""; 0]);
        assert_eq!(problems("pvcam", "pvcam-sim", Some("dev")), [""; 0]);
        assert_eq!(problems("pvcam-tests", "pvcam-sim", None), [""; 0]);
    }

    #[test]
    fn other_arrows_fail_and_name_both_ends() {
        let found = problems("pvcam", "pvcam-sim", None);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("crates/pvcam/Cargo.toml:1: `pvcam` depends on `pvcam-sim`"),
            "{found:?}"
        );
        assert_eq!(problems("frame-pool", "pvcam", Some("dev")).len(), 1);
        assert_eq!(problems("pvcam-sim", "frame-pool", Some("build")).len(), 1);
        assert_eq!(problems("frame-bus", "pvcam", Some("dev")).len(), 1);
    }

    #[test]
    fn a_crate_in_no_room_fails() {
        assert!(problems("frame-new", "frame-pool", None)[0].contains("is in no room"));
    }
}
