"""Video encoders: clips in, one feature vector each out, and how much each looks like an action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models.checkpoints import DTypeName, no_progress_bars
from napari_mousegpt.models.encoder_files import EncoderSpec, read_spec
from napari_mousegpt.models.json_files import read_object

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from napari_mousegpt.models.device import Device
    from napari_mousegpt.models.weights import Weights

__all__ = ["Encoded", "VideoEncoder"]


@dataclass(frozen=True, eq=False)
class Encoded:
    """What came of some clips.

    Parameters
    ----------
    features : ndarray of float32, shape (B, D)
        One vector for each clip.
    logits : ndarray of float32, shape (B, K), or None
        One number for each action that the head names; None without a head.
    """

    features: NDArray[np.float32]
    logits: NDArray[np.float32] | None


class VideoEncoder:
    """A video encoder on its device. Build it with :meth:`load`.

    Parameters
    ----------
    model : torch.nn.Module
        On its device. Its last layer, which names actions, is taken off and kept as ``head``.
    spec : EncoderSpec
        What it wants to see.
    weights : Weights
        Where it came from.
    device : torch.device
    dtype : torch.dtype
        Of its weights.

    Notes
    -----
    Not to be shared between threads.
    """

    def __init__(
        self,
        model: nn.Module,
        spec: EncoderSpec,
        weights: Weights,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.model = model.eval()
        self.head = _without_head(model) if spec.classes else None
        self.spec = spec
        self.weights = weights
        self.device = device
        self.dtype = dtype
        self._forward: Any = self.model
        # A compiled model is compiled anew for each number of clips, so the last batch is filled.
        self._fill = False
        self._largest = 0

    @classmethod
    def load(
        cls,
        weights: Weights,
        device: Device,
        *,
        dtype: DTypeName = "auto",
        compile: bool = False,
    ) -> VideoEncoder:
        """Load an encoder from a folder that was checked before.

        Parameters
        ----------
        weights : Weights
            Of kind ``"encoder"``.
        device : Device
            Where it runs.
        dtype : {"auto", "float32", "bfloat16", "float16"}
            ``"auto"`` takes the first of the device.
        compile : bool
            Compile the model; pays off for many clips of one size on a GPU.

        Raises
        ------
        InputError
            When the folder holds no video encoder, or the device does not have these numbers.
        FormatError
            When a file is damaged, or tensors of the model are absent.
        DependencyError
            When torchvision is needed and does not fit torch.
        """
        import torch

        spec = read_spec(weights.folder)
        if spec.family == "swin3d":
            model = _load_swin(weights)
        else:
            model = _load_transformers(weights, spec)
        kind = _dtype(dtype, device)
        place = torch.device(device.name)
        encoder = cls(model.to(device=place, dtype=kind), spec, weights, place, kind)
        if compile:
            encoder._forward = torch.compile(encoder.model)
            encoder._fill = True
        return encoder

    @property
    def n_parameters(self) -> int:
        """Number of weights."""
        parts = [self.model] if self.head is None else [self.model, self.head]
        return sum(parameter.numel() for part in parts for parameter in part.parameters())

    def encode(self, clips: NDArray[np.uint8]) -> Encoded:
        """Encode a batch of clips.

        Parameters
        ----------
        clips : ndarray of uint8, shape (B, T, H, W, 3) or (B, T, H, W, 1)
            RGB or grey, of any height and width.

        Returns
        -------
        Encoded
            Row ``i`` hangs on clip ``i`` alone.

        Raises
        ------
        InputError
            When the shape, the kind of number or the number of pictures does not fit.
        """
        import torch

        array = np.ascontiguousarray(clips)
        if array.ndim != 5 or array.shape[-1] not in (1, 3) or array.dtype != np.uint8:
            raise InputError(
                "clips",
                expected="uint8 of shape (clips, pictures, height, width, 3 or 1)",
                found=f"{array.dtype} of {array.shape}",
            )
        self.spec.check_frames(array.shape[1])
        count = len(array)
        if not count:
            logits = np.empty((0, len(self.spec.classes)), dtype=np.float32)
            features = np.empty((0, self.spec.feature_dim), dtype=np.float32)
            return Encoded(features, logits if self.spec.classes else None)
        with torch.inference_mode():
            pixels = self.prepare(self._to_device(array))
            if self._fill:
                self._largest = max(self._largest, count)
                lacking = self._largest - count
                pixels = torch.cat([pixels, pixels[-1:].expand(lacking, -1, -1, -1, -1)])
            found, named = self._run(pixels)
            return Encoded(
                found[:count].float().cpu().numpy(),
                None if named is None else named[:count].float().cpu().numpy(),
            )

    def prepare(self, clips: Tensor) -> Tensor:
        """Shrink, cut and normalise clips on the device they are on.

        Parameters
        ----------
        clips : Tensor of uint8, shape (B, T, H, W, C)

        Returns
        -------
        Tensor, shape (B, C, T, S, S) or (B, T, C, S, S)
            As the model takes them.
        """
        import torch
        from torch.nn import functional

        spec = self.spec
        batch, frames, height, width, channels = clips.shape
        # float32 until it is normalised: 8 bits of bfloat16 would not tell 255 from 254.
        pixels = clips.permute(0, 1, 4, 2, 3).reshape(-1, channels, height, width)
        wanted = _shrunk(height, width, spec)
        if wanted != (height, width):
            pixels = functional.interpolate(
                pixels.float(), wanted, mode=spec.resample, antialias=True, align_corners=False
            ).clamp_(0, 255)
        top, left = ((side - spec.size) // 2 for side in wanted)
        pixels = pixels[..., top : top + spec.size, left : left + spec.size].float()
        mean = torch.tensor(spec.mean, device=pixels.device).view(3, 1, 1)
        std = torch.tensor(spec.std, device=pixels.device).view(3, 1, 1)
        pixels = ((pixels - mean) / std).to(self.dtype)  # one grey channel becomes three here
        pixels = pixels.view(batch, frames, 3, spec.size, spec.size)
        if spec.layout == "BCTHW":
            pixels = pixels.transpose(1, 2)
        return pixels.contiguous()

    def _to_device(self, clips: NDArray[np.uint8]) -> Tensor:
        import torch

        tensor = torch.from_numpy(clips)
        if self.device.type == "cuda":
            # From pinned memory the copy runs beside what the card still computes.
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _run(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features (B, D) and logits (B, K) of prepared clips."""
        spec = self.spec
        if spec.family == "swin3d":
            features = self._forward(pixels)
        elif self.head is not None:
            # VideoPrism keeps the axis of its one pooled token.
            features = self._forward(**{spec.input_key: pixels}).logits.flatten(1)
        else:
            options = {"skip_predictor": True} if spec.family == "vjepa2" else {}
            tokens = self._forward(**{spec.input_key: pixels}, **options).last_hidden_state
            features = tokens.flatten(1, -2).mean(dim=1)
        return features, None if self.head is None else self.head(features)


def _without_head(model: Any) -> Any:
    """Take the layer that names actions off a model and return it; None if it has none."""
    from torch import nn

    for name in ("head", "classifier"):
        layer = getattr(model, name, None)
        if isinstance(layer, nn.Linear):
            setattr(model, name, nn.Identity())
            return layer
    return None


def _shrunk(height: int, width: int, spec: EncoderSpec) -> tuple[int, int]:
    if spec.squash:
        return spec.short_side, spec.short_side
    short, long = sorted((height, width))
    longer = int(spec.short_side * long / short)
    return (spec.short_side, longer) if height <= width else (longer, spec.short_side)


def _dtype(wanted: DTypeName, device: Device) -> torch.dtype:
    import torch

    name = device.dtypes[0] if wanted == "auto" else wanted
    if name not in device.dtypes:
        raise InputError(
            f"dtype {wanted!r}",
            expected=f"auto, or one that {device} calculates in: {', '.join(device.dtypes)}",
        )
    kind: torch.dtype = getattr(torch, name)
    return kind


def _load_swin(weights: Weights) -> nn.Module:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from napari_mousegpt.models.swin import build_swin, misfits
    from napari_mousegpt.models.swin_attention import fuse_attention

    config = read_object(weights.folder / "config.json")
    try:
        state = load_file(weights.folder / "model.safetensors")
    except (SafetensorError, OSError) as error:
        raise _damaged(weights, error) from error
    _refuse_made_up(weights, misfits(state, config))
    model = build_swin(config)
    # What is not in the file are numbers of positions, which the model makes anew.
    model.load_state_dict(state, strict=False)
    fuse_attention(model)
    return model.requires_grad_(False)


def _load_transformers(weights: Weights, spec: EncoderSpec) -> nn.Module:
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoModelForVideoClassification

    kind = AutoModelForVideoClassification if spec.classes else AutoModel
    try:
        with no_progress_bars():
            model, report = kind.from_pretrained(
                weights.folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _damaged(weights, error) from error
    absent = sorted(report["missing_keys"]) + sorted(map(str, report["mismatched_keys"]))
    _refuse_made_up(weights, absent)
    loaded: nn.Module = model.requires_grad_(False)
    return loaded


def _damaged(weights: Weights, error: Exception) -> FormatError:
    return FormatError(
        weights.folder,
        expected="whole weights in safetensors",
        found=str(error).splitlines()[0],
        remedy="Copy or download the model again.",
    )


def _refuse_made_up(weights: Weights, names: Sequence[str]) -> None:
    if names:
        raise FormatError(
            weights.folder,
            expected="all tensors of the model",
            found=f"{len(names)} absent or of another shape, such as {names[0]}",
            remedy="These would be made up at random. Copy or download the model again.",
        )
