"""What a model would get for one stretch, before anything is run or sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.clips import iter_clips
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import LazyFeatures, check_ranges
from napari_mousegpt.words.find_describer import questions_about
from napari_mousegpt.words.prompt_preview import Preview, ask_text, prompt_doubts
from napari_mousegpt.words.prompts import REPLY
from napari_mousegpt.words.servers import Server

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.words.describe_params import DescribeParams
    from napari_mousegpt.words.find_describer import Recordings

__all__ = ["preview_describe", "preview_text"]


def preview_describe(
    recording: Recording,
    ranges: Intervals,
    params: DescribeParams,
    *,
    study: Study | None = None,
    recordings: Recordings | None = None,
) -> tuple[Preview, ...]:
    """Return what a model gets for the first of some ranges.

    Weights are not read, and nothing is sent; of a model on this machine its tokenizer is, so that
    control tokens are escaped as they are going to be.

    Parameters
    ----------
    recording, ranges, params, study, recordings
        As for :func:`napari_mousegpt.words.iter_describe`.

    Returns
    -------
    tuple of Preview
        One for each part that is asked; of a server a single one, as it asks all at once.

    Raises
    ------
    ConsentError
        When the model is not on this machine yet.
    InputError
        When there is no range, nothing is asked because rules describe, or as for
        :func:`napari_mousegpt.words.iter_describe`.
    """
    if params.by_rules:
        raise InputError(
            "preview",
            expected="a model or a server that is asked something",
            found="the kinematic describer, which goes by rules",
            remedy="Name a model or a server.",
        )
    check_ranges(recording, ranges)
    first = ranges.sort()[:1]
    if not len(first):
        raise InputError("preview", expected="a range to describe", found="none")
    by_server = isinstance(params.server, Server)
    clean, least = (_as_it_is, 1) if by_server else _tokenizer_of(params)
    features = LazyFeatures(recording, params.features)
    questions = questions_about(recording, params, features, study, recordings, least)
    (clip,) = iter_clips(recording, first, params.clips, ahead=0, least=least)
    parts = [REPLY] if by_server else list(questions.prompt.parts)
    doubts = prompt_doubts(questions.prompt, questions.vocabulary, questions.examples)
    return tuple(
        Preview(
            replace(
                ask,
                text=clean(ask.text),
                system=clean(ask.system),
                captions=tuple(map(clean, ask.captions)),
            ),
            part,
            questions.id,
            doubts,
        )
        for part, ask in zip(
            parts, questions.asks(clip, str(first.individual[0]), parts), strict=True
        )
    )


def preview_text(preview: Preview, server: Server | str | None = None) -> str:
    """Return the text of a preview in the order a model meets it, with marks for the pictures.

    Parameters
    ----------
    preview : Preview
    server : Server, optional
        Then as it is sent there, with what is said between the pictures.
    """
    if isinstance(server, Server):
        from napari_mousegpt.words.server_requests import sent_text

        return sent_text(preview.ask, server)
    return ask_text(preview.ask)


def _as_it_is(text: str) -> str:
    return text


def _tokenizer_of(params: DescribeParams) -> tuple[Callable[[str], str], int]:
    """Return what escapes control tokens for a model, and the pictures it needs at least."""
    from napari_mousegpt.models.checkpoints import load_processor
    from napari_mousegpt.models.prompt_text import control_tokens, escape
    from napari_mousegpt.models.weights import find_weights

    weights = find_weights(params.model, revision=params.revision)
    processor, family = load_processor(Path(weights.folder))
    tokens = control_tokens(processor.tokenizer, family.placeholders)
    return partial(escape, tokens=tokens), family.least_frames
