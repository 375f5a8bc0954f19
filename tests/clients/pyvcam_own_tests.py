"""The vendor's own tests of its Python client pass on five camera models: all 82, none skipped.

They are in the client's source archive, which the variable PYVCAM_SOURCE names. Without a camera they skip themselves, so it is
not enough that none fails.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest

from _counter import check

MODELS = ("prime-bsi-usb", "prime-bsi-express-usb", "prime-95b-usb", "kinetix-pcie", "retiga-r6-usb")
ALL = {"run": 82, "skipped": 0, "failures": 0, "errors": 0}


def child(folder):
    """Runs the tests of a folder; prints the counts as the last line."""
    tests = unittest.defaultTestLoader.discover(folder)
    said = io.StringIO()
    result = unittest.TextTestRunner(stream=said).run(tests)
    print(said.getvalue())
    counts = {"run": result.testsRun, "skipped": len(result.skipped)}
    print(json.dumps(counts | {"failures": len(result.failures), "errors": len(result.errors)}))


def counts(folder, config):
    """What the tests come to on the cameras of a configuration."""
    file = os.path.join(folder, "cameras.toml")
    with open(file, "w", encoding="utf-8") as out:
        out.write(config)
    command = [sys.executable, __file__, os.path.join(folder, "tests")]
    done = subprocess.run(command, env=os.environ | {"PVCAM_SIM_CONFIG": file}, capture_output=True, text=True, timeout=100)
    check(done.returncode == 0, f"the tests ended with {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1]), done.stdout


def main():
    source = os.environ.get("PYVCAM_SOURCE")
    check(source, "PYVCAM_SOURCE names no archive; `cargo xtask test --only clients` fetches one and names it")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(source) as archive:
            inside = [entry for entry in archive.getmembers() if "/tests/" in entry.name and entry.isfile()]
            os.mkdir(os.path.join(folder, "tests"))
            for entry in inside:
                with open(os.path.join(folder, "tests", os.path.basename(entry.name)), "wb") as out:
                    out.write(archive.extractfile(entry).read())
        for model in MODELS:
            found, said = counts(folder, f'[[camera]]\nmodel = "{model}"\n')
            check(found == ALL, f"{model}: {found}, not {ALL}: {said}")
        # Controls: tests that skip themselves are seen, and so are some that fail. (The first one that skips leaves the library
        # initialised, so the others find an error.)
        idle, _ = counts(folder, "")
        check(idle["skipped"] > 0 and idle["skipped"] + idle["errors"] == ALL["run"], f"without a camera: {idle}")
        hurt, _ = counts(folder, '[[camera]]\nmodel = "prime-bsi-usb"\n[camera.faults]\nrefuse_start = 1\n')
        check(hurt["run"] == 82 and hurt["failures"] + hurt["errors"] > 0, f"with a camera that refuses to start: {hurt}")
    print(f"{ALL['run']} tests of the vendor's on {len(MODELS)} models")


if len(sys.argv) > 1:
    child(sys.argv[1])
else:
    main()
