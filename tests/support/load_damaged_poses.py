"""Load damaged copies of pose files under a memory limit; run as a program by a test.

``python load_damaged_poses.py SCRATCH COUNT SEED LIMIT_MB FILE...`` prints one JSON object for each
file. COUNT 0 loads each file as it is. A crash, a hang or a shortage of memory ends it with another
exit code than 0.
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

import numpy as np
from mutations import mutations

from napari_mousegpt.core.pose import validate_pose
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.io.pose import load_pose, sniff_pose

#: Seconds after which one file counts as a hang.
HANG_S = 60


def main() -> None:
    """Run."""
    scratch, count, seed, limit = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    warnings.simplefilter("ignore")  # what libraries say about damage is not looked at here
    files = [Path(name) for name in sys.argv[5:]]
    warm = [file for file in files if count]
    formats = {file: sniff_pose(file).format for file in warm}
    for file in warm:  # load every library before the limit is drawn
        load_pose(file, 30)
    if not count:
        import h5py  # noqa: F401
        import pyarrow.csv  # noqa: F401
        import xarray  # noqa: F401
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (limit << 20),) * 2)
    for file in files:
        said: dict[str, Any] = {"file": file.name, "refused": 0, "read": 0}
        said |= {"slowest_s": 0.0, "faults": []}
        if not count:
            _load(file, None, said, "as it is")
        for number, data in enumerate(mutations(file.read_bytes(), count, seed) if count else ()):
            path = scratch / f"damaged{file.suffix}"
            path.write_bytes(data)
            # Half of them as a user opens them, half with the format insisted upon.
            _load(path, formats[file] if number % 2 else None, said, f"copy {number}")
        print(json.dumps(said), flush=True)


def _load(path: Path, format_: str | None, said: dict[str, Any], what: str) -> None:
    faulthandler.dump_traceback_later(HANG_S, exit=True)
    began = time.process_time()
    try:
        sniff_pose(path)
        pose = load_pose(path, 30, format=format_)
        validate_pose(pose)
        if np.isinf(pose["position"].values).any():
            said["faults"].append(f"{what}: infinite positions")
        said["read"] += 1
    except MouseGPTError as error:
        said["refused"] += 1
        if not str(error) or len(str(error)) > 4000:
            said["faults"].append(f"{what}: an error of {len(str(error))} characters")
        said["message"] = str(error)[:400]
    except Exception as error:  # the fault looked for: an error that is not ours
        said["faults"].append(f"{what}: {type(error).__name__}: {str(error)[:300]}")
    said["slowest_s"] = max(said["slowest_s"], time.process_time() - began)
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
