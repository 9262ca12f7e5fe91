"""Finding the weights of a model: by preset, folder, file or hub id, checked before they are read.

Nothing is downloaded unless a person agreed to it, nothing is unpickled but checkpoints of
Video-Swin (tensors only), and no code of a model folder is run.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_mousegpt.errors import InputError
from napari_mousegpt.models import hub, torchvision_weights
from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.models.hub import Progress
from napari_mousegpt.models.model_folder import check_folder, check_sees_video, licence_of
from napari_mousegpt.models.needs import check_needs
from napari_mousegpt.models.presets import LARGEST_WITHOUT_CARD_GB, PRESETS, WEIGHTS_SHARE
from napari_mousegpt.models.safetensors_files import content_hash

__all__ = [
    "Weights",
    "card_needed_gb",
    "download_subject",
    "fetch_again",
    "find_weights",
    "local_folder",
]

_CHECKPOINTS = (".pth", ".pt")


@dataclass(frozen=True)
class Weights:
    """The weights of one model on this machine, looked over.

    Parameters
    ----------
    name : str
        Preset, hub id, or name of the folder.
    folder : Path
        Holds ``config.json`` and the weights as safetensors.
    revision : str
        Commit of the hub, or name of the weights at torchvision; empty for other folders.
    files_hash : str
        Of all files that decide about its answers.
    licence : str
        As its card or its preset states it; empty when neither does.
    family : str
        ``model_type`` of its configuration.
    kind : {"vlm", "encoder"}
    """

    name: str
    folder: Path
    revision: str
    files_hash: str
    licence: str
    family: str
    kind: Literal["vlm", "encoder"]


def find_weights(
    name: str,
    *,
    revision: str = "",
    offline: bool | None = None,
    agreed: bool | None = None,
    progress: Progress | None = None,
) -> Weights:
    """Find the weights of a model and look them over; download them only if a person agreed.

    Parameters
    ----------
    name : str
        A preset, a folder, a checkpoint of Video-Swin (``.pth``), or an id of the Hugging Face hub
        (``owner/name``). A folder of that name goes before the hub.
    revision : str
        Branch, tag or commit of the hub. By default the commit that was taken first, so that the
        model stays the same until another is asked for.
    offline : bool, optional
        Fetch nothing; by default as ``HF_HUB_OFFLINE`` says.
    agreed : bool, optional
        Whether the user agreed to this download; by default what was written down before.
    progress : callable, optional
        Called with bytes done and bytes in all while files are downloaded.

    Returns
    -------
    Weights

    Raises
    ------
    ConsentError
        When it would have to be downloaded and nobody agreed.
    InputError
        When there is no such model, it lacks files, or it is none that sees video.
    FormatError
        When a file is cut or damaged, or the weights are pickled.
    DependencyError
        When a library that it needs is missing.
    StorageError
        When there is no room for it.
    """
    subject = download_subject(name)
    if revision and (not subject or subject.startswith(torchvision_weights.PREFIX)):
        raise InputError(
            f"revision {revision!r} of {name}",
            expected="a model of the Hugging Face hub",
            found="one that has no revisions",
            remedy="Leave the revision out.",
        )
    if not subject:
        folder = _local(name)
        return _looked_over(folder.name, folder, revision=_commit(folder))
    if subject.startswith(torchvision_weights.PREFIX):
        folder = _from_torchvision(name, subject, offline, agreed, progress)
        return _looked_over(name, folder, revision=subject.rpartition("/")[2])
    folder = _from_hub(name, subject, revision, offline, agreed, progress)
    return _looked_over(name, folder, revision=_commit(folder))


def fetch_again(name: str, *, revision: str = "", progress: Progress | None = None) -> Weights:
    """Download a model of the hub anew, because its files here are damaged or incomplete.

    Parameters
    ----------
    name, revision, progress
        As for :func:`find_weights`; without a revision the commit that is here.

    Raises
    ------
    InputError
        When it is no model of the hub, and as :func:`find_weights`.
    """
    hub_id = download_subject(name)
    if not hub.HUB_ID.fullmatch(hub_id):
        raise InputError(
            name,
            expected="a model of the Hugging Face hub",
            found="another one",
            remedy="Copy its files here again.",
        )
    _require_agreement(name, hub_id, agreed=None)
    taken = Consent().taken(hub_id, revision)
    model = hub.look_up(hub_id, taken or revision)
    folder = hub.download(model, progress, again=True)
    Consent().note_taken(hub_id, revision, model.commit)
    return _looked_over(name, folder, revision=model.commit)


def download_subject(name: str) -> str:
    """Return what a download of a model would be agreed to: its hub id; empty for a local one.

    Raises
    ------
    InputError
        When it is no preset, nothing on this disk and no id of the hub.
    """
    if name in PRESETS:
        return PRESETS[name].hub_id
    if name and Path(name).expanduser().exists():
        return ""
    if name.startswith(torchvision_weights.PREFIX) or hub.HUB_ID.fullmatch(name):
        return name
    near = difflib.get_close_matches(name, PRESETS, n=3, cutoff=0.5)
    raise InputError(
        f"Model {name!r}",
        expected="a folder, a preset, or an id of the Hugging Face hub (owner/name)",
        found="nothing of that name",
        remedy=(f"Did you mean {', '.join(near)}? " if near else "")
        + "napari-mousegpt models lists the presets.",
    )


def local_folder(name: str, revision: str = "") -> Path | None:
    """Return where a model lies on this machine; None if it would have to be downloaded.

    Parameters
    ----------
    name, revision : str
        As for :func:`find_weights`.

    Raises
    ------
    InputError
        As :func:`download_subject`.
    """
    subject = download_subject(name)
    if not subject:
        return Path(name).expanduser()
    if subject.startswith(torchvision_weights.PREFIX):
        file = torchvision_weights.kept_file(subject)
        return file if file.is_file() else None
    return _cached(subject, revision)


def card_needed_gb(weights: Weights, *, dtype: str = "auto", quantised: str = "") -> float:
    """Return the GB of card memory that a model should have; 0 when it runs without a card.

    Meant for ``needs_card_gb`` of :func:`napari_mousegpt.models.choose_device`. A larger
    vision-language model would take minutes for a clip without a card; encoders are small enough.

    Parameters
    ----------
    weights : Weights
    dtype : str
        Numbers it shall calculate in; ``"float32"`` takes twice the room.
    quantised : {"", "int8", "int4"}
        How its weights shall be packed as they are loaded.
    """
    size_gb = check_folder(weights.folder).half_gb
    if weights.kind == "encoder" or size_gb <= LARGEST_WITHOUT_CARD_GB:
        return 0.0
    packed = {"int8": 0.5, "int4": 0.25}.get(quantised, 2.0 if dtype == "float32" else 1.0)
    return size_gb * packed / WEIGHTS_SHARE


def _local(name: str) -> Path:
    path = Path(name).expanduser().absolute()
    if path.is_file() and path.suffix in _CHECKPOINTS:
        from napari_mousegpt.models.swin import convert_checkpoint

        return convert_checkpoint(path)
    if path.is_file() and path.name in ("config.json", "model.safetensors"):
        return path.parent
    return path


def _from_torchvision(
    name: str, subject: str, offline: bool | None, agreed: bool | None, progress: Progress | None
) -> Path:
    from napari_mousegpt.models.swin import convert_checkpoint

    file = torchvision_weights.kept_file(subject)
    if not file.is_file():
        if hub.is_offline(offline):
            raise _not_here(name, subject)
        _require_agreement(name, subject, agreed)
        file = torchvision_weights.fetch(subject, progress)
    return convert_checkpoint(file)


def _from_hub(
    name: str,
    hub_id: str,
    revision: str,
    offline: bool | None,
    agreed: bool | None,
    progress: Progress | None,
) -> Path:
    folder = _cached(hub_id, revision)
    if folder is not None:
        return folder
    if hub.is_offline(offline):
        raise _not_here(name, hub_id)
    _require_agreement(name, hub_id, agreed)
    model = hub.look_up(hub_id, revision)
    folder = hub.download(model, progress)
    Consent().note_taken(hub_id, revision, model.commit)
    return folder


def _cached(hub_id: str, revision: str) -> Path | None:
    # A download by commit leaves no branch in the cache, so that we remember what was taken.
    taken = Consent().taken(hub_id, revision)
    folder = hub.cached_model(hub_id, taken) if taken else None
    return folder or hub.cached_model(hub_id, revision)


def _looked_over(name: str, folder: Path, *, revision: str) -> Weights:
    model = check_folder(folder)
    check_needs(model.config, model.kind, name)
    if model.kind == "vlm":
        check_sees_video(model)
    preset = PRESETS.get(name)
    return Weights(
        name=name,
        folder=folder,
        revision=revision,
        files_hash=content_hash(list(model.files)),
        licence=licence_of(folder) or (preset.licence if preset else ""),
        family=model.family,
        kind=model.kind,
    )


def _commit(folder: Path) -> str:
    return folder.name if hub.COMMIT.fullmatch(folder.name) else ""


def _require_agreement(name: str, subject: str, agreed: bool | None) -> None:
    if Consent().agreed("download", subject) if agreed is None else agreed:
        return
    preset = next((each for each in PRESETS.values() if each.hub_id == subject), None)
    if preset is None:
        size = "of a size and licence that its page tells"
    else:
        terms = preset.licence or "licence not verified"
        limit = ", non-commercial use only" if preset.commercial is False else ""
        size = f"about {preset.download_gb:.1f} GB, {terms}{limit}"
    if subject.startswith(torchvision_weights.PREFIX):
        source, place = "download.pytorch.org", torchvision_weights.kept_file(subject).parent
    else:
        source, place = f"https://huggingface.co/{subject}", hub.model_cache()
    raise ConsentError(
        "download",
        subject,
        found=f"a download from {source} to {place} ({size})",
        remedy=f"Agree with: napari-mousegpt models agree {name}",
    )


def _not_here(name: str, subject: str) -> InputError:
    return InputError(
        name,
        expected=f"{subject} on this machine, for nothing may be fetched (offline)",
        found="no whole copy of it",
        remedy="Go online once (unset HF_HUB_OFFLINE) and fetch it, logged in if its publisher "
        "asks for that; or copy its folder here and name the folder.",
    )
