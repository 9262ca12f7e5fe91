"""Inspect damaged copies of files under a memory limit; run as a program by a test.

``python inspect_damaged.py SCRATCH COUNT SEED LIMIT_MB FILE...`` prints one JSON object for each
file. A crash, a hang or a shortage of memory ends it with another exit code than 0.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import sys
import time
import warnings
from pathlib import Path

from mutations import mutations

from napari_mousegpt.io.inspect import inspect_file

#: Seconds after which one file counts as a hang.
HANG_S = 60


def main() -> None:
    """Run."""
    scratch, count, seed, limit = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    warnings.simplefilter("ignore")  # what libraries say about damage is not looked at here
    files = [Path(name) for name in sys.argv[5:]]
    for file in files:  # load every library before the limit is drawn
        inspect_file(file)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (limit << 20),) * 2)
    for file in files:
        slowest, faults = 0.0, []
        for number, data in enumerate(mutations(file.read_bytes(), count, seed)):
            path = scratch / f"damaged{file.suffix}"
            path.write_bytes(data)
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            began = time.perf_counter()
            report = inspect_file(path)
            slowest = max(slowest, time.perf_counter() - began)
            faulthandler.cancel_dump_traceback_later()
            faults += [
                f"copy {number}: {problem.what}"
                for problem in report.problems
                if "this is a fault of napari-mousegpt" in problem.remedy
            ]
        print(json.dumps({"file": file.name, "slowest_s": slowest, "faults": faults}), flush=True)


if __name__ == "__main__":
    main()
