"""A script that simply ends while frames stream exits cleanly: code 0, no signal.

The client's own statics are destroyed at exit while the library's callback thread runs; a library that does not stop by
itself at that moment takes the process down with it.
"""

import signal
import subprocess
import sys

from _counter import check

REPEATS = 6


def start(mode):
    """Streams as fast as the camera can, and returns in the middle of it."""
    from pyvcam import pvc
    from pyvcam.camera import Camera

    pvc.init_pvcam()
    camera = next(Camera.detect_camera())
    camera.open()
    camera.set_roi(0, 0, 64, 64)
    if mode == "live":
        camera.start_live(exp_time=0)
    else:
        camera.start_seq(exp_time=0, num_frames=60_000)
    frames = [camera.poll_frame(timeout_ms=20_000)[2] for _ in range(3)]
    check(frames[0] < frames[1] < frames[2], f"frames stream: {frames}")
    print("streaming", flush=True)
    return camera


def child(how):
    """What a child process does with its camera before it ends."""
    if how == "killed":
        signal.raise_signal(signal.SIGSEGV)
    camera = start("sequence" if how == "sequence" else "live")
    if how == "forgotten":
        # Kept alive to the very end of the interpreter.
        sys.modules["kept"] = camera
    if how == "stopped":
        sys.exit(3)


def run(how):
    """Runs a child; its exit code (a signal is negative) and what it printed."""
    done = subprocess.run([sys.executable, __file__, how], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


if len(sys.argv) > 1:
    child(sys.argv[1])
else:
    # Controls: a child that dies is noticed, and so is one that ends otherwise.
    check(run("killed")[0] == -signal.SIGSEGV, "a signal is seen")
    for ending, code in [("stopped", 3)] + [("live", 0), ("sequence", 0), ("forgotten", 0)] * REPEATS:
        found, out, err = run(ending)
        check(out.startswith("streaming"), f"{ending}: frames were streaming; {out} {err}")
        check(found == code, f"{ending}: exit code {found}, not {code}; {err}")
    print(f"ended {3 * REPEATS} times without finish, cleanly")
