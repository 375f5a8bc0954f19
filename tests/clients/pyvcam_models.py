"""The vendor's Python client on four camera models: every readable property, the speed table, sequences, exposures that change
from frame to frame, programmable scan, software triggers, several regions. What a camera lacks fails with the client's own
error, as on a real camera that lacks it.
"""

import os
import tempfile
import warnings

import numpy as np
from pyvcam import constants as const
from pyvcam import pvc
from pyvcam.camera import Camera

from _counter import check, control, is_whole, number_of

# Old names of properties are read as well.
warnings.simplefilter("ignore", DeprecationWarning)

PATIENCE_MS = 20_000
COLUMNS, ROWS = 128, 64
RICH = ("kinetix22", "prime95b", "bsi-express")
POOR = "retiga-r6"
READABLE = [name for name, value in vars(Camera).items() if isinstance(value, property)]
# Nothing of the simulator has these.
NOWHERE = {"centroids_mode", "vtm_exp_time", "prog_scan_dir_reset"}
SCAN = {"prog_scan_mode", "prog_scan_dir", "prog_scan_line_delay", "prog_scan_line_time", "prog_scan_width", "scan_line_time"}
SMART = {"smart_stream_mode_enabled", "smart_stream_mode", "smart_stream_exp_params"}
# What the file of the poor camera says that it lacks, in the client's words.
LACKING = {"metadata_enabled", "meta_data_enabled", "exp_out_mode", "fan_speed", "clear_time", "pre_trigger_delay",
           "post_trigger_delay", "last_exp_time"}


def raw(camera):
    """Switches off what alters pixels."""
    for feature, table in camera.post_processing_table.items():
        for switch in (name for name in table if "ENABLED" in name):
            camera.set_post_processing_param(feature, switch, 0)


def refused(deed):
    """The client's own error, or None."""
    try:
        deed()
    except (AttributeError, KeyError, ValueError, RuntimeError) as error:
        return type(error).__name__
    return None


def properties(camera):
    """Which properties cannot be read."""
    camera.set_roi(0, 0, COLUMNS, ROWS)
    camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
    missing = {name for name in READABLE if refused(lambda: getattr(camera, name))}
    check(len(READABLE) - len(missing) > 40, f"{camera.name} can be asked little: {sorted(missing)}")
    return missing


def speed_table(camera):
    """Every gain of the table can be chosen, has the table's bit depth, and takes a whole picture."""
    gains = 0
    for port in camera.port_speed_gain_table.values():
        camera.readout_port = port["port_value"]
        for speed in (entry for entry in port.values() if isinstance(entry, dict)):
            camera.speed = speed["speed_index"]
            for gain in (entry for entry in speed.values() if isinstance(entry, dict)):
                camera.gain = gain["gain_index"]
                check(camera.bit_depth == gain["bit_depth"], f"{camera.bit_depth} bits of {gain}")
                pixels = camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
                check(is_whole(pixels.astype("uint16"), 1, camera.bit_depth), f"a picture of {gain}")
                gains += 1
    camera.readout_port = 0
    return gains


def series(camera):
    """Sequences of the client, and its emulation of variable exposures."""
    for stack in (
        camera.get_sequence(3, exp_time=1, timeout_ms=PATIENCE_MS),
        camera.get_vtm_sequence([1, 2], const.EXP_RES_ONE_MILLISEC, 3, timeout_ms=PATIENCE_MS),
    ):
        check(stack.shape == (3, ROWS, COLUMNS), f"a stack of {stack.shape}")
        check(all(is_whole(pixels, 1, camera.bit_depth) for pixels in stack), "each is a first frame")


def taken(camera, count):
    """Frames of a sequence with their headers."""
    camera.start_seq(exp_time=1, num_frames=count, reset_frame_counter=True)
    frames = [camera.poll_frame(timeout_ms=PATIENCE_MS)[0] for _ in range(count)]
    camera.finish()
    return frames


def streamed(camera):
    """A stream to disk begins with the first frame, and holds whole pictures one behind the other."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "stream.raw")
        camera.start_live(exp_time=20, buffer_frame_count=256, stream_to_disk_path=path)
        for _ in range(20):
            camera.poll_frame(timeout_ms=PATIENCE_MS)
        camera.finish()
        pixels = np.fromfile(path, dtype=np.uint16)
    frames = pixels[: len(pixels) // (ROWS * COLUMNS) * ROWS * COLUMNS].reshape(-1, ROWS, COLUMNS)
    check(len(frames) >= 10, f"{len(frames)} frames in the file")
    bits = camera.bit_depth
    numbers = [number_of(frame, bits) for frame in frames[:10]]
    check(numbers == sorted(set(numbers)), f"numbers rise: {numbers}")
    check(all(is_whole(frame, number, bits) for frame, number in zip(frames, numbers)), "all frames are whole")


def smart(camera):
    """Frames take the exposures of the list in turn, and their headers say so."""
    wanted = [3, 9, 1]
    camera.metadata_enabled = True
    camera.smart_stream_exp_params = wanted
    check(list(camera.smart_stream_exp_params) == wanted, f"{camera.smart_stream_exp_params}")
    camera.smart_stream_mode_enabled = True
    headers = [frame["meta_data"]["frame_header"] for frame in taken(camera, 6)]
    if "exposureTimePs" in headers[0]:
        times = [header["exposureTimePs"] / 1e9 for header in headers]
    else:
        times = [header["exposureTime"] * header["exposureTimeResNs"] / 1e6 for header in headers]
    near = all(abs(time - ms) < 0.03 for time, ms in zip(times, wanted * 2))
    check(near, f"exposures of {times} ms")
    camera.smart_stream_mode_enabled = False
    camera.metadata_enabled = False


def scan(camera):
    """A line delay makes lines slower by as many line times."""
    fast = camera.prog_scan_line_time
    check(refused(lambda: setattr(camera, "prog_scan_line_delay", 4)), "a delay is not for the automatic mode")
    camera.prog_scan_mode = "Line Delay"
    camera.prog_scan_line_delay = 4
    camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
    slow = camera.prog_scan_line_time
    check(abs(slow - 5 * fast) < 5, f"lines of {fast} ns became lines of {slow} ns")
    camera.prog_scan_mode = "Auto"


def trigger(camera):
    """A software trigger starts each frame."""
    mode = camera.exp_mode
    camera.exp_mode = "Software Trigger Edge"
    camera.start_live(exp_time=1)
    for _ in range(3):
        camera.sw_trigger()
        camera.poll_frame(timeout_ms=PATIENCE_MS)
    camera.finish()
    camera.exp_mode = mode


def two_regions(camera):
    """Two regions arrive with the pixels of two pictures."""
    camera.metadata_enabled = True
    camera.set_roi(COLUMNS, ROWS, COLUMNS, ROWS)
    regions = taken(camera, 1)[0]["pixel_data"]
    check([region.shape for region in regions] == [(ROWS, COLUMNS)] * 2, "two pictures")
    check(all(is_whole(region, 1, camera.bit_depth) for region in regions), "both are whole")
    camera.reset_rois()
    camera.metadata_enabled = False


pvc.init_pvcam()
cameras = {camera.name: camera for camera in Camera.detect_camera()}
check(sorted(cameras) == sorted([*RICH, POOR]), f"cameras: {list(cameras)}")
for name, camera in cameras.items():
    camera.open()
    control(camera.bit_depth)
    raw(camera)
    missing = properties(camera)
    absent = NOWHERE if name in RICH else NOWHERE | SCAN | SMART | LACKING
    check(missing == absent, f"{name}: answered though absent, or the other way round: {sorted(missing ^ absent)}")
    # The control: the list of what a camera lacks is not simply always right.
    check(missing != (NOWHERE if name == POOR else NOWHERE | SCAN), f"{name} differs from the others")
    print(f"{name}: {len(READABLE) - len(missing)} of {len(READABLE)} properties")
    gains = speed_table(camera)
    series(camera)
    if name in RICH:
        streamed(camera)
        smart(camera)
        scan(camera)
        trigger(camera)
        if camera.get_param(const.PARAM_ROI_COUNT, const.ATTR_MAX) > 1:
            two_regions(camera)
    print(f"{name}: {gains} gains")
    camera.close()
pvc.uninit_pvcam()
