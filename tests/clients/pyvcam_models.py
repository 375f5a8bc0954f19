"""The vendor's Python client on nine camera models: every public method and property of its `Camera`, read and written.

The members are found by looking at the class; one that no camera was seen to use fails the run. What a camera lacks fails with
the client's own error, as on a real camera that lacks it.
"""

import warnings

from pyvcam import pvc
from pyvcam.camera import Camera

import _acquisitions
import _settings
from _counter import check, control
from _members import Record
from _settings import COLUMNS, ROWS, raw

# Old names are used as well.
warnings.simplefilter("ignore", DeprecationWarning)

RICH = ("kinetix22", "prime95b", "bsi-express")
OTHERS = ("kinetix", "kinetix-usb", "optimos", "evolve", "retiga-r6", "prime-bsi")
POOR = "retiga-r6"
LEAST = 3

# Each of the rich ones lacks some of these; what is lacking must be refused.
MAY_LACK = {
    f"{how} {name}" for how in ("get", "set") for name in ("vtm_exp_time", "centroids_mode", "prog_scan_dir_reset")
} | {"set live_roi", "set prog_scan_dir"}
# What the file of the poor camera says that it lacks, in the client's words.
POOR_LACKS = {
    f"{how} {name}"
    for how in ("get", "set")
    for name in (
        "metadata_enabled", "meta_data_enabled", "exp_out_mode", "fan_speed", "prog_scan_mode", "prog_scan_dir",
        "prog_scan_line_delay", "prog_scan_width", "smart_stream_mode_enabled", "smart_stream_mode", "smart_stream_exp_params",
    )
} | {
    "get clear_time", "get pre_trigger_delay", "get post_trigger_delay", "get prog_scan_line_time", "get scan_line_time",
    "call sw_trigger", "call get_post_processing_param", "call set_post_processing_param",
}
# No simulated camera scans in another direction than down.
NOWHERE = {"get prog_scan_dir_reset", "set prog_scan_dir_reset", "set prog_scan_dir"}

EXERCISES = [*_settings.ALL, *_acquisitions.ALL]


def exercise(camera, left_out=None):
    """Uses everything but one exercise; returns how many gains the speed table has."""
    camera.reset_rois()
    camera.set_roi(0, 0, COLUMNS, ROWS)
    _settings.post_processing(camera)
    raw(camera)
    control(camera.bit_depth)
    for each in EXERCISES:
        if each is not left_out:
            each(camera)
    return _settings.speed_table(camera)


def cameras_of(record):
    """The cameras, by name; those who ask for them are their owners."""
    record.owner = "all"
    found = {camera.name: camera for camera in Camera.detect_camera()}
    check(sorted(found) == sorted(RICH + OTHERS), f"cameras: {list(found)}")
    return found


def used(record, camera):
    """Opens, uses and closes a camera; returns what is missing."""
    record.owner = camera.name
    camera.open()
    gains = exercise(camera)
    camera.close()
    missing = record.missing({"call detect_camera"})
    print(f"{camera.name}: {gains} gains, {len(record.worked[camera.name])} of {len(record.members)} members")
    return missing


def controls(record, camera):
    """A member that nobody uses is missed: for each of these exercises, left out, those that it alone would have used."""
    alone = {
        _acquisitions.trigger: {"call sw_trigger"},
        _acquisitions.smart: {f"{how} smart_stream_{name}" for how in ("get", "set")
                              for name in ("mode_enabled", "mode", "exp_params")},
        _settings.cooling: {"get temp_setpoint", "set temp_setpoint"},
    }
    camera.open()
    for left_out, members in alone.items():
        record.owner = f"{camera.name} without {left_out.__name__}"
        exercise(camera, left_out)
        missing = record.missing({"call detect_camera", "call open", "call close"}) - MAY_LACK
        check(missing == members, f"without {left_out.__name__} nobody misses {sorted(missing ^ members)}")
    camera.close()


def main():
    record = Record(Camera)
    check(len(record.members) > 110, f"the class has {len(record.members)} members")
    pvc.init_pvcam()
    cameras = cameras_of(record)
    missing = {name: used(record, camera) for name, camera in cameras.items()}
    for name, members in missing.items():
        excused = MAY_LACK if name in RICH else MAY_LACK | POOR_LACKS
        check(members <= excused, f"{name}: nobody used {sorted(members - excused)}")
    check(POOR_LACKS <= missing[POOR], f"{POOR} has {sorted(POOR_LACKS - missing[POOR])}")
    for member in record.members - NOWHERE - {"call detect_camera"}:
        users = [name for name in cameras if member in record.worked[name]]
        check(len(users) >= LEAST, f"{member} was used on {users} only")
    controls(record, cameras["bsi-express"])
    pvc.uninit_pvcam()
    check(NOWHERE == set.intersection(*missing.values()), f"on no model: {set.intersection(*missing.values())}")
    print(f"{len(record.members - NOWHERE)} of {len(record.members)} members, each on {LEAST} models or more")
    print(f"on no model: {', '.join(sorted(NOWHERE))}")


main()
