"""What this installation is and which device it will use."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from napari_mousegpt.models import torchvision_problem
from napari_mousegpt.models.device import EXTRA
from napari_mousegpt.models.hub import is_offline, model_cache
from napari_mousegpt.store import default_root

__all__ = ["Finding", "doctor"]

_LIBRARIES = (
    "napari-mousegpt",
    "napari",
    "npe2",
    "magicgui",
    "numpy",
    "pandas",
    "xarray",
    "pyarrow",
    "scikit-learn",
    "scikit-image",
    "hdbscan",
    "av",
    "sleap-io",
    "tifffile",
    "torch",
    "transformers",
)
_BINDINGS = ("PySide6", "PyQt6", "PyQt5")


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Parameters
    ----------
    topic : str
        What was looked at.
    text : str
        What was found.
    problem : str
        What is wrong and what to do; empty when all is well.
    """

    topic: str
    text: str
    problem: str = ""


def doctor() -> list[Finding]:
    """Look over the installation: versions, torch and its device, video, folders, memory.

    Returns
    -------
    list of Finding
        Nothing is changed, downloaded or opened on a screen.
    """
    return [
        Finding("python", f"{platform.python_version()} on {platform.platform()}"),
        *(_library(name) for name in _LIBRARIES),
        _qt(),
        *_torch(),
        _torchvision(),
        _num2words(),
        _video(),
        _folder("run folder", default_root()),
        _folder("model cache", model_cache()),
        _downloads(),
        *_memory(),
    ]


def _library(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", f"Install it: pip install {name}")


def _qt() -> Finding:
    found = [name for name in _BINDINGS if find_spec(name) is not None]
    if not found:
        return Finding(
            "Qt binding",
            "none",
            'The viewer needs one: pip install "napari-mousegpt[gui]". '
            "The command line works without.",
        )
    return Finding("Qt binding", ", ".join(found))


def _torch() -> list[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:
        return [Finding("device", "cpu", f"torch cannot be imported: {error}")]
    built = torch.version.cuda
    build = f"CUDA {built}" if built else "CPU only"
    findings = [Finding("torch build", f"{torch.__version__} ({build})")]
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        findings.append(
            Finding("device", f"cuda: {card.name}, {card.total_memory / 2**30:.0f} GiB")
        )
    elif torch.backends.mps.is_available():
        findings.append(Finding("device", "mps: the graphics processor of this Mac"))
    elif built:
        findings.append(
            Finding(
                "device",
                "cpu",
                "torch was built for CUDA but sees no card: check the driver (nvidia-smi).",
            )
        )
    else:
        findings.append(Finding("device", f"cpu: {torch.get_num_threads()} threads"))
    return findings


def _torchvision() -> Finding:
    if find_spec("torchvision") is None:
        return Finding("torchvision", f"not installed (video models need it: pip install {EXTRA})")
    problem = torchvision_problem()
    text = "does not load" if problem else version("torchvision")
    return Finding("torchvision", text, problem)


def _num2words() -> Finding:
    if find_spec("num2words") is None:
        return Finding("num2words", f"not installed (SmolVLM needs it: pip install {EXTRA})")
    return Finding("num2words", version("num2words"))


def _video() -> Finding:
    try:
        import av
    except (ImportError, OSError) as error:
        return Finding("video", "no backend", f"PyAV cannot be imported: {error}")
    libraries = av.library_versions
    codec = ".".join(str(number) for number in libraries.get("libavcodec", ()))
    return Finding("video", f"PyAV {av.__version__} (libavcodec {codec})")


def _downloads() -> Finding:
    if is_offline():
        return Finding("downloads", "off: HF_HUB_OFFLINE is set, only models of the cache are used")
    return Finding("downloads", "only of models you agreed to (napari-mousegpt models)")


def _folder(topic: str, path: Path) -> Finding:
    parent = path
    while not parent.exists():
        parent = parent.parent
    free = shutil.disk_usage(parent).free / 2**30
    problem = (
        "" if os.access(parent, os.W_OK) else "It cannot be written to: choose another folder."
    )
    if not problem and free < 1:
        problem = "Less than 1 GiB is free: make room."
    return Finding(topic, f"{path} ({free:.0f} GiB free)", problem)


def _memory() -> list[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    return [
        Finding(
            "memory",
            f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free, "
            f"{os.cpu_count()} processors",
        )
    ]
