"""Weights that torchvision publishes: one pickled file each, converted once to safetensors."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.errors import DependencyError, FormatError, InputError
from napari_mousegpt.models.device import torchvision_problem
from napari_mousegpt.models.hub import Progress

__all__ = ["PREFIX", "fetch", "kept_file"]

#: How ids of torchvision begin: ``torchvision:swin3d_b/KINETICS400_V1``.
PREFIX = "torchvision:"
_TIMEOUT_S = 30.0
_BLOCK = 2**20


def kept_file(subject: str) -> Path:
    """Return where the file of some weights is or would be, in torch's own cache.

    Raises
    ------
    InputError
        When torchvision has no such weights.
    DependencyError
        When torchvision cannot be used.
    """
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / _url(subject).rpartition("/")[2]


def fetch(subject: str, progress: Progress | None = None) -> Path:
    """Download some weights into torch's cache. Ask the user before.

    Parameters
    ----------
    subject : str
        ``torchvision:MODEL/WEIGHTS``.
    progress : callable, optional
        Called with bytes done and bytes in all.

    Raises
    ------
    InputError
        When the server cannot be reached.
    FormatError
        When the file is not what its name says (its name holds the begin of its SHA-256).
    StorageError
        When it cannot be written.
    """
    url, target = _url(subject), kept_file(subject)
    make_folder(target.parent)
    with replacing(target) as part:
        found = _copy(url, part, subject, progress)
        wanted = re.search(r"-([0-9a-f]{8,})\.", target.name)
        if wanted and not found.startswith(wanted[1]):
            raise FormatError(
                url,
                expected=f"a file whose SHA-256 begins with {wanted[1]}",
                found=found[:16],
                remedy="Try again; something between here and there changed it.",
            )
    return target


def _copy(url: str, part: Path, subject: str, progress: Progress | None) -> str:
    """Write what a URL holds to a file and return its SHA-256."""
    digest = hashlib.sha256()
    try:
        with urlopen(url, timeout=_TIMEOUT_S) as answer, part.open("wb") as file:
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while block := answer.read(_BLOCK):
                digest.update(block)
                file.write(block)
                done += len(block)
                if progress is not None:
                    progress(done, max(total, done))
    except (URLError, TimeoutError, ConnectionError) as error:
        raise InputError(
            subject,
            expected=f"an answer from {url.split('/')[2]}",
            found=str(getattr(error, "reason", error)) or type(error).__name__,
            remedy="Connect this machine, or copy the file there yourself and name it.",
        ) from error
    return digest.hexdigest()


def _url(subject: str) -> str:
    problem = torchvision_problem()
    if problem:
        raise DependencyError(subject, expected="torchvision, which knows it", found=problem)
    from torchvision.models import get_model_weights

    name, _, weights = subject.removeprefix(PREFIX).partition("/")
    try:
        return str(get_model_weights(name)[weights].url)
    except (ValueError, KeyError) as error:
        raise InputError(
            subject,
            expected="weights that torchvision publishes",
            found="none of that name",
            remedy="Write for example torchvision:swin3d_b/KINETICS400_V1.",
        ) from error
