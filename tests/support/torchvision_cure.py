"""Let torchvision be imported beside a torch of another build, in tests only.

The default torchvision wheel on Linux is a CUDA build. Next to a CPU torch its import fails,
because the compiled operators are absent; the transforms and models of the tests need none of them.
The product never does this: it tells the user to install a matching pair.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

# The definitions vanish when the library object is collected.
_kept: list[Any] = []


def cure_torchvision() -> bool:
    """Import torchvision, declaring its absent operators if need be; False when not installed."""
    if importlib.util.find_spec("torchvision") is None:
        return False
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        _declare_operators()
        importlib.import_module("torchvision")
    return True


def _declare_operators() -> None:
    import torch

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define(
        "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    )
    _kept.append(library)
