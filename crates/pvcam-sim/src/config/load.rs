//! Reading a configuration and everything it names.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::ConfigError;
use super::trigger::Train;
use super::types::{CameraConfig, CameraFile, Config, ConfigFile, Faults, SceneKind};
use crate::abi::constants::{CAM_NAME_LEN, MAX_ALPHA_SER_NUM_LEN, MAX_CAM};
use crate::model::Model;
use crate::scene::TiffStack;

/// The variable that names the configuration file.
const VARIABLE: &str = "PVCAM_SIM_CONFIG";
/// Without a file: one camera on the counter scene.
const DEFAULT: &str = "[[camera]]\nmodel = \"prime-bsi-usb\"\n";

/// The configuration that the environment names, else the default one.
pub(crate) fn from_environment() -> Result<Config, ConfigError> {
    match std::env::var_os(VARIABLE) {
        Some(path) if !path.is_empty() => from_file(&PathBuf::from(path)),
        _ => from_text(DEFAULT, None),
    }
}

fn from_file(path: &Path) -> Result<Config, ConfigError> {
    // A model file that this one names has its own mistakes.
    let located = |error: ConfigError| ConfigError {
        file: error.file.clone().or_else(|| Some(path.to_owned())),
        ..error
    };
    let text = std::fs::read_to_string(path).map_err(|error| located(ConfigError::unread(&error)))?;
    from_text(&text, path.parent()).map_err(located)
}

/// Reads and checks a configuration; `folder` is where relative paths start.
pub(crate) fn from_text(text: &str, folder: Option<&Path>) -> Result<Config, ConfigError> {
    let file: ConfigFile = toml::from_str(text).map_err(|error| ConfigError::from_toml(text, &error))?;
    if file.camera.len() > MAX_CAM as usize {
        return Err(ConfigError::at(text, 0..0, format!("at most {MAX_CAM} cameras")));
    }
    let mut cameras: Vec<CameraConfig> = Vec::with_capacity(file.camera.len());
    let mut names = HashSet::new();
    for written in file.camera {
        let (table, written) = (written.span(), written.into_inner());
        let place = written.name.as_ref().or(written.model.as_ref()).or(written.model_file.as_ref());
        let position = place.map_or(0..0, toml::Spanned::span);
        let camera = camera(text, folder, (table, written), &cameras)?;
        if !names.insert(camera.name.clone()) {
            return Err(ConfigError::at(text, position, format!("two cameras are called `{}`", camera.name)));
        }
        cameras.push(camera);
    }
    Ok(Config { cameras })
}

/// Reads the text of a `[camera.faults]` table, without its header.
pub(crate) fn parse_faults(text: &str) -> Result<Faults, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::from_toml(text, &error))
}

/// Reads `[[trigger]]` tables, as a camera of a configuration has them.
pub(crate) fn parse_script(text: &str) -> Result<Arc<[Train]>, ConfigError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Script {
        #[serde(default)]
        trigger: Vec<Train>,
    }
    let script: Script = toml::from_str(text).map_err(|error| ConfigError::from_toml(text, &error))?;
    Ok(script.trigger.into())
}

fn camera(
    text: &str,
    folder: Option<&Path>,
    (table, written): (Range<usize>, CameraFile),
    earlier: &[CameraConfig],
) -> Result<CameraConfig, ConfigError> {
    let at = |span: Range<usize>, reason: String| ConfigError::at(text, span, reason);
    let model = match (&written.model, &written.model_file) {
        (Some(name), None) => Model::builtin(name.get_ref()).map_err(|reason| at(name.span(), reason))?,
        (None, Some(file)) => Model::from_file(&folder.unwrap_or(Path::new("")).join(file.get_ref()))?,
        (Some(_), Some(file)) => {
            return Err(at(file.span(), "`model` and `model_file` exclude each other".to_owned()));
        }
        (None, None) => {
            return Err(at(table, "missing field `model` (or `model_file`)".to_owned()));
        }
    };
    let scene = written.scene.as_ref().map_or(SceneKind::default(), |scene| *scene.get_ref());
    let replay = match (&written.scene, &written.replay) {
        (Some(scene), None) if *scene.get_ref() == SceneKind::Replay => {
            return Err(at(scene.span(), "scene \"replay\" wants the key `replay`".to_owned()));
        }
        (_, Some(path)) if scene == SceneKind::Replay => {
            let full = folder.unwrap_or(Path::new("")).join(path.get_ref());
            Some(Arc::new(TiffStack::read(&full).map_err(|reason| at(path.span(), reason))?))
        }
        _ => None,
    };
    let stem = model.interface.kind.name_stem();
    let same_link = earlier.iter().filter(|c| c.model.interface.kind == model.interface.kind).count();
    let fits = |text: &Option<toml::Spanned<String>>, room: u32| match text {
        Some(text) if text.get_ref().is_empty() || text.get_ref().len() >= room as usize => {
            Err(at(text.span(), format!("1 to {} bytes", room - 1)))
        }
        _ => Ok(()),
    };
    fits(&written.name, CAM_NAME_LEN)?;
    fits(&written.serial, MAX_ALPHA_SER_NUM_LEN)?;
    Ok(CameraConfig {
        name: written.name.map_or_else(|| format!("{stem}{same_link}"), toml::Spanned::into_inner),
        serial: written.serial.map_or_else(
            || format!("{}{:04}", model.identity.serial_prefix, earlier.len() + 1),
            toml::Spanned::into_inner,
        ),
        model: Arc::new(model),
        no_overwrite: written.no_overwrite,
        frame_nr_counts_lost: written.frame_nr_counts_lost,
        clock: written.clock,
        speed: written.speed,
        catch_up: written.catch_up,
        scene,
        replay,
        seed: written.seed,
        params_while_running: written.params_while_running,
        post_stop_callbacks: written.post_stop_callbacks,
        faults: written.faults,
        script: written.script.into(),
    })
}
