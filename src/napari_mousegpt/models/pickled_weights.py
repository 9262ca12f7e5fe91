"""Reading tensors from a pickled checkpoint without running anything that stands in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.errors import DependencyError, FormatError, InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["file_hash", "read_state"]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a whole file.

    Raises
    ------
    InputError
        When there is no such file.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            path,
            expected="a checkpoint that can be read",
            found=error.strerror or type(error).__name__,
            remedy="Check the path.",
        ) from error


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and facts of a checkpoint; nothing in the file is run.

    Parameters
    ----------
    path : Path
        ``.pth`` or ``.pt``: a mapping of names to tensors, or one that holds it under
        ``state_dict`` or ``model``, with facts under ``meta``.

    Returns
    -------
    state : dict of str to Tensor
        On the CPU.
    facts : dict
        What stood under ``meta``; empty without.

    Raises
    ------
    FormatError
        When it is no checkpoint, is damaged, or would run code to be read.
    DependencyError
        When torch is too old to read pickles safely.
    """
    import pickle
    import warnings

    import torch

    _refuse_old_torch(torch.__version__)
    try:
        with _numbers_of_numpy(), warnings.catch_warnings():
            # About pickles of other protocols than torch writes; what they hold is checked.
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        called = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise FormatError(
            path,
            expected="tensors and plain values only",
            found=f"a call of {called[1]}" if called else "something else",
            remedy="It is not read, for reading it could run a program. Get weights from their "
            "authors, best as safetensors."
            if called
            else "Is it a checkpoint of torch?",
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            path,
            expected="a whole checkpoint of torch",
            found=(str(error) or type(error).__name__).splitlines()[0][:160],
            remedy="Was the download cut off? Fetch it again.",
        ) from error
    facts = held.get("meta") if isinstance(held, Mapping) else None
    for name in ("state_dict", "model"):
        if isinstance(held, Mapping) and isinstance(held.get(name), Mapping):
            held = held[name]
    if not isinstance(held, Mapping) or not held:
        raise FormatError(path, expected="a mapping of names to tensors", found=type(held).__name__)
    state = {str(name): tensor for name, tensor in held.items() if isinstance(tensor, torch.Tensor)}
    if len(state) < len(held):
        odd = next(str(name) for name, value in held.items() if str(name) not in state)
        raise FormatError(path, expected="tensors only", found=f"{odd!r}, which is none")
    return state, dict(facts) if isinstance(facts, Mapping) else {}


def _numbers_of_numpy() -> Any:
    """Let single numbers of numpy through: mmcv keeps the best score of a training as one."""
    import numpy as np
    from torch.serialization import safe_globals

    scalar: Any = np.float64(0).__reduce__()[0]
    kinds = [type(np.dtype(name)) for name in ("f8", "f4", "i8", "i4", "bool")]
    return safe_globals([scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype, *kinds])


def _refuse_old_torch(version: str) -> None:
    """Before 2.6 a crafted file could run code in spite of ``weights_only`` (CVE-2025-32434)."""
    major, minor = (int(number) for number in version.split(".")[:2])
    if (major, minor) < (2, 6):
        raise DependencyError(
            "pickled weights",
            expected="torch 2.6 or newer, which reads them safely",
            found=version,
            remedy="Update torch, or use weights kept as safetensors.",
        )
