"""Every way to take frames with the vendor's Python client, pixel by pixel."""

import os
import tempfile

import numpy as np
from pyvcam import constants as const
from pyvcam.camera import Camera

from _counter import check, is_whole, number_of
from _settings import COLUMNS, PATIENCE_MS, ROWS, lacking, reading, refused, writing


def whole_stack(camera, stack, count):
    """A stack of first frames."""
    check(stack.shape == (count, ROWS, COLUMNS), f"a stack of {stack.shape}")
    check(all(is_whole(pixels, 1, camera.bit_depth) for pixels in stack), "each is a first frame")


def series(camera):
    """Pictures one by one, and the client's emulation of variable exposures."""
    whole_stack(camera, camera.get_sequence(3, exp_time=1, timeout_ms=PATIENCE_MS, interval=1), 3)
    unit = const.EXP_RES_ONE_MILLISEC
    whole_stack(camera, camera.get_vtm_sequence([1, 2], unit, 3, timeout_ms=PATIENCE_MS, reset_frame_counter=True), 3)


def taken(camera, count):
    """Frames of a sequence with their headers."""
    camera.start_seq(exp_time=1, num_frames=count, reset_frame_counter=True)
    frames = [camera.poll_frame(timeout_ms=PATIENCE_MS)[0] for _ in range(count)]
    camera.finish()
    return frames


def status(camera):
    """What the client says of an acquisition before, during and after it."""
    check(camera.check_frame_status() == "READOUT_NOT_ACTIVE", "nothing runs")
    refused(lambda: camera.poll_frame(timeout_ms=1), RuntimeError)
    camera.start_seq(exp_time=1, num_frames=2, reset_frame_counter=True)
    numbers = [camera.poll_frame(timeout_ms=PATIENCE_MS)[2] for _ in range(2)]
    check(numbers == [1, 2] and camera.check_frame_status() == "READOUT_COMPLETE", f"two frames: {numbers}")
    camera.finish()
    check(camera.check_frame_status() == "READOUT_NOT_ACTIVE", "it is finished")


def live(camera):
    """A ring: copies of the oldest frame, and a look at the newest one where it lies. Ended by both calls that do so."""
    for end in (camera.finish, camera.abort):
        camera.start_live(exp_time=20, buffer_frame_count=256, reset_frame_counter=True)
        oldest = camera.poll_frame(timeout_ms=PATIENCE_MS)[0]["pixel_data"]
        frame, _, number = camera.poll_frame(timeout_ms=PATIENCE_MS, oldestFrame=False, copyData=False)
        check(is_whole(oldest, 1, camera.bit_depth), "the first frame")
        newest, bits = frame["pixel_data"], camera.bit_depth
        check(number > 1 and is_whole(newest, number_of(newest, bits), bits), "the newest frame")
        end()
        check(camera.check_frame_status() == "READOUT_NOT_ACTIVE", "it is over")


def streamed(camera):
    """A stream to disk begins with the first frame, and holds whole pictures one behind the other."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "stream.raw")
        camera.start_live(exp_time=20, buffer_frame_count=256, stream_to_disk_path=path)
        for _ in range(20):
            camera.poll_frame(timeout_ms=PATIENCE_MS)
        camera.finish()
        pixels = np.fromfile(path, dtype=np.uint16)
        nowhere = os.path.join(folder, "no such folder", "stream.raw")
        refused(lambda: camera.start_live(exp_time=20, stream_to_disk_path=nowhere), ValueError)
    frames = pixels[: len(pixels) // (ROWS * COLUMNS) * ROWS * COLUMNS].reshape(-1, ROWS, COLUMNS)
    check(len(frames) >= 10, f"{len(frames)} frames in the file")
    bits = camera.bit_depth
    numbers = [number_of(frame, bits) for frame in frames[:10]]
    check(numbers == sorted(set(numbers)), f"numbers rise: {numbers}")
    check(all(is_whole(frame, number, bits) for frame, number in zip(frames, numbers)), "all frames are whole")


def exposures_ms(frames):
    """What the headers say about exposures."""
    headers = [frame["meta_data"]["frame_header"] for frame in frames]
    if "exposureTimePs" in headers[0]:
        return [header["exposureTimePs"] / 1e9 for header in headers]
    return [header["exposureTime"] * header["exposureTimeResNs"] / 1e6 for header in headers]


def smart(camera):
    """Frames take the exposures of the list in turn, and their headers say so."""
    names = ("smart_stream_mode_enabled", "smart_stream_mode", "smart_stream_exp_params")
    deeds = [deed for name in names for deed in (reading(camera, name), writing(camera, name, 0))]
    if lacking(camera, const.PARAM_SMART_STREAM_MODE_ENABLED, *deeds):
        return
    wanted = [3, 9, 1]
    camera.metadata_enabled = True
    camera.smart_stream_mode = const.SMTMODE_ARBITRARY_ALL
    camera.smart_stream_exp_params = wanted
    check(list(camera.smart_stream_exp_params) == wanted, f"{camera.smart_stream_exp_params}")
    check(camera.smart_stream_mode == const.SMTMODE_ARBITRARY_ALL, f"mode {camera.smart_stream_mode}")
    camera.smart_stream_mode_enabled = True
    check(camera.smart_stream_mode_enabled, "it is on")
    times = exposures_ms(taken(camera, 6))
    check(all(abs(time - ms) < 0.03 for time, ms in zip(times, wanted * 2)), f"exposures of {times} ms")
    camera.smart_stream_mode_enabled = False
    camera.metadata_enabled = False


def scan(camera):
    """A line delay makes lines slower by as many line times; so does a width, which is a number of lines."""
    rest = ("prog_scan_mode", "prog_scan_dir", "prog_scan_line_delay", "prog_scan_width", "prog_scan_dir_reset")
    deeds = [deed for name in rest for deed in (reading(camera, name), writing(camera, name, 1))]
    lines = [reading(camera, name) for name in ("prog_scan_line_time", "scan_line_time")]
    if lacking(camera, const.PARAM_SCAN_MODE, *deeds):
        lacking(camera, const.PARAM_SCAN_LINE_TIME, *lines)
        check(len(camera.prog_scan_modes) == len(camera.prog_scan_dirs) == 0, "there is no choice")
        return
    fast = camera.prog_scan_line_time
    check(camera.scan_line_time == fast, "the old name tells the same")
    refused(writing(camera, "prog_scan_line_delay", 4), RuntimeError)
    refused(writing(camera, "prog_scan_mode", "no such mode"), ValueError)
    modes = {value: name for name, value in camera.prog_scan_modes.items()}
    camera.prog_scan_mode = modes[const.PL_SCAN_MODE_PROGRAMMABLE_LINE_DELAY]
    camera.prog_scan_line_delay = 4
    camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
    slow = camera.prog_scan_line_time
    check(camera.prog_scan_line_delay == 4 and abs(slow - 5 * fast) < 5, f"lines of {fast} ns became lines of {slow} ns")
    camera.prog_scan_mode = const.PL_SCAN_MODE_PROGRAMMABLE_SCAN_WIDTH
    camera.prog_scan_width = 8
    camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
    check(camera.prog_scan_width == 8 and camera.prog_scan_line_time > fast, f"lines of {camera.prog_scan_line_time} ns")
    directions(camera)
    deeds = (reading(camera, "prog_scan_dir_reset"), writing(camera, "prog_scan_dir_reset", True))
    if not lacking(camera, const.PARAM_SCAN_DIRECTION_RESET, *deeds):
        for state in (False, True):
            camera.prog_scan_dir_reset = state
            check(camera.prog_scan_dir_reset == state, f"the reset of the direction is not {state}")
    camera.prog_scan_mode = const.PL_SCAN_MODE_AUTO
    check(camera.prog_scan_mode == const.PL_SCAN_MODE_AUTO, f"mode {camera.prog_scan_mode}")


def directions(camera):
    """Whichever way the lines are read, the picture is the same."""
    check(camera.prog_scan_dir in camera.prog_scan_dirs.values(), f"direction {camera.prog_scan_dir}")
    if camera.get_param(const.PARAM_SCAN_DIRECTION, const.ATTR_ACCESS) == const.ACC_READ_ONLY:
        refused(writing(camera, "prog_scan_dir", camera.prog_scan_dir), RuntimeError)
        return
    for value in camera.prog_scan_dirs.values():
        camera.prog_scan_dir = value
        check(camera.prog_scan_dir == value, f"direction {value}")
        pixels = camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
        check(is_whole(pixels, 1, camera.bit_depth), f"a picture that was scanned in direction {value}")
    refused(writing(camera, "prog_scan_dir", 99), ValueError)
    camera.prog_scan_dir = const.PL_SCAN_DIRECTION_DOWN


def trigger(camera):
    """A software trigger starts each frame."""
    mode, soft = camera.exp_mode, const.EXT_TRIG_SOFTWARE_EDGE
    refused(camera.sw_trigger, ValueError)
    if soft not in camera.exp_modes.values():
        refused(writing(camera, "exp_mode", soft), ValueError)
        # The client keeps a mode that it has refused.
        camera.exp_mode = mode
        return
    camera.exp_mode = soft
    camera.start_live(exp_time=1)
    for _ in range(3):
        camera.sw_trigger()
        camera.poll_frame(timeout_ms=PATIENCE_MS)
    camera.finish()
    camera.exp_mode = mode


def variable(camera):
    """Exposures that change between the frames of one setup."""
    deeds = (reading(camera, "vtm_exp_time"), writing(camera, "vtm_exp_time", 3))
    if lacking(camera, const.PARAM_EXP_TIME, *deeds):
        return
    camera.vtm_exp_time = 3
    check(camera.vtm_exp_time == 3, f"an exposure of {camera.vtm_exp_time}")
    if const.VARIABLE_TIMED_MODE in camera.exp_modes.values():
        mode = camera.exp_mode
        camera.exp_mode = const.VARIABLE_TIMED_MODE
        whole_stack(camera, camera.get_vtm_sequence([1, 4], const.EXP_RES_ONE_MILLISEC, 4, timeout_ms=PATIENCE_MS), 4)
        check(camera.vtm_exp_time == 4, f"the last exposure was {camera.vtm_exp_time}")
        camera.exp_mode = mode


def several_regions(camera):
    """Two regions arrive with the pixels of two pictures, on the ports that have several."""
    for port in camera.readout_ports.values():
        camera.readout_port = port
        most = camera.get_param(const.PARAM_ROI_COUNT, const.ATTR_MAX) if camera.check_param(const.PARAM_ROI_COUNT) else 1
        if most == 1:
            camera.set_roi(COLUMNS, ROWS, COLUMNS, ROWS)
            check(len(camera.rois) == 1, "a second region takes the place of the first")
        else:
            two_regions(camera)
        camera.reset_rois()
        camera.set_roi(0, 0, COLUMNS, ROWS)
    camera.readout_port = 0


def two_regions(camera):
    camera.metadata_enabled = True
    camera.set_roi(COLUMNS, ROWS, COLUMNS, ROWS)
    regions = taken(camera, 1)[0]["pixel_data"]
    shapes = [camera.shape(at)[::-1] for at in (0, 1)]
    check([region.shape for region in regions] == shapes == [(ROWS, COLUMNS)] * 2, "two pictures")
    check(all(is_whole(region, 1, camera.bit_depth) for region in regions), "both are whole")
    refused(lambda: camera.set_roi(COLUMNS + 1, ROWS + 1, 8, 8), ValueError)
    refused(lambda: camera.get_sequence(2), ValueError)
    refused(lambda: camera.get_vtm_sequence([1], const.EXP_RES_ONE_MILLISEC, 2), ValueError)
    camera.metadata_enabled = False


def live_region(camera):
    """While frames come, the region may move, on a camera that says so; otherwise it may not."""
    here = Camera.RegionOfInterest(0, COLUMNS - 1, 1, 0, ROWS - 1, 1)
    there = Camera.RegionOfInterest(32, 31 + COLUMNS, 1, 0, ROWS - 1, 1)
    if lacking(camera, const.PARAM_ROI, writing(camera, "live_roi", here)):
        return
    camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
    if not camera.get_param(const.PARAM_ROI, const.ATTR_LIVE):
        refused(writing(camera, "live_roi", there), RuntimeError)
        return
    camera.live_roi = here
    refused(writing(camera, "live_roi", there), RuntimeError)
    refused(writing(camera, "live_roi", None), ValueError)
    camera.start_live(exp_time=5)
    camera.poll_frame(timeout_ms=PATIENCE_MS)
    camera.live_roi = there
    told = camera.live_roi
    check((told["s1"], told["s2"], told["p2"]) == (there.s1, there.s2, there.p2), f"the region is {told}")
    camera.poll_frame(timeout_ms=PATIENCE_MS)
    camera.finish()


ALL = [series, status, live, streamed, smart, scan, trigger, variable, several_regions, live_region]
