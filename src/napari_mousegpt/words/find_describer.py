"""From the parameters of ``describe`` to a describer that is ready, with all that has a say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_mousegpt.clips import iter_clips
from napari_mousegpt.core.intervals import windows
from napari_mousegpt.words.calibration import Calibration, vocabulary_hash
from napari_mousegpt.words.examples import cut_examples, recording_named
from napari_mousegpt.words.found_model import FoundModel, find_model
from napari_mousegpt.words.leaks import study_words, told_words
from napari_mousegpt.words.model_questions import Questions
from napari_mousegpt.words.prompts import Prompt
from napari_mousegpt.words.scoring import ScoringParams
from napari_mousegpt.words.servers import Server
from napari_mousegpt.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.features import FrameFeatures
    from napari_mousegpt.models.vision_language import VisionLanguageModel
    from napari_mousegpt.words.describe_params import DescribeParams
    from napari_mousegpt.words.described import Describer

__all__ = ["Found", "Recordings", "check_describer", "find_describer", "questions_about"]

#: Where the recordings of in-context examples come from.
Recordings = Mapping[str, "Recording"] | Callable[[str], "Recording"]


@dataclass(frozen=True, eq=False)
class Found:
    """A describer and what a run card says of it.

    Parameters
    ----------
    describer : Describer
    inputs : dict of str to str
        What its words hang on, by content.
    models : dict of str to str
        What took part, for people.
    """

    describer: Describer
    inputs: dict[str, str]
    models: dict[str, str]


def find_describer(
    recording: Recording,
    ranges: Intervals,
    params: DescribeParams,
    features: Mapping[str, FrameFeatures],
    *,
    study: Study | None = None,
    recordings: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
    model: FoundModel | None = None,
) -> Found:
    """Find model or server, and check everything that can be checked before a clip is read.

    Parameters
    ----------
    recording, ranges, params
        See :func:`napari_mousegpt.words.describe`.
    features : mapping of str to FrameFeatures
        Measures of the recording, taken when somebody asks.
    study, recordings, progress
        See :func:`napari_mousegpt.words.iter_describe`.
    model : FoundModel, optional
        What :func:`napari_mousegpt.words.found_model.find_model` returned for these parameters;
        it is looked for if it is not given. One may serve many recordings: it is loaded once.

    Raises
    ------
    ConsentError
        When weights would be downloaded, or frames sent, and nobody agreed.
    InputError
        When the model cannot be used here, a clip cannot be cut, or the prompt tells whose
        recording it is.
    """

    def asked(least: int) -> Questions:
        iter_clips(recording, ranges, params.clips, ahead=0, least=least)  # checks, reads nothing
        return questions_about(recording, params, features, study, recordings, least)

    if isinstance(params.server, Server):
        # What costs nothing is looked at before anybody is asked.
        questions = asked(1)
        assert isinstance(params.prompt, Prompt)
        clips = len(ranges) * (1 + len(params.prompt.examples))
        found = model or find_model(params, n_frames=clips * params.clips.wanted)
        return _found(found, questions, _on_server(found, params.server, questions))
    found = model or find_model(params, progress)
    questions = asked(found.least)
    return _found(found, questions, _on_this_machine(found, params, questions, ranges))


def check_describer(
    recording: Recording,
    model: FoundModel,
    *,
    study: Study | None = None,
    recordings: Recordings | None = None,
) -> None:
    """Check what can be checked before anything of a recording is measured.

    Parameters are those of :func:`find_describer`.

    Raises
    ------
    InputError
        When there is no video or no such camera, an example of the prompt cannot be cut, the
        prompt tells whose recording it is, or the calibration is for something else.
    """
    params = model.params
    assert isinstance(params.prompt, Prompt)
    whole = windows(recording, recording.timebase.duration)[:1]
    iter_clips(recording, whole, params.clips, ahead=0, least=model.least)  # reads nothing
    if params.prompt.examples and params.prompt.facts:
        # Their facts would have to be measured, and numbers tell nothing of whose they are.
        params = replace(params, prompt=replace(params.prompt, facts=False), calibration=None)
    questions = questions_about(recording, params, {}, study, recordings, model.least)
    _scoring(model, params, questions, whole[:0])


def questions_about(
    recording: Recording,
    params: DescribeParams,
    features: Mapping[str, FrameFeatures],
    study: Study | None,
    recordings: Recordings | None,
    least: int,
) -> Questions:
    """Return what is asked about a recording; its examples are cut, its prompt tells nothing.

    Raises
    ------
    InputError
        When the prompt tells whose recording it is, or an example cannot be cut.
    """
    from napari_mousegpt.features import LazyFeatures

    prompt, vocabulary = params.prompt, params.vocabulary
    assert isinstance(prompt, Prompt)
    assert vocabulary is None or isinstance(vocabulary, Vocabulary)
    known = {recording.id: recording} if recordings is None else recordings
    shown = [recording_named(known, example.recording) for example in prompt.examples]
    told = [word for one in (recording, *shown) for word in told_words(one)]
    if study is not None:
        told += study_words(study)

    def measured(of: Recording) -> Mapping[str, FrameFeatures]:
        return features if of is recording else LazyFeatures(of, params.features)

    examples = cut_examples(
        prompt.examples,
        known,
        params.clips,
        features=measured if prompt.facts else None,
        least=least,
    )
    questions = Questions(
        recording, features, prompt, vocabulary, examples, tuple(dict.fromkeys(told)), params.allow
    )
    questions.check()
    return questions


def _found(model: FoundModel, questions: Questions, describer: Describer) -> Found:
    # With their pictures, examples say more than by their places.
    return Found(describer, {**model.inputs, "prompt": questions.id}, model.provenance())


def _on_server(model: FoundModel, server: Server, questions: Questions) -> Describer:
    from napari_mousegpt.words.server_client import look_at
    from napari_mousegpt.words.server_describer import ServerDescriber

    facts = look_at(server) if model.facts is None else model.facts
    return ServerDescriber(server, facts, questions, model.params.clips)


def _on_this_machine(
    model: FoundModel, params: DescribeParams, questions: Questions, ranges: Intervals
) -> Describer:
    from napari_mousegpt.words.model_describer import ModelDescriber

    assert model.device is not None
    scoring = _scoring(model, params, questions, ranges)

    def load() -> VisionLanguageModel:
        return model.loaded

    return ModelDescriber(
        load, model.name, model.device, questions, params.clips, scoring, params.max_tokens
    )


def _scoring(
    model: FoundModel, params: DescribeParams, questions: Questions, ranges: Intervals
) -> ScoringParams:
    """Return how labels are scored, with the temperature that was fitted for just this."""
    if not isinstance(params.calibration, Calibration):
        return params.scoring
    assert isinstance(params.vocabulary, Vocabulary)
    clock = questions.recording.timebase
    return params.calibration.apply(
        params.scoring,
        model=model.name,
        prompt_id=questions.id,
        vocabulary=vocabulary_hash(params.vocabulary),
        clips=params.clips,
        seconds=clock.time(ranges.stop) - clock.time(ranges.start),
        quantised=params.quantised,
    )
