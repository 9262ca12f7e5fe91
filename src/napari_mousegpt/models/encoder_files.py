"""What the files of a video encoder say: its family, what it wants to see, and what it can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models.json_files import read_object

__all__ = ["ENCODERS", "EncoderSpec", "encoder_family", "read_spec"]


@dataclass(frozen=True)
class _Family:
    """What no released file says about a family.

    ``interval`` is the step between the pictures of a clip in the recipes of the papers, at 30
    pictures a second. It stands in no released file, so it is a start and every use can change it.
    """

    input_key: str
    layout: Literal["BCTHW", "BTCHW"]
    interval: int
    any_frames: bool


#: Families by ``model_type`` of their configuration.
ENCODERS: Mapping[str, _Family] = {
    "swin3d": _Family("x", "BCTHW", 2, any_frames=True),
    "vjepa2": _Family("pixel_values_videos", "BTCHW", 2, any_frames=True),
    "videomae": _Family("pixel_values", "BTCHW", 4, any_frames=False),
    "vivit": _Family("pixel_values", "BTCHW", 2, any_frames=False),
    "timesformer": _Family("pixel_values", "BTCHW", 32, any_frames=False),
    "videoprism_vision_model": _Family("pixel_values_videos", "BTCHW", 2, any_frames=False),
}

# A converted checkpoint says everything in its configuration; others have one of these beside it.
_PREPARATIONS = (
    "video_preprocessor_config.json",
    "preprocessor_config.json",
    "processor_config.json",
)
# What a Video Swin is built from.
_SWIN = ("patch_size", "embed_dim", "depths", "num_heads", "window_size", "mlp_ratio", "num_labels")
_RESAMPLING: Mapping[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}


@dataclass(frozen=True)
class EncoderSpec:
    """What a video encoder wants to see and what comes out of it.

    Parameters
    ----------
    family, architecture : str
        ``model_type`` and class of the model.
    frames : int
        Pictures in one clip.
    interval : int
        Step between them, in pictures of a video of 30 pictures a second.
    size : int
        Side of the square that the model sees, in pixels.
    short_side : int
        Pixels of the shorter side before the square is cut from the middle.
    squash : bool
        Shrink height and width each to ``short_side``, whatever the aspect.
    mean, std : tuple of float
        Taken from and divided through each channel (red, green, blue), in units of 0 to 255.
    resample : {"bilinear", "bicubic"}
        How pictures are shrunk.
    layout : {"BCTHW", "BTCHW"}
        Order of the axes that the model takes.
    input_key : str
        Name of that argument.
    feature_dim : int
        Length of a feature vector.
    classes : tuple of str
        Names of the actions; empty when the model has no head that names any.
    any_frames : bool
        Whether clips of another length can be taken.
    frame_multiple : int
        The number of pictures must be a multiple of this.
    """

    family: str
    architecture: str
    frames: int
    interval: int
    size: int
    short_side: int
    squash: bool
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: Literal["bilinear", "bicubic"]
    layout: Literal["BCTHW", "BTCHW"]
    input_key: str
    feature_dim: int
    classes: tuple[str, ...]
    any_frames: bool
    frame_multiple: int

    def check_frames(self, count: int) -> None:
        """Refuse a clip length that the model cannot take.

        Raises
        ------
        InputError
        """
        if count != self.frames and not self.any_frames:
            raise InputError(
                f"clips of {count} pictures",
                expected=f"{self.frames}, the length {self.architecture} was trained with",
                remedy="Leave the number of pictures to the encoder.",
            )
        if count < 1 or count % self.frame_multiple:
            raise InputError(
                f"clips of {count} pictures",
                expected=f"a multiple of {self.frame_multiple}, which {self.architecture} takes "
                "together",
            )


def encoder_family(config: Mapping[str, Any]) -> str:
    """Return the family a configuration belongs to, empty when it is no video encoder.

    Parameters
    ----------
    config : mapping
        Content of ``config.json``.
    """
    kind = str(config.get("model_type", ""))
    return kind if kind in ENCODERS else ""


def read_spec(folder: Path) -> EncoderSpec:
    """Read what an encoder wants to see from the files beside its weights.

    Parameters
    ----------
    folder : Path
        With ``config.json``, and the settings of its preparation (``preprocessor_config.json`` or
        the like) unless the configuration itself has them, as converted checkpoints do.

    Raises
    ------
    InputError
        When the model is no video encoder of a known family, or nothing says how pictures are
        prepared: guessing would shift every feature.
    FormatError
        When a file is no JSON or holds values that make no sense.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise InputError(
            folder, expected="config.json beside the weights", found="none",
            remedy="Name the folder that a model was saved to.",
        )  # fmt: skip
    config = read_object(path)
    kind = encoder_family(config)
    if not kind:
        raise InputError(
            folder,
            expected=f"a video encoder ({', '.join(ENCODERS)})",
            found=str(config.get("model_type") or "no model_type in config.json"),
            remedy="Choose a video encoder; a .pth of Video-Swin is converted when it is named.",
        )
    family = ENCODERS[kind]
    look = _preparation(folder, config)
    try:
        lacking = [name for name in _SWIN if kind == "swin3d" and name not in config]
        if lacking:
            raise KeyError(*lacking)
        short_side, size, squash = _sizes(kind, look, config)
        if size > short_side:
            raise ValueError(f"a cut of {size} within {short_side} pixels")
        mean, std = _statistics(kind, look)
        resample = _RESAMPLING[int(look.get("resample", 2))]
        tubelet = config.get("tubelet_size", config.get("patch_size", 1))
        return EncoderSpec(
            kind, _architecture(config), int(_first(config, "num_frames", "frames_per_clip")),
            int(config.get("frame_interval", family.interval)), size, short_side, squash,
            mean, std, resample, family.layout, family.input_key, _feature_dim(kind, config),
            _classes(config), family.any_frames, _multiple(kind, tubelet),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise FormatError(
            path,
            expected=f"the settings of a {kind} model",
            found=f"{type(error).__name__} {error}",
            remedy="Was the folder copied whole?",
        ) from error


def _preparation(folder: Path, config: Mapping[str, Any]) -> Mapping[str, Any]:
    if "image_mean" in config:
        return config
    for name in _PREPARATIONS:
        if not (folder / name).is_file():
            continue
        found = read_object(folder / name)
        for nested in ("video_processor", "image_processor"):
            if isinstance(found.get(nested), dict):
                return dict(found[nested])
        return found
    raise InputError(
        folder,
        expected=f"{_PREPARATIONS[1]}, which says how pictures are prepared",
        found="no such file",
        remedy="Copy it from where the weights came from.",
    )


def _sizes(kind: str, look: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[int, int, bool]:
    """Shorter side before the cut, side of the cut, and whether the aspect is given up."""
    crop = look.get("crop_size")
    if crop is not None and look.get("do_center_crop", True):
        size = _side(crop)
        if kind == "vjepa2":
            # Its processor takes the shorter side from the cut, whatever the file says.
            return int(size * 256 / 224), size, False
    else:
        size = 0
    wanted = look.get("size", look.get("short_side", size or config.get("image_size")))
    if isinstance(wanted, Mapping) and "shortest_edge" not in wanted:
        side = _side(wanted)
        return side, size or side, True
    short = int(wanted["shortest_edge"] if isinstance(wanted, Mapping) else _side(wanted))
    return short, size or short, False


def _side(value: Any) -> int:
    if isinstance(value, Mapping):
        value = [value["height"], value["width"]]
    if isinstance(value, (list, tuple)):
        if len(set(value)) != 1:
            raise ValueError(f"a square, not {value}")
        value = value[0]
    side = int(value)
    if not 8 <= side <= 2048:
        raise ValueError(f"a side of 8 to 2048 pixels, not {side}")
    return side


def _statistics(
    kind: str, look: Mapping[str, Any]
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and deviation in units of 0 to 255, with scaling and offset worked in."""
    scaled = look.get("do_rescale", True)
    factor = float(look.get("rescale_factor", 1 / 255)) if scaled else 1.0
    offset = 1.0 if kind == "vivit" and scaled and look.get("offset", True) else 0.0
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if look.get("do_normalize", True):
        mean, std = _three(look["image_mean"]), _three(look["image_std"])
    if not factor > 0 or not min(std) > 0:
        raise ValueError("a scale and deviations above 0")
    shifted = [(value + offset) / factor for value in mean]
    return _three(shifted), _three([value / factor for value in std])


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = values if isinstance(values, (list, tuple)) else [values] * 3
    return float(red), float(green), float(blue)


def _architecture(config: Mapping[str, Any]) -> str:
    names = config.get("architectures") or [""]
    return str(names[0]) or str(config["model_type"])


def _feature_dim(kind: str, config: Mapping[str, Any]) -> int:
    if kind == "swin3d":
        return int(config["embed_dim"]) << (len(config["depths"]) - 1)  # doubled at each stage
    return int(config["hidden_size"])


def _classes(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the outputs of the head; none without one."""
    if not _architecture(config).endswith(("ForVideoClassification", "SwinTransformer3d")):
        return ()
    names = config.get("id2label")
    if names is None:
        # The library writes no names when there are two outputs that nobody named.
        names = {str(i): f"LABEL_{i}" for i in range(int(config.get("num_labels", 2)))}
    listed = [str(names[key]) for key in sorted(names, key=int)]
    # Tables have a column for each, so no two may be called the same.
    return tuple(
        f"{name} ({i})" if listed.count(name) > 1 else name for i, name in enumerate(listed)
    )


def _multiple(kind: str, tubelet: Any) -> int:
    """How many pictures the model takes together; padding is allowed where the model pads."""
    if kind in ("timesformer", "swin3d"):
        return 1
    return int(tubelet[0]) if isinstance(tubelet, (list, tuple)) else int(tubelet)


def _first(config: Mapping[str, Any], *names: str) -> Any:
    return next(config[name] for name in names if name in config)
