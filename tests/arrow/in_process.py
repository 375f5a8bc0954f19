"""Frames of a running camera in this process, through the Arrow C Data Interface: pyarrow's arrays lie where the leases lie, and the
slot is free again when Python lets go of the last of them, on whatever thread.

usage: in_process.py LIBRARY
"""

import ctypes
import gc
import sys
import threading
import warnings

import numpy as np
import pyarrow as pa

warnings.simplefilter("error")


def load(path):
    library = ctypes.CDLL(path)
    library.arrow_stream.restype = ctypes.c_void_p
    library.arrow_free.argtypes = [ctypes.c_void_p]
    library.arrow_address.argtypes = [ctypes.c_uint64]
    library.arrow_address.restype = ctypes.c_size_t
    library.arrow_leased.restype = ctypes.c_uint64
    library.arrow_given_back.restype = ctypes.c_uint64
    return library


def values_address(array):
    """Where the elements of a tensor column begin."""
    values = array.storage.flatten()
    return values.buffers()[-1].address + values.offset * values.type.bit_width // 8


def scene(number, rows, columns, bits):
    """The counter scene: each pixel follows from frame number, row and column."""
    row, column = np.indices((rows, columns))
    return ((number * 31 + row * 7 + column) & ((1 << bits) - 1)).astype(np.uint16)


def main():
    library = load(sys.argv[1])
    assert library.arrow_open() == 1, "the camera does not start"
    stream = library.arrow_stream()
    reader = pa.RecordBatchReader._import_from_c(stream)
    library.arrow_free(stream)
    tensor = reader.schema.field("frame").type
    assert isinstance(tensor, pa.FixedShapeTensorType), tensor
    assert tensor.dim_names == ["y", "x"], tensor.dim_names

    library.arrow_step(1)
    batch = reader.read_next_batch()
    number, bits = batch.column("number")[0].as_py(), batch.column("bit_depth")[0].as_py()
    lease, array = library.arrow_address(number), values_address(batch.column("frame"))
    assert number == 1 and lease != 0 and array == lease, (number, hex(lease), hex(array))
    picture = batch.column("frame").to_numpy_ndarray()[0]
    assert picture.ctypes.data == lease, "numpy copied"
    assert (picture == scene(batch.column("camera_number")[0].as_py(), *tensor.shape, bits)).all()
    assert library.arrow_leased() == 1, library.arrow_leased()

    # The picture alone holds the frame, and lets go of it on another thread.
    del batch
    gc.collect()
    assert library.arrow_leased() == 1, "numpy's view does not hold the frame"
    last = [picture]
    del picture
    dropper = threading.Thread(target=last.clear)
    dropper.start()
    dropper.join()
    gc.collect()
    assert library.arrow_leased() == 0, "the slot is not free again"

    # The control: two frames that are kept are two slots that are not free.
    library.arrow_step(2)
    kept = [reader.read_next_batch() for _ in range(2)]
    assert library.arrow_leased() == 2, library.arrow_leased()
    assert values_address(kept[0].column("frame")) != values_address(kept[1].column("frame"))
    kept.clear()
    gc.collect()
    assert library.arrow_leased() == 0

    # Several rounds of the ring of eight slots: none is forgotten.
    for number in range(4, 60):
        library.arrow_step(1)
        batch = reader.read_next_batch()
        assert batch.column("number")[0].as_py() == number
        assert values_address(batch.column("frame")) == library.arrow_address(number)
        del batch
    gc.collect()
    assert library.arrow_leased() == 0 and library.arrow_given_back() > 40, library.arrow_given_back()
    del reader
    library.arrow_close()
    print("59 frames at their leases' addresses; each slot was free again when Python let go")


main()
