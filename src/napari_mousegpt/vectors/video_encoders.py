"""Which video encoder makes vectors: found and checked at once, loaded once, when it is needed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from napari_mousegpt.clips.crops import CropParams
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.models.checkpoints import DTypeName
    from napari_mousegpt.models.device import Device
    from napari_mousegpt.models.encoder_files import EncoderSpec
    from napari_mousegpt.models.encoders import VideoEncoder
    from napari_mousegpt.models.weights import Weights

__all__ = [
    "KINEMATIC",
    "TRAINED_FPS",
    "FoundEncoder",
    "VideoParams",
    "find_encoder",
    "licence_text",
]

#: The encoder that needs no weights: kinematics of pose or silhouette.
KINEMATIC = "kinematic"
#: Pictures a second of the videos that encoders are trained on; their interval is in these.
TRAINED_FPS = 30
#: Clips at once when nothing else is said, by kind of device.
_BATCHES = {"cpu": 4, "cuda": 32, "mps": 8}
_NON_COMMERCIAL = re.compile(r"non-?commercial|\bNC\b", re.IGNORECASE)


@dataclass(frozen=True)
class VideoParams:
    """How intervals are shown to a video encoder.

    Parameters
    ----------
    revision : str
        Of the weights, when they come from a hub.
    device, dtype : str
        Where it runs and in which numbers; ``"auto"`` chooses.
    compile : bool
        Compile the model; pays off for many clips on a GPU.
    frames : int
        Pictures of a clip; 0 takes as many as the encoder was trained with.
    stride_s : float
        Seconds from one picture to the next; 0 takes what the encoder was trained with.
    clips : int
        Clips of an interval at most, evenly placed. Fewer where they would overlap by more than
        half; one, spread over the whole, of an interval shorter than a clip.
    step_s : float
        Seconds from one window to the next where a recording is cut into windows as long as one
        clip; 0 is half a window.
    crop : CropParams, optional
        Follow the animal; without it the whole picture is shown.
    cameras : tuple of str
        Views to show side by side; the primary one if empty.
    batch : int
        Clips encoded at once; 0 leaves it to the device. Halved when its memory is too small.
    """

    revision: str = ""
    device: str = "auto"
    dtype: DTypeName = "auto"
    compile: bool = False
    frames: int = 0
    stride_s: float = 0.0
    clips: int = 4
    step_s: float = 0.0
    crop: CropParams | None = None
    cameras: tuple[str, ...] = ()
    batch: int = 0

    def __post_init__(self) -> None:
        least_of = {"frames": 0, "stride_s": 0, "clips": 1, "step_s": 0, "batch": 0}
        for name, least in least_of.items():
            if not getattr(self, name) >= least:
                raise InputError(
                    f"{name}={getattr(self, name)}", expected=f"{least} or more"
                )  # fmt: skip

    def batch_on(self, kind: str) -> int:
        """Return how many clips are tried at once on a kind of device: cpu, cuda or mps."""
        return self.batch or _BATCHES[kind]


@dataclass(frozen=True, eq=False)
class FoundEncoder:
    """A video encoder that is on this machine and was checked, but may not be loaded yet.

    Parameters
    ----------
    weights : Weights
        Looked over.
    spec : EncoderSpec
        What it wants to see.
    device : Device
        Where it will run.
    dtype : str
        Numbers it will calculate in.
    compile : bool
        Whether it will be compiled.
    """

    weights: Weights
    spec: EncoderSpec
    device: Device
    dtype: DTypeName
    compile: bool = False

    @cached_property
    def loaded(self) -> VideoEncoder:
        """The encoder; loaded when first asked for, and never a second time."""
        from napari_mousegpt.models.encoders import VideoEncoder

        return VideoEncoder.load(self.weights, self.device, dtype=self.dtype, compile=self.compile)

    @property
    def identity(self) -> str:
        """What a result hangs on beside the parameters: content of the weights, and numbers."""
        return f"{self.weights.files_hash} {self.dtype}"

    @property
    def licence(self) -> str:
        """Licence of the weights in words, with what it does not allow."""
        from napari_mousegpt.models.presets import PRESETS

        preset = PRESETS.get(self.weights.name)
        commercial = None if preset is None else preset.commercial
        return licence_text(self.weights.licence, commercial)

    def provenance(self) -> dict[str, str]:
        """Return what a run card says of it: name, revision, licence, device, how far to trust."""
        from napari_mousegpt.models.trust import trust_card

        weights, tried = self.weights, trust_card(self.weights.files_hash)
        return {
            "encoder": weights.name,
            "encoder_family": weights.family,
            "encoder_revision": weights.revision or weights.files_hash,
            "encoder_licence": self.licence,
            "encoder_device": f"{self.device} in {self.dtype}",
            "encoder_trust": "never tried here (napari-mousegpt certify)"
            if tried is None
            else json.dumps(tried.summary(), ensure_ascii=False),
        }

    def lines(self) -> list[str]:
        """Return what it is, for people: family and clip, licence, device."""
        spec = self.spec
        names = f"names {len(spec.classes)} human actions" if spec.classes else "names no actions"
        return [
            f"{self.weights.name}: {self.weights.family}, clips of {spec.frames} pictures of "
            f"{spec.size} px, {spec.feature_dim} numbers each, {names}.",
            f"Licence: {self.licence}.",
            f"It runs on {self.device}, in {self.dtype}.",
        ]


def find_encoder(name: str, params: VideoParams | None = None, **finding: Any) -> FoundEncoder:
    """Find and check a video encoder and choose where it runs; nothing is loaded yet.

    Parameters
    ----------
    name : str
        Preset, local folder, hub id, or a released Video-Swin checkpoint (``.pth``).
    params : VideoParams, optional
        Revision, device, numbers.
    **finding
        Passed to :func:`napari_mousegpt.models.weights.find_weights`: whether to stay offline,
        what was agreed to, who hears of progress.

    Raises
    ------
    ConsentError
        When it would have to be downloaded and nobody agreed.
    InputError
        When there is no such model, or it is no video encoder; when there is no such device, or it
        does not calculate in such numbers.
    DependencyError
        When a library that it needs is missing.
    """
    from napari_mousegpt.models.device import choose_device
    from napari_mousegpt.models.encoder_files import read_spec
    from napari_mousegpt.models.weights import find_weights

    settings = params or VideoParams()
    weights = find_weights(name, revision=settings.revision, **finding)
    spec = read_spec(weights.folder)
    spec.check_frames(settings.frames or spec.frames)
    device = choose_device(settings.device)
    dtype: Any = device.dtypes[0] if settings.dtype == "auto" else settings.dtype
    if dtype not in device.dtypes:
        raise InputError(
            f"dtype {dtype!r}",
            expected=f"auto, or one that {device} calculates in: {', '.join(device.dtypes)}",
        )
    return FoundEncoder(weights, spec, device, dtype, settings.compile)


def licence_text(licence: str, commercial: bool | None = None) -> str:
    """Return a licence in words; one that allows no commercial use is marked.

    Parameters
    ----------
    licence : str
        As its publisher states it; empty when that was not found.
    commercial : bool or None
        Whether it allows commercial use; None when only its text is known.
    """
    if not licence:
        return "not stated, ask its publisher before you publish"
    barred = commercial is False or (commercial is None and _NON_COMMERCIAL.search(licence))
    return f"{licence} (non-commercial use only)" if barred else licence
