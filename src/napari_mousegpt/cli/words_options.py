"""Options of the command ``run`` that let a model or a server make the words.

They are those of ``describe``. Where a video encoder has an option of the same name, one serves
both (where they run, in which numbers) or that of the words gets a name of its own.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from napari_mousegpt.cli.describe_commands import (
    add_clip_options,
    add_model_options,
    describer_params,
)
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.words import DescribeParams

__all__ = ["add_words", "words_params"]

#: Options of the encoder that count for the words too.
_SHARED = ("--device", "--dtype", "--compile", "--camera")
#: Of ``describe`` alone: it shows what is asked without running anything.
_LEFT_OUT = ("--preview",)
_RENAMED = {
    "--revision": "--words-revision",
    "--frames": "--words-frames",
    "--stride": "--words-stride",
    "--size": "--words-size",
    "--crop": "--words-crop",
    "--still": "--words-still",
}


def add_words(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a model that makes the words; call it after ``add_encoder``."""
    group = _Beside(parser.add_argument_group("words from a model or a server"))
    add_model_options(group)
    add_clip_options(group)


def words_params(options: argparse.Namespace, clock: Timebase | None) -> DescribeParams:
    """Return the describer that the options of :func:`add_words` ask for.

    Parameters
    ----------
    options : Namespace
    clock : Timebase, optional
        Counts frames of a stride; None for a study, whose frame rates may differ.

    Raises
    ------
    InputError
        When they contradict each other, or a stride of a study is given in frames.
    """
    if clock is None and (options.words_stride or "").strip().endswith("f"):
        raise InputError(
            "--words-stride",
            expected="a length of time, as the frame rates of a study may differ",
            found=options.words_stride,
            remedy="Write for example 200ms.",
        )
    own = {_name(old): getattr(options, _name(new)) for old, new in _RENAMED.items()}
    return describer_params(
        argparse.Namespace(**{**vars(options), **own}), clock or Timebase.constant(30, 1)
    )


class _Beside:
    """A group of options that stands beside that of an encoder."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def add_argument(self, name: str, **more: Any) -> None:
        """Add an option under the name that it has here, if it has one."""
        if name not in (*_SHARED, *_LEFT_OUT):
            self._group.add_argument(_RENAMED.get(name, name), **more)


def _name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
