//! The models that the library must know, by their files.

use std::path::{Path, PathBuf};

use crate::support::{Sdk, loaded};

/// A model and its file.
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) table: toml::Table,
}

impl Model {
    pub(crate) fn new(name: &str, file: String) -> Self {
        Self { name: name.to_owned(), table: file.parse().unwrap(), file }
    }

    /// A number of a table.
    pub(crate) fn number(&self, table: &str, key: &str) -> i64 {
        self.table[table][key].as_integer().unwrap()
    }

    /// The name under which the camera is listed.
    pub(crate) fn camera(&self) -> &'static str {
        if self.table["interface"]["kind"].as_str() == Some("usb") { "pvcamUSB_0" } else { "pvcamPCIE_0" }
    }
}

/// All model files of the folder.
pub(crate) fn models() -> Vec<Model> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let model = |file: &PathBuf| {
        Model::new(&file.file_stem().unwrap().to_string_lossy(), std::fs::read_to_string(file).unwrap())
    };
    files.iter().map(model).collect()
}

/// The library with one camera of the model, which is open.
pub(crate) fn start(model: &Model) -> (Sdk, i16) {
    start_with(&format!("model = \"{}\"\n", model.name), model)
}

/// The same with a model file of the test's own.
pub(crate) fn start_own(model: &Model) -> (Sdk, i16) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.toml", model.name));
    std::fs::write(&file, &model.file).unwrap();
    start_with(&format!("model_file = \"{}\"\n", file.display()), model)
}

/// The same with further keys of the camera's table.
pub(crate) fn start_with(keys: &str, model: &Model) -> (Sdk, i16) {
    let sdk = loaded::start(&format!("[[camera]]\nclock = \"stepped\"\n{keys}"));
    let hcam = sdk.open(model.camera());
    (sdk, hcam)
}

/// Closes the camera, with `whole` the library as well, and opens it again.
pub(crate) fn open_again(sdk: &Sdk, hcam: i16, model: &Model, whole: bool) -> i16 {
    // SAFETY: plain numbers.
    unsafe {
        sdk.ok((sdk.f.pl_cam_close)(hcam));
        if whole {
            sdk.ok((sdk.f.pl_pvcam_uninit)());
            sdk.ok((sdk.f.pl_pvcam_init)());
        }
    }
    sdk.open(model.camera())
}
