"""Video Swin: the checkpoints that exist of it, and the model they are loaded into.

Two layouts are read. That of torchvision (``features.0.0.attn.qkv.weight``, ``head.weight``), and
that of the Video-Swin and mmaction line, which the Universal Action Space builds on
(``backbone.layers.0.blocks.0.attn.qkv.weight``, ``cls_head.fc_cls.weight``). Both are pickles: they
are read with ``weights_only=True``, so that no code in them runs, and kept once as safetensors.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.errors import DependencyError, FormatError, InputError
from napari_mousegpt.models.device import torchvision_problem
from napari_mousegpt.models.json_files import read_object
from napari_mousegpt.models.pickled_weights import file_hash, read_state

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["build_swin", "convert_checkpoint", "convert_state", "misfits", "swin_config"]

#: Environment variable with the folder for what can be made again.
CACHE_VARIABLE = "NAPARI_MOUSEGPT_CACHE"
#: What every public checkpoint was trained with: Kinetics, in units of 0 to 1.
_KINETICS = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}
_FRAMES, _INTERVAL, _SHORT_SIDE, _SIZE = 32, 2, 256, 224
_VERSION = 1

# Names of the Video-Swin line, and what torchvision calls the same.
_LAYER = re.compile(r"layers\.(\d+)\.(?:blocks\.(\d+)\.(.+)|downsample\.(.+))")
_THEIRS = {".mlp.fc1.": ".mlp.0.", ".mlp.fc2.": ".mlp.3.", "cls_head.fc_cls.": "head."}
_KNOWN = re.compile(
    r"(?:patch_embed\.(?:proj|norm)|norm|head"
    r"|features\.\d+\.(?:reduction|norm|\d+\.(?:norm[12]|attn\.(?:qkv|proj)|mlp\.[03])))"
    r"\.(?:weight|bias)|features\.\d+\.\d+\.attn\.relative_position_bias_table"
)
# What training leaves in a file and the model makes anew, or never had.
_REMADE = ("relative_position_index", "attn_mask")
_SETTINGS = ("data_preprocessor.",)


def convert_checkpoint(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    classes: Sequence[str] = (),
) -> Path:
    """Turn a released Video-Swin checkpoint into a folder of safe weights, once.

    Parameters
    ----------
    path : path-like
        ``.pth`` of torchvision, or of the Video-Swin and mmaction line.
    out : path-like, optional
        Folder for ``config.json`` and ``model.safetensors``; by default one in the user's cache
        that is named by the content of the file, and taken again when it is there.
    classes : sequence of str
        Names of the outputs. By default those in the file, those of Kinetics-400 when there are
        400 outputs, else numbers.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        When there is no such file, its tensors are no Video Swin, or some have no place in it.
    FormatError
        When it is no checkpoint, is damaged, or would run code to be read.
    """
    source = Path(path)
    content = file_hash(source)
    folder = Path(out) if out is not None else _default_folder(content)
    origin = {"sha256": content, "version": _VERSION}
    if not classes and _is_made(folder, origin):
        return folder
    raw, facts = read_state(source)
    state, left_over = convert_state(raw)
    if left_over:
        raise InputError(
            source,
            expected="tensors of a Video Swin and its head only",
            found=f"{len(left_over)} others: {', '.join(left_over[:3])}",
            remedy="Adapters must be merged into the weights before they are released.",
        )
    config = swin_config(state, subject=str(source))
    wrong = misfits(state, config)
    if wrong:
        raise InputError(
            source,
            expected="all tensors of a Video Swin of its size",
            found=f"{len(wrong)} missing or of another shape: {', '.join(wrong[:3])}",
            remedy="Was only a part of the model saved?",
        )
    named, names_from = _names(classes, facts.get("CLASSES"), config["num_labels"], source)
    config |= {
        "id2label": {str(i): name for i, name in enumerate(named)},
        "names_from": names_from,
        "converted_from": origin,
    }
    _save(state, config, folder)
    return folder


def _is_made(folder: Path, origin: Mapping[str, Any]) -> bool:
    """Whether a folder holds what was converted before; one that is damaged is made again."""
    if not (folder / "model.safetensors").is_file() or not (folder / "config.json").is_file():
        return False
    try:
        return read_object(folder / "config.json").get("converted_from") == origin
    except FormatError:
        return False


def convert_state(raw: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Give the tensors of a checkpoint torchvision's names.

    Parameters
    ----------
    raw : mapping of str to Tensor
        Of either layout, with or without ``module.`` in front.

    Returns
    -------
    state : dict of str to Tensor
        By torchvision's names, without what the model makes anew.
    left_over : list of str
        Names that have no place in the model, sorted.
    """
    state: dict[str, Tensor] = {}
    left_over = []
    for name, tensor in raw.items():
        plain = name.removeprefix("module.")
        if plain.endswith(_REMADE) or plain.startswith(_SETTINGS):
            continue
        new = _renamed(plain)
        if new is None or new in state:
            left_over.append(name)
        else:
            state[new] = tensor
    return state, sorted(left_over)


def _renamed(name: str) -> str | None:
    """Return torchvision's name for a tensor of either layout; None for one of something else."""
    new = name.removeprefix("backbone.")
    layer = _LAYER.fullmatch(new)
    if layer is not None:
        stage, block, part, merging = layer.groups()
        place = 2 * int(stage) + (merging is not None)
        new = f"features.{place}." + (merging if merging is not None else f"{block}.{part}")
    for theirs, ours in _THEIRS.items():
        new = new.replace(theirs, ours)
    return new if _KNOWN.fullmatch(new) else None


def swin_config(state: Mapping[str, Tensor], *, subject: str = "Video Swin") -> dict[str, Any]:
    """Read the shape of a Video Swin from its tensors.

    Parameters
    ----------
    state : mapping of str to Tensor
        By torchvision's names.
    subject : str
        What to call it in an error.

    Raises
    ------
    InputError
        When they are not those of a Video Swin.
    """
    blocks: dict[int, set[int]] = {}
    for name in state:
        found = re.fullmatch(r"features\.(\d+)\.(\d+)\.attn\.qkv\.weight", name)
        if found:
            blocks.setdefault(int(found[1]), set()).add(int(found[2]))
    stages = sorted(blocks)
    try:
        patch = state["patch_embed.proj.weight"]
        tables = [state[f"features.{s}.0.attn.relative_position_bias_table"] for s in stages]
        widths = [state[f"features.{s}.0.mlp.0.weight"].shape for s in stages]
        if not stages or patch.ndim != 5:
            raise KeyError("patch_embed.proj.weight with five axes, and blocks")
    except KeyError as error:
        raise InputError(
            subject,
            expected="the tensors of a Video Swin",
            found=f"none named {error.args[0]}",
            remedy="Other encoders are loaded from the folder that transformers saved.",
        ) from error
    return {
        "model_type": "swin3d",
        "architectures": ["SwinTransformer3d"],
        "patch_size": list(patch.shape[2:]),
        "embed_dim": int(patch.shape[0]),
        "depths": [len(blocks[stage]) for stage in stages],
        "num_heads": [int(table.shape[1]) for table in tables],
        "window_size": _window(int(tables[0].shape[0]), subject),
        "mlp_ratio": widths[0][0] / widths[0][1],
        "num_labels": int(state["head.weight"].shape[0]) if "head.weight" in state else 0,
        "num_frames": _FRAMES,
        "frame_interval": _INTERVAL,
        "short_side": _SHORT_SIDE,
        "crop_size": _SIZE,
        **_KINETICS,
    }


def _window(offsets: int, subject: str) -> list[int]:
    """Return the window (time, height, width) that has so many relative positions."""
    fits = [
        (deep, wide)
        for deep in range(1, 33)
        for wide in range(2, 33)
        if (2 * deep - 1) * (2 * wide - 1) ** 2 == offsets
    ]
    if len(fits) != 1:
        raise InputError(
            subject,
            expected="windows of 8 x 7 x 7 or the like",
            found=f"{offsets} relative positions, which are of {len(fits)} kinds of window",
        )
    deep, wide = fits[0]
    return [deep, wide, wide]


def build_swin(config: Mapping[str, Any]) -> nn.Module:
    """Return a Video Swin of that shape with random weights; without outputs it has no head.

    Raises
    ------
    DependencyError
        When torchvision is absent, or is of another build than torch.
    """
    from functools import partial

    from torch import nn

    try:
        from torchvision.models.video.swin_transformer import PatchEmbed3d, SwinTransformer3d
    except (ImportError, RuntimeError) as error:
        raise DependencyError(
            "Video Swin",
            expected="torchvision of the same build as torch",
            remedy=torchvision_problem(),
        ) from error
    model: nn.Module = SwinTransformer3d(
        patch_size=list(config["patch_size"]),
        embed_dim=config["embed_dim"],
        depths=list(config["depths"]),
        num_heads=list(config["num_heads"]),
        window_size=list(config["window_size"]),
        mlp_ratio=config["mlp_ratio"],
        num_classes=max(1, config["num_labels"]),
        norm_layer=partial(nn.LayerNorm, eps=1e-5),
        patch_embed=PatchEmbed3d,
    )
    if not config["num_labels"]:
        model.head = nn.Identity()
    return model


def misfits(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> list[str]:
    """Return the names of tensors that are absent, of another shape, or have no place, sorted.

    Parameters
    ----------
    state : mapping of str to Tensor
        By torchvision's names.
    config : mapping
        As :func:`swin_config` makes it.
    """
    import torch

    with torch.device("meta"):
        wanted = build_swin(config).state_dict()
    needed = {name: t.shape for name, t in wanted.items() if not name.endswith(_REMADE)}
    return sorted(
        name
        for name in needed.keys() | state.keys()
        if name not in needed or name not in state or needed[name] != state[name].shape
    )


def _names(
    given: Sequence[str], held: Any, count: int, source: Path
) -> tuple[tuple[str, ...], str]:
    """Names of the outputs and where they come from."""
    if given:
        if len(given) != count:
            raise InputError(
                f"names of the actions of {source.name}",
                expected=f"{count}, one for each output",
                found=str(len(given)),
            )
        return tuple(map(str, given)), "given"
    if isinstance(held, (list, tuple)) and len(held) == count:
        return tuple(map(str, held)), "the checkpoint"
    if count == 400:
        from torchvision.models.video import Swin3D_B_Weights

        return tuple(Swin3D_B_Weights.KINETICS400_V1.meta["categories"]), "Kinetics-400, by count"
    return tuple(f"action {i}" for i in range(count)), "numbers"


def _save(state: Mapping[str, Tensor], config: Mapping[str, Any], folder: Path) -> None:
    from safetensors.torch import save_file

    make_folder(folder)
    with replacing(folder / "model.safetensors") as aside:
        save_file({k: v.detach().contiguous().clone() for k, v in state.items()}, aside)
    # Written last: it is the mark of a finished conversion.
    with replacing(folder / "config.json") as aside:
        aside.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _default_folder(content: str) -> Path:
    chosen = os.environ.get(CACHE_VARIABLE, "")
    if chosen and chosen != "off":
        root = Path(chosen)
    else:
        from platformdirs import user_cache_path

        root = user_cache_path("napari-mousegpt", appauthor=False)
    return root / "converted" / f"swin-{content[:16]}"
