"""The vendor's Python client gets the frames that the simulated camera wrote: every pixel, every stamp, twice in one process.

Live frames come every 20 ms into a ring of 64: a reader may be late by more than a second before the ring comes round, so what
is checked does not depend on how busy the machine is.
"""

from pyvcam import pvc
from pyvcam.camera import Camera

from _counter import check, control, is_whole, number_of

NAME = "pvcamUSB_0"
PATIENCE_MS = 20_000
LIVE_MS, LIVE_RING = 20, 64
COLUMN, ROW, COLUMNS, ROWS = 100, 200, 300, 240
# The camera exposes whole lines and reads one after the other.
LINE_PS = 10_270_000


def raw(camera):
    """Switches off what alters pixels. A camera wakes up with despeckling on."""
    switches = [(f, p) for f, table in camera.post_processing_table.items() for p in table if "ENABLED" in p]
    check(switches, "the camera lists post-processing features")
    for feature, switch in switches:
        camera.set_post_processing_param(feature, switch, 0)


def snap(camera, shape):
    """One frame is the first frame, and has the shape that was asked for."""
    pixels = camera.get_frame(exp_time=1, timeout_ms=PATIENCE_MS)
    check(pixels.shape == shape, f"a picture of {shape}, not {pixels.shape}")
    check(is_whole(pixels, 1, camera.bit_depth), f"every pixel of {shape} is that of frame 1")


def take(camera, count):
    """Takes `count` frames and returns each with the number that its pixels tell."""
    bits, taken = camera.bit_depth, []
    for _ in range(count):
        frame, _, announced = camera.poll_frame(timeout_ms=PATIENCE_MS)
        pixels = frame["pixel_data"]
        number = number_of(pixels, bits)
        check(pixels.shape == (ROWS, COLUMNS), f"shape {pixels.shape}")
        check(is_whole(pixels, number, bits), f"frame {number} (the {announced}. announced) is whole")
        check(announced == number, f"frame {number} was announced as the {announced}.")
        taken.append((number, frame.get("meta_data")))
    return taken


def live(camera, count):
    """Frames of a ring, each later than the one before. None is given twice, none goes back."""
    camera.start_live(exp_time=LIVE_MS, buffer_frame_count=LIVE_RING, reset_frame_counter=True)
    taken = take(camera, count)
    camera.finish()
    numbers = [number for number, _ in taken]
    check(all(a < b for a, b in zip(numbers, numbers[1:])), f"numbers rise: {numbers}")
    check(numbers[0] == 1, f"the first frame is number {numbers[0]}")
    return taken


def sequence(camera, count):
    """A sequence is whole: every frame, in order."""
    camera.start_seq(exp_time=2, num_frames=count, reset_frame_counter=True)
    taken = take(camera, count)
    camera.finish()
    check([number for number, _ in taken] == list(range(1, count + 1)), "all frames of the sequence, in order")
    return taken


def stamped(taken, exposure_ms, bits):
    """The metadata says which frame it is, where it is from, and when; time goes on."""
    last, before = 0, -exposure_ms * 10**9
    for number, meta in taken:
        header, region = meta["frame_header"], meta["roi_headers"][0]
        begin, end = header["timestampBofPs"], header["timestampEofPs"]
        check(header["frameNr"] == number, f"stamp {header['frameNr']} on frame {number}")
        off = header["exposureTimePs"] - exposure_ms * 10**9
        check(abs(off) <= LINE_PS, f"the exposure is {off} ps more than was asked for")
        check(header["bitDepth"] == bits, f"{header['bitDepth']} bits")
        least = (number - last) * (exposure_ms * 10**9 - LINE_PS)
        check(begin - before >= least, f"frame {number} began {begin - before} ps after frame {last}")
        check(end - begin >= (ROWS - 1) * LINE_PS, f"frame {number} was read in {end - begin} ps")
        corners = {"s1": COLUMN, "s2": COLUMN + COLUMNS - 1, "sbin": 1, "p1": ROW, "p2": ROW + ROWS - 1, "pbin": 1}
        check(header["roiCount"] == 1 and region["roi"] == corners, f"the region is {region['roi']}")
        check(region["roiDataSize"] == 2 * COLUMNS * ROWS, f"{region['roiDataSize']} bytes of pixels")
        last, before = number, begin


def tour():
    """Everything from init to uninit."""
    pvc.init_pvcam()
    cameras = list(Camera.detect_camera())
    check([camera.name for camera in cameras] == [NAME], f"cameras: {cameras}")
    camera = cameras[0]
    camera.open()
    raw(camera)
    control(camera.bit_depth)
    columns, rows = camera.sensor_size
    snap(camera, (rows, columns))
    camera.set_roi(COLUMN, ROW, COLUMNS, ROWS)
    snap(camera, (ROWS, COLUMNS))
    for metadata in (False, True):
        camera.metadata_enabled = metadata
        ring, whole = live(camera, 100 if not metadata else 20), sequence(camera, 50)
        if metadata:
            stamped(ring, LIVE_MS, camera.bit_depth)
            stamped(whole, 2, camera.bit_depth)
        print(f"metadata {metadata}: live frames up to number {ring[-1][0]}, sequence of {len(whole)}")
    camera.metadata_enabled = False
    serial = camera.serial_no
    camera.close()
    pvc.uninit_pvcam()
    return serial


serials = [tour(), tour()]
check(serials[0] and serials[0] == serials[1], f"the same camera twice: {serials}")
print(f"toured {NAME}, serial {serials[0]}, twice")
