"""What the simulator's counter scene shows, and how to tell which frame a picture is."""

import numpy as np


def picture(number, shape, bits):
    """The picture of camera frame `number` (from 1): value = 31 number + 7 row + column, modulo 2^bits."""
    rows, columns = np.indices(shape, dtype=np.uint32)
    return ((number * 31 + rows * 7 + columns) & ((1 << bits) - 1)).astype(np.uint16)


def number_of(pixels, bits):
    """The number (modulo 2^bits) of the frame that the first pixel belongs to."""
    return int(pixels[0, 0]) * pow(31, -1, 1 << bits) % (1 << bits)


def is_whole(pixels, number, bits):
    """Whether every pixel is that of frame `number`: nothing torn, nothing mixed, nothing shifted."""
    return pixels.dtype == np.uint16 and np.array_equal(pixels, picture(number, pixels.shape, bits))


def check(condition, what):
    """As `assert`, but also under `python -O`."""
    if not condition:
        raise SystemExit(f"WRONG: {what}")


def control(bits):
    """The checks above see each kind of damage that they are here for."""
    first, second = picture(1, (6, 8), bits), picture(2, (6, 8), bits)
    check(is_whole(first, 1, bits) and number_of(second, bits) == 2, "a whole picture passes")
    torn = first.copy()
    torn[3:] = second[3:]
    one_off = first.copy()
    one_off[5, 7] ^= 1
    damaged = {"torn": torn, "one bit off": one_off, "shifted": np.roll(first, 1, axis=1), "another": second}
    for name, pixels in damaged.items():
        check(not is_whole(pixels, 1, bits), f"a picture that is {name} is noticed")
