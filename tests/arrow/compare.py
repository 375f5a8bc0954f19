"""What other people's Arrow reads of recordings is what the driver delivered: every pixel, every value.

usage: compare.py PROGRAM FOLDER replay|two-regions

PROGRAM is the example `record_arrow`; its camera is the simulated one that the environment describes.
"""

import io
import json
import pathlib
import shutil
import subprocess
import sys
import warnings

import numpy as np
import polars as pl
import pyarrow as pa

# pyarrow may not say a word about the extension.
warnings.simplefilter("error")

FRAMES = 200
REPLAY = ["0,0,696,520"]
# Of different sizes, and not in the order of the sensor.
TWO_REGIONS = ["400,300,96,200", "16,40,250,120"]
COLUMNS = ["number", "camera_number", "arrived_ns", "begin_ns", "end_ns", "exposure_ns", "lost_before", "epoch",
           "evidence", "camera", "bit_depth", "torn"]


class Truth:
    """What the driver's own interface told."""

    def __init__(self, folder):
        self.frames = [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]
        shapes = self.frames[0]["shapes"]
        assert all(frame["shapes"] == shapes for frame in self.frames)
        raw = np.fromfile(folder / "pixels.raw", np.uint16).reshape(len(self.frames), -1)
        ends = np.cumsum([rows * columns for rows, columns in shapes])
        assert raw.shape[1] == ends[-1], "the pixels are not those of the shapes"
        parts = np.split(raw, ends[:-1], axis=1)
        self.shapes = [tuple(shape) for shape in shapes]
        self.regions = [part.reshape(len(self.frames), *shape) for part, shape in zip(parts, self.shapes)]

    def name(self, kind, index):
        return kind if len(self.regions) == 1 else f"{kind}_{index + 1}"


def differences(truth, pixels, values, places):
    """Where a reader's arrays differ from the truth: pixels by region, values by column, places by region."""
    found = []
    for index, (expected, read) in enumerate(zip(truth.regions, pixels, strict=True)):
        same = read.shape == expected.shape and read.dtype == expected.dtype and np.array_equal(read, expected)
        if not same:
            found.append(f"pixels of region {index + 1}")
    for column in COLUMNS:
        if [frame[column] for frame in truth.frames] != values[column]:
            found.append(column)
    for index, read in enumerate(places):
        if [frame["regions"][index] for frame in truth.frames] != read:
            found.append(f"place of region {index + 1}")
    return found


def with_pyarrow(truth, table):
    """A table of one chunk a frame, as `differences` wants it."""
    pixels = []
    for index, shape in enumerate(truth.shapes):
        column = table.column(truth.name("frame", index))
        tensor = column.type
        assert isinstance(tensor, pa.FixedShapeTensorType), tensor
        assert tuple(tensor.shape) == shape and tensor.dim_names == ["y", "x"], tensor
        assert not tensor.permutation or list(tensor.permutation) == [0, 1], tensor.permutation
        assert tensor.value_type == pa.uint16(), tensor
        assert column.num_chunks == len(truth.frames), "one batch for each frame"
        pixels.append(np.concatenate([chunk.to_numpy_ndarray() for chunk in column.chunks]))
    values = {column: table.column(column).to_pylist() for column in COLUMNS}
    places = [table.column(truth.name("region", i)).to_pylist() for i in range(len(truth.regions))]
    return pixels, values, places


def with_polars(truth, frame):
    pixels = [series_pixels(frame[truth.name("frame", i)], shape) for i, shape in enumerate(truth.shapes)]
    values = {column: frame[column].to_list() for column in COLUMNS}
    places = [frame[truth.name("region", i)].to_list() for i in range(len(truth.regions))]
    return pixels, values, places


def series_pixels(series, shape):
    return series.to_numpy().reshape(len(series), *shape)


def polars_reads(read, *arguments, **options):
    """polars warns of extensions that it does not know; it reads what they are stored as."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read(*arguments, **options)


def record(program, folder, target, *options, regions=REPLAY, **how):
    """Records beside the truth; returns the process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    places = [argument for region in regions for argument in ("--region", region)]
    arguments = [program, "--frames", FRAMES, *places, "--truth", folder, *options, target]
    return subprocess.Popen(list(map(str, arguments)), **how)


def ended(process):
    assert process.wait(timeout=240) == 0, process.returncode


def check(what, truth, read):
    wrong = differences(truth, *read)
    assert not wrong, f"{what}: {wrong}"
    print(f"{what}: {len(truth.frames)} frames equal", flush=True)


def files(program, folder, regions=REPLAY):
    target = folder / "frames.arrow"
    ended(record(program, folder, target, regions=regions))
    truth = Truth(folder)
    assert (len(truth.frames), len(truth.regions)) == (FRAMES, len(regions)), len(truth.frames)
    assert any((truth.regions[0][i] != truth.regions[0][0]).any() for i in range(FRAMES)), "frames differ"
    with pa.memory_map(str(target)) as file:
        reader = pa.ipc.open_file(file)
        assert reader.schema.metadata[b"frame-arrow.version"] == b"1"
        assert reader.schema.field("begin_ns").metadata[b"clock"] == b"camera"
        table = reader.read_all()
        read = with_pyarrow(truth, table)
        check(f"pyarrow, file of {len(regions)} regions", truth, read)
        controls(truth, read)
        one = table.column(truth.name("frame", 0)).chunk(7).storage.flatten().buffers()[-1]
        assert one.address % 64 == 0, "64-byte aligned in the file"
        del table, read, one
    frame = polars_reads(pl.read_ipc, target)
    check(f"polars, file of {len(regions)} regions", truth, with_polars(truth, frame))


def controls(truth, read):
    """One pixel, one value or one place that differs is found."""
    pixels, values, places = read
    pixels[-1][FRAMES // 2, 3, 5] ^= 1
    assert differences(truth, *read) == [f"pixels of region {len(pixels)}"]
    pixels[-1][FRAMES // 2, 3, 5] ^= 1
    for column in COLUMNS:
        kept = values[column][-1]
        values[column][-1] = None
        assert differences(truth, *read) == [column]
        values[column][-1] = kept
    kept, places[0][0] = places[0][0], {**places[0][0], "row": -1}
    assert differences(truth, *read) == ["place of region 1"]
    places[0][0] = kept
    assert not differences(truth, *read)


def streams(program, folder, regions=REPLAY):
    process = record(program, folder, "-", regions=regions, stdout=subprocess.PIPE)
    # Read while it is written.
    kept = io.BytesIO()
    with process.stdout:
        shutil.copyfileobj(process.stdout, kept)
    ended(process)
    truth = Truth(folder)
    assert (len(truth.frames), len(truth.regions)) == (FRAMES, len(regions))
    table = pa.ipc.open_stream(kept.getvalue()).read_all()
    check(f"pyarrow, stream of {len(regions)} regions", truth, with_pyarrow(truth, table))
    kept.seek(0)
    check(f"polars, stream of {len(regions)} regions", truth, with_polars(truth, polars_reads(pl.read_ipc_stream, kept)))


def two_regions(program, folder):
    files(program, folder, TWO_REGIONS)
    streams(program, folder, TWO_REGIONS)


def compressed(program, folder):
    target = folder / "frames.arrow"
    ended(record(program, folder, target, "--lz4"))
    truth = Truth(folder)
    with pa.OSFile(str(target)) as file:
        check("pyarrow, LZ4 file", truth, with_pyarrow(truth, pa.ipc.open_file(file).read_all()))
    assert target.stat().st_size < (folder / "pixels.raw").stat().st_size, "it was compressed"


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    # A replayed picture is shown whole, so two regions want another scene.
    steps = {"replay": (files, streams, compressed), "two-regions": (two_regions,)}
    for step in steps[sys.argv[3]]:
        step(program, folder / step.__name__)
        shutil.rmtree(folder / step.__name__)


main()
