"""Load damaged copies of label files under a memory limit; run as a program by a test.

``python load_damaged_labels.py SCRATCH COUNT SEED LIMIT_MB FRAMES FILE...`` prints one JSON object
for each file. A crash, a hang or a shortage of memory ends it with another exit code than 0.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from mutations import mutations

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.io.label_formats import load_labels, sniff_labels

#: Seconds after which one file counts as a hang.
HANG_S = 60


def main() -> None:
    """Run."""
    scratch, count, seed, limit, frames = Path(sys.argv[1]), *map(int, sys.argv[2:6])
    warnings.simplefilter("ignore")  # what libraries say about damage is not looked at here
    clock = Timebase.constant(25, frames)
    files = [Path(name) for name in sys.argv[6:]]
    formats = {}
    for file in files:  # load every library before the limit is drawn
        formats[file] = sniff_labels(file).format
        load_labels(file, clocks=clock)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (limit << 20),) * 2)
    for file in files:
        said: dict[str, Any] = {"file": file.name, "refused": 0, "read": 0}
        said |= {"slowest_s": 0.0, "faults": []}
        for number, data in enumerate(mutations(file.read_bytes(), count, seed)):
            path = scratch / f"damaged{file.suffix}"
            path.write_bytes(data)
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            began = time.perf_counter()
            # Half of them as a user opens them, half with the format insisted upon.
            format_ = formats[file] if number % 2 else None
            try:
                sniff_labels(path)
                labels = load_labels(path, format=format_, clocks=clock)
                if (
                    labels.bouts.start.min(initial=0) < 0
                    or labels.bouts.stop.max(initial=0) > frames
                ):
                    said["faults"].append(f"copy {number}: bouts outside the video")
                said["read"] += 1
            except MouseGPTError as error:
                said["refused"] += 1
                if not str(error):
                    said["faults"].append(f"copy {number}: an error without words")
            except Exception as error:  # the fault looked for: an error that is not ours
                said["faults"].append(f"copy {number}: {type(error).__name__}: {error}")
            said["slowest_s"] = max(said["slowest_s"], time.perf_counter() - began)
            faulthandler.cancel_dump_traceback_later()
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
