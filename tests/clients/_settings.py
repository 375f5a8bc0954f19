"""What can be set on a camera through the vendor's Python client, with the values that it takes and one that it does not."""

import numpy as np
from pyvcam import constants as const
from pyvcam.camera import Camera

from _counter import check, is_whole

PATIENCE_MS = 20_000
COLUMNS, ROWS = 128, 64
# What the client makes of a refusal.
ITS_ERRORS = (AttributeError, KeyError, ValueError, RuntimeError)


def refused(deed, *errors):
    """The name of the client's own error, one of these if any are named; none is WRONG."""
    try:
        deed()
    except errors or ITS_ERRORS as error:
        return type(error).__name__
    raise SystemExit("WRONG: done, though it must be refused")


def lacking(camera, parameter, *deeds):
    """Whether the camera lacks a parameter; then all that would need it fails as the client says that it does."""
    if camera.check_param(parameter):
        return False
    for deed in deeds:
        refused(deed, AttributeError, ValueError)
    return True


def writing(camera, name, value):
    return lambda: setattr(camera, name, value)


def reading(camera, name):
    return lambda: getattr(camera, name)


def choices(camera, name, enumeration, parameter):
    """A property with a list of values: each can be set by value and by name, and is read back; others are refused."""
    if lacking(camera, parameter, reading(camera, name), writing(camera, name, 0)):
        check(len(enumeration) == 0, f"{camera.name}: values of {name}, which it lacks")
        return
    before = getattr(camera, name)
    check(before in enumeration.values(), f"{camera.name}: {name} is {before}, not one of {enumeration}")
    writable = camera.get_param(parameter, const.ATTR_ACCESS) != const.ACC_READ_ONLY or name in ("exp_mode", "exp_out_mode")
    for text, value in enumeration.items():
        if not writable and value != before:
            continue
        for choice in (value, text):
            setattr(camera, name, choice)
            check(getattr(camera, name) == value, f"{camera.name}: {name} is not {text}")
    refused(writing(camera, name, 12345), ValueError)
    refused(writing(camera, name, "no such value"), ValueError)
    setattr(camera, name, before)


def discovery(camera):
    names = Camera.get_available_camera_names()
    check(camera.is_open and names.index(camera.name) == camera.handle, f"{camera.name} has the handle {camera.handle}")
    other = Camera.select_camera(camera.name)
    check(other.name == camera.name and not other.is_open and other.handle == -1, "a camera that was not opened")
    refused(lambda: Camera.select_camera("nobody"), RuntimeError)
    refused(other.open, RuntimeError)


def identity(camera):
    for name in ("chip_name", "serial_no", "cam_fw", "driver_version"):
        check(isinstance(getattr(camera, name), str) and getattr(camera, name), f"{camera.name} has no {name}")
    columns, rows = camera.sensor_size
    check(columns == camera.get_param(const.PARAM_SER_SIZE) and rows > 0, f"a sensor of {columns} x {rows}")
    check(-100 < camera.temp < 60 and camera.adc_offset >= 0, "temperature and offset")


def parameters(camera):
    """The calls below the properties."""
    listed = camera.read_enum(const.PARAM_READOUT_PORT)
    check(dict(camera.readout_ports) == listed, f"{camera.name}: ports {listed}")
    check(camera.check_param(const.PARAM_READOUT_PORT), "the port is a parameter")
    check(not camera.check_param(const.PARAM_SHTR_STATUS), "the shutter is none")
    refused(lambda: camera.get_param(const.PARAM_SHTR_STATUS), AttributeError)
    refused(lambda: camera.set_param(const.PARAM_SHTR_STATUS, 0), AttributeError)
    refused(lambda: camera.read_enum(const.PARAM_SHTR_STATUS), AttributeError)
    refused(lambda: camera.set_param(const.PARAM_SER_SIZE, 1), RuntimeError)
    camera.set_param(const.PARAM_CLEAR_CYCLES, 1)
    check(camera.get_param(const.PARAM_CLEAR_CYCLES) == 1, "clear cycles are set")


def speed_table(camera):
    """Every gain of the table can be chosen, has the table's bit depth, and takes a whole picture."""
    gains = 0
    for name, port in camera.port_speed_gain_table.items():
        camera.readout_port = name
        check(camera.readout_port == port["port_value"], f"{camera.name}: port {name}")
        speeds = {key: entry for key, entry in port.items() if isinstance(entry, dict)}
        labels = set()
        for speed_name, speed in speeds.items():
            camera.speed_table_index = speed["speed_index"]
            camera.speed = speed["speed_index"]
            check(camera.speed == camera.speed_table_index and camera.speed_name == speed_name, f"speed {speed_name}")
            check(camera.pix_time == speed["pixel_time"], f"{camera.pix_time} ns of {speed}")
            labels.add((camera.pix_time, camera.bit_depth))
            for gain_name, gain in speed.items():
                if isinstance(gain, dict):
                    camera.gain = gain["gain_index"]
                    check(camera.gain == gain["gain_index"] and camera.gain_name == gain_name, f"gain {gain_name}")
                    check(camera.bit_depth == camera.bit_depth_host == gain["bit_depth"], f"{camera.bit_depth} bits of {gain}")
                    pixels = camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
                    check(is_whole(pixels.astype("uint16"), 1, camera.bit_depth), f"a picture of {gain}")
                    gains += 1
            refused(writing(camera, "gain", 99), ValueError)
        check(len(labels) == len(speeds), f"{camera.name}: other clients know speeds by {labels}, of {len(speeds)}")
        refused(writing(camera, "speed", 99), ValueError)
    refused(writing(camera, "readout_port", 99), ValueError)
    camera.readout_port = 0
    return gains


def binning(camera):
    """Pictures are as much smaller as was asked for; what the camera does not list is refused."""
    listed = camera.binnings
    for factors in listed or [(1, 1), (2, 2), (3, 1)]:
        camera.binning = factors
        camera.bin_x, camera.bin_y = factors
        check((camera.bin_x, camera.bin_y) == camera.binning == factors, f"binning {camera.binning}")
        check(camera.shape(0) == (COLUMNS // factors[0], ROWS // factors[1]), f"a shape of {camera.shape()}")
    camera.binning = 1
    for wrong in (0, (0, 1)) + (((7, 3),) if listed else ()):
        refused(writing(camera, "binning", wrong), ValueError)
    factor = next((pair for pair in listed or [(2, 2)] if pair != (1, 1)), None)
    if factor:
        camera.reset_rois()
        camera.binning = factor
        camera.set_roi(0, 0, COLUMNS, ROWS)
        pixels = camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
        check(pixels.shape == (ROWS // factor[1], COLUMNS // factor[0]), f"binned by {factor}: {pixels.shape}")
        check(is_whole(pixels, 1, camera.bit_depth), "a binned picture")
        camera.reset_rois()
        camera.binning = 1
        camera.set_roi(0, 0, COLUMNS, ROWS)


def exposures(camera):
    choices(camera, "exp_res", camera.exp_resolutions, const.PARAM_EXP_RES)
    check(camera.exp_res_index == camera.exp_res == const.EXP_RES_ONE_MILLISEC, f"unit {camera.exp_res_index}")
    told = camera.trigger_table
    check(sorted(told) == ["Clear Time", "Exposure Time", "Post-trigger Delay", "Pre-trigger Delay", "Readout Time"], told)
    check(camera.readout_time > 0, "lines take time")
    times = ("clear_time", "pre_trigger_delay", "post_trigger_delay")
    if not lacking(camera, const.PARAM_CLEARING_TIME, *(reading(camera, name) for name in times)):
        check(all(getattr(camera, name) >= 0 for name in times), f"times {told}")
    if lacking(camera, const.PARAM_EXPOSURE_TIME, reading(camera, "last_exp_time"), writing(camera, "exp_time", 2)):
        check(camera.exp_time == 0 and told["Exposure Time"] == "N/A", f"{told}")
        return
    camera.exp_time = 7
    pixels = camera.get_frame(timeout_ms=PATIENCE_MS)
    check(camera.exp_time == 7 and pixels.shape == (ROWS, COLUMNS), "a picture with the exposure that was set before")
    check(6 <= camera.last_exp_time <= 7, f"it was exposed for {camera.last_exp_time} ms")
    refused(writing(camera, "exp_time", camera.get_param(const.PARAM_EXPOSURE_TIME, const.ATTR_MAX) + 1), ValueError)


def modes(camera):
    choices(camera, "exp_mode", camera.exp_modes, const.PARAM_EXPOSURE_MODE)
    choices(camera, "exp_out_mode", camera.exp_out_modes, const.PARAM_EXPOSE_OUT_MODE)
    choices(camera, "clear_mode", camera.clear_modes, const.PARAM_CLEAR_MODE)
    choices(camera, "fan_speed", camera.fan_speeds, const.PARAM_FAN_SPEED_SETPOINT)
    choices(camera, "centroids_mode", camera.centroids_modes, const.PARAM_CENTROIDS_MODE)


def cooling(camera):
    least, most = (camera.get_param(const.PARAM_TEMP_SETPOINT, attr) / 100 for attr in (const.ATTR_MIN, const.ATTR_MAX))
    before = camera.temp_setpoint
    for setpoint in (least, most, before):
        camera.temp_setpoint = setpoint
        check(camera.temp_setpoint == setpoint, f"a setpoint of {setpoint} degrees")
    refused(writing(camera, "temp_setpoint", most + 1), ValueError)


def post_processing(camera):
    """Every parameter is set to both ends of its range; what alters pixels is off in the end."""
    table = camera.post_processing_table
    refused(lambda: camera.set_post_processing_param("no such feature", "ENABLED", 0), AttributeError)
    refused(lambda: camera.get_post_processing_param("no such feature", "ENABLED"), AttributeError)
    if lacking(camera, const.PARAM_PP_INDEX):
        check(table == {}, f"{camera.name} lists {table}")
        camera.reset_pp()
        return
    power_up = {}
    camera.reset_pp()
    for feature, entries in table.items():
        for name, entry in entries.items():
            power_up[feature, name] = camera.get_post_processing_param(feature, name)
            for value in (entry["param_min"], entry["param_max"]):
                camera.set_post_processing_param(feature, name, value)
                check(camera.get_post_processing_param(feature, name) == value, f"{feature} {name} is not {value}")
            refused(lambda: camera.set_post_processing_param(feature, name, entry["param_max"] + 1), AttributeError)
    camera.reset_pp()
    found = {key: camera.get_post_processing_param(*key) for key in power_up}
    check(power_up and found == power_up, f"a reset gives {found}")
    raw(camera)


def raw(camera):
    """Switches off what alters pixels."""
    for feature, table in camera.post_processing_table.items():
        for switch in (name for name in table if "ENABLED" in name):
            camera.set_post_processing_param(feature, switch, 0)


def metadata(camera):
    """By its name, and by its old one."""
    names = ("metadata_enabled", "meta_data_enabled")
    deeds = [deed for name in names for deed in (reading(camera, name), writing(camera, name, True))]
    if lacking(camera, const.PARAM_METADATA_ENABLED, *deeds):
        return
    for name in names:
        for state in (True, False):
            setattr(camera, name, state)
            check([getattr(camera, each) for each in names] == [state, state], f"{name} is not {state}")


def regions(camera):
    """The list of regions, and what is no region of it."""
    columns, rows = camera.sensor_size
    camera.reset_rois()
    check([roi.shape for roi in camera.rois] == [(columns, rows)], f"regions {camera.rois}")
    refused(lambda: camera.set_roi(columns - 1, 0, 2, 2), ValueError)
    refused(lambda: camera.set_roi(0, 0, 0, 2), ValueError)
    camera.set_roi(10, 20, COLUMNS, ROWS)
    check(camera.rois[0].s1 == 10 and camera.rois[0].p2 == 20 + ROWS - 1, "the region that was set")
    pixels = camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
    check(np.shape(pixels) == (ROWS, COLUMNS) and is_whole(pixels, 1, camera.bit_depth), "a picture of it")
    # The region of the last setup, which is what a live region is told by.
    if not lacking(camera, const.PARAM_ROI, reading(camera, "live_roi")):
        told = camera.live_roi
        check((told["s1"], told["p2"]) == (10, 20 + ROWS - 1), f"the region is {told}")
    camera.reset_rois()
    camera.set_roi(0, 0, COLUMNS, ROWS)


ALL = [discovery, identity, parameters, regions, modes, exposures, cooling, metadata, binning]
