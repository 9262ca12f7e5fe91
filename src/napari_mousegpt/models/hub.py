"""Models of the Hugging Face hub: what is in the cache, what a download would bring, the download.

Everything goes through the library huggingface_hub; nothing here contacts the hub unless a function
says so.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from napari_mousegpt.errors import FormatError, InputError, MouseGPTError, StorageError

__all__ = [
    "COMMIT",
    "HUB_ID",
    "Progress",
    "RemoteModel",
    "cached_model",
    "download",
    "is_offline",
    "look_up",
    "model_cache",
]

#: Called with bytes done and bytes in all; may raise to stop a download.
Progress = Callable[[int, int], None]

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")
_WANTED = ["*.json", "*.jinja", "*.safetensors", "*.model", "*.txt", "README.md", "LICENSE*"]
# Folders hold other formats of the same weights; consolidated files hold them a second time.
_UNWANTED = ["*/*", "consolidated*"]
_OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


@dataclass(frozen=True)
class RemoteModel:
    """What the hub says about one revision of a model.

    Parameters
    ----------
    hub_id, commit : str
    licence : str
        Empty when its card states none.
    gated : bool
        Whether its publisher lets only known people download it.
    files : dict of str to int
        Bytes of each file that would be downloaded.
    """

    hub_id: str
    commit: str
    licence: str
    gated: bool
    files: dict[str, int]

    @property
    def total_bytes(self) -> int:
        """Bytes of all its files."""
        return sum(self.files.values())


def is_offline(offline: bool | None = None) -> bool:
    """Return whether nothing may be fetched: as asked, else as ``HF_HUB_OFFLINE`` says."""
    if offline is not None:
        return offline
    from huggingface_hub import constants

    told = any(
        os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"}
        for name in _OFFLINE_VARIABLES
    )
    return told or bool(constants.HF_HUB_OFFLINE)


def model_cache() -> Path:
    """Return the folder where the hub's library keeps models (``HF_HUB_CACHE``, ``HF_HOME``)."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def cached_model(hub_id: str, revision: str = "") -> Path | None:
    """Return the folder of a model in the cache, None if it is not there whole.

    Parameters
    ----------
    hub_id : str
    revision : str
        Branch, tag or commit; the main branch by default.
    """
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    with _told(hub_id):
        try:
            folder = huggingface_hub.snapshot_download(
                hub_id,
                revision=revision or None,
                local_files_only=True,
                allow_patterns=_WANTED,
                ignore_patterns=_UNWANTED,
            )
        except LocalEntryNotFoundError:
            return None
    return Path(folder)


def look_up(hub_id: str, revision: str = "") -> RemoteModel:
    """Ask the hub what a model consists of. This contacts the hub.

    Raises
    ------
    InputError
        When there is no such model or revision, or the hub cannot be reached.
    FormatError
        When it has pickled weights only.
    """
    import huggingface_hub

    with _told(hub_id, revision):
        info = huggingface_hub.model_info(hub_id, revision=revision or None, files_metadata=True)
    names = {file.rfilename: int(file.size or 0) for file in info.siblings or ()}
    files = {name: size for name, size in names.items() if _is_wanted(name)}
    if not any(name.endswith(".safetensors") for name in files):
        raise FormatError(
            hub_id,
            expected="weights as safetensors",
            found=", ".join(sorted(name for name in names if _looks_pickled(name))[:3])
            or "no weights",
            remedy="Pickled files can run a program when they are read, so nothing was "
            "downloaded. Take a revision or another model with safetensors.",
        )
    card = info.card_data
    told = (card.get("license_name") or card.get("license")) if card else None
    if not info.sha:
        raise InputError(hub_id, expected="a commit", found="none told by the hub")
    return RemoteModel(hub_id, info.sha, str(told or ""), bool(info.gated), files)


def download(model: RemoteModel, progress: Progress | None = None, *, again: bool = False) -> Path:
    """Download one commit of a model and return its folder. Ask the user before.

    Parameters
    ----------
    model : RemoteModel
        From :func:`look_up`.
    progress : callable, optional
        See :data:`Progress`; an error that it raises ends the download, and what is there is kept.
    again : bool
        Fetch also what is there already.

    Raises
    ------
    InputError
        When access is refused or the hub cannot be reached.
    StorageError
        When the disk has not enough room.
    """
    import huggingface_hub

    _check_room(model)
    with _told(model.hub_id, model.commit):
        folder = huggingface_hub.snapshot_download(
            model.hub_id,
            revision=model.commit,
            force_download=again,
            allow_patterns=_WANTED,
            ignore_patterns=_UNWANTED,
            tqdm_class=_silent_bars(progress, model.total_bytes),
        )
    if progress is not None:
        progress(model.total_bytes, model.total_bytes)
    return Path(folder)


def _is_wanted(name: str) -> bool:
    return any(fnmatch(name, wanted) for wanted in _WANTED) and not any(
        fnmatch(name, unwanted) for unwanted in _UNWANTED
    )


def _looks_pickled(name: str) -> bool:
    return name.endswith((".bin", ".pth", ".pt", ".ckpt", ".pkl", ".h5", ".msgpack"))


def _check_room(model: RemoteModel) -> None:
    place = model_cache()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < model.total_bytes:
        raise StorageError(
            model_cache(),
            expected=f"{model.total_bytes / 1e9:.1f} GB of room for {model.hub_id}",
            found=f"{free / 1e9:.1f} GB",
            remedy="Make room, or set HF_HOME to a folder on a larger disk.",
        )


def _silent_bars(progress: Progress | None, total: int) -> type[Any]:
    """Return a class of progress bars that prints nothing and counts bytes for us."""
    from huggingface_hub.utils import tqdm

    lock = threading.Lock()
    counts: dict[int, int] = {}

    class Bars(tqdm):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.counts_bytes = kwargs.get("unit") == "B"
            kwargs["disable"] = True
            super().__init__(*args, **kwargs)

        def update(self, n: float | None = 1) -> None:
            if progress is None or not self.counts_bytes:
                return
            with lock:
                # Some versions count what came over the wire and what was written in two bars.
                counts[id(self)] = counts.get(id(self), 0) + int(n or 0)
                done = max(counts.values())
            progress(min(done, total), total)

    return Bars


@contextmanager
def _told(hub_id: str, revision: str = "") -> Iterator[None]:
    """Turn what huggingface_hub raises into sentences."""
    from huggingface_hub import errors

    # Whatever HTTP library this version uses, its failures share this base.
    transport = errors.HfHubHTTPError.__mro__[1]
    try:
        yield
    except errors.GatedRepoError as error:
        raise _refusal(
            hub_id,
            "a model that its publisher gives to known people only",
            f"Ask for access on https://huggingface.co/{hub_id}, then log in on this machine: "
            "hf auth login.",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise _refusal(
            hub_id,
            "no such model on the hub, or a private one",
            "Check how it is written; for a private model log in: hf auth login.",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise _refusal(hub_id, f"no revision {revision!r}", "Leave it out, or check it.") from error
    except errors.HFValidationError as error:
        raise _refusal(hub_id, "no id of the hub", "Write it as owner/name.") from error
    except errors.HfHubHTTPError as error:
        code = error.response.status_code
        raise _refusal(
            hub_id, f"the hub answered {code}", "Try again later, or name a local folder."
        ) from error
    except (errors.LocalEntryNotFoundError, transport, ConnectionError, TimeoutError) as error:
        raise _unreachable(hub_id, error) from error
    except OSError as error:
        raise StorageError(
            model_cache(),
            expected=f"room for {hub_id}",
            found=str(error),
            remedy="Make room there, or set HF_HOME to another folder.",
        ) from error


def _unreachable(hub_id: str, error: BaseException) -> MouseGPTError:
    return _refusal(
        hub_id,
        f"no way to the hub ({type(error.__cause__ or error).__name__})",
        "Connect this machine, or copy the model here and name its folder.",
    )


def _refusal(hub_id: str, found: str, remedy: str) -> InputError:
    return InputError(hub_id, expected="a model that can be downloaded", found=found, remedy=remedy)
