"""In-context examples: clips with the words that a person found right, shown before the question.

Frames are cut from recordings the same way as the clips that are asked about. Where an example
comes from is never part of what a model sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.asks import ClipFrames
from napari_mousegpt.words.prompt_safety import one_line
from napari_mousegpt.words.reply_text import FIELDS

if TYPE_CHECKING:
    from napari_mousegpt.clips import ClipParams
    from napari_mousegpt.clips.reading import Clip
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.timebase import Timebase
    from napari_mousegpt.features import FrameFeatures

__all__ = [
    "Example",
    "ExampleSource",
    "as_source",
    "clip_frames",
    "cut_examples",
    "recording_named",
]


@dataclass(frozen=True)
class ExampleSource:
    """Where an example stands, and its words: what a prompt file keeps of it.

    Parameters
    ----------
    recording, individual : str
        Id of the recording, and the animal in it; empty for the whole picture.
    start, stop : int
        Frames, half-open.
    words : mapping of str to str
        By part, see :data:`napari_mousegpt.words.reply_text.FIELDS`; at least one.

    Raises
    ------
    InputError
        When the stretch has no length, or there are no words or words of no part.
    """

    recording: str
    individual: str
    start: int
    stop: int
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = f"example [{self.start}, {self.stop}) of {self.recording!r}"
        if not 0 <= self.start < self.stop:
            raise InputError(name, expected="a stretch with a length, from frame 0 on")
        unknown = [part for part in self.words if part not in FIELDS]
        if unknown:
            raise InputError(
                name, expected=f"words for {', '.join(FIELDS)}", found=f"{unknown[0]!r}"
            )
        words = {part: str(self.words[part]).strip() for part in FIELDS if part in self.words}
        if not any(words.values()):
            raise InputError(name, expected="words for it", found="none")
        object.__setattr__(self, "words", {part: text for part, text in words.items() if text})


@dataclass(frozen=True, eq=False)
class Example:
    """A clip and its words, as they go into an ask.

    Parameters
    ----------
    clip : ClipFrames
    words : mapping of str to str
        By part.
    facts : str
        What was measured on it; empty for none.
    """

    clip: ClipFrames
    words: Mapping[str, str]
    facts: str = ""

    def caption(self, number: int, facts: bool) -> str:
        """Return what is said after its clip, the same for every part that is asked.

        Parameters
        ----------
        number : int
            From 1.
        facts : bool
            Whether its measures are told too.
        """
        lines = [f"This was example {number}."]
        if facts and self.facts:
            lines.append(self.facts)
        lines += [
            f"{part}: {one_line(self.words[part])}" for part in FIELDS if self.words.get(part)
        ]
        return "\n".join(lines)


def clip_frames(clip: Clip, timebase: Timebase) -> ClipFrames:
    """Return a clip as models take it: frame numbers and times count from its own beginning.

    Parameters
    ----------
    clip : Clip
        From :func:`napari_mousegpt.clips.iter_clips`.
    timebase : Timebase
        Clock of its recording.
    """
    seconds = float(timebase.time(clip.stop)) - float(timebase.time(clip.start))
    return ClipFrames(
        clip.frames, clip.rows - clip.start, clip.source_fps, clip.stop - clip.start, seconds
    )


def cut_examples(
    sources: Iterable[ExampleSource],
    recordings: Mapping[str, Recording] | Callable[[str], Recording],
    params: ClipParams | None = None,
    *,
    features: Callable[[Recording], Mapping[str, FrameFeatures]] | None = None,
    least: int = 1,
) -> tuple[Example, ...]:
    """Cut the clips of examples from their recordings.

    Parameters
    ----------
    sources : iterable of ExampleSource
    recordings : mapping or callable
        The recording of an id.
    params : ClipParams, optional
        Those of the clips that are asked about: examples must look like them.
    features : callable, optional
        Measures of a recording by individual; with it each example gets its facts.
    least : int
        Pictures that the model needs at least.

    Returns
    -------
    tuple of Example
        In the order of the sources; each recording is opened once.

    Raises
    ------
    InputError
        When a recording is not known, or an example lies outside it.
    """
    from napari_mousegpt.clips import iter_clips
    from napari_mousegpt.words.prompt_facts import facts_texts

    wanted = tuple(sources)
    made: dict[int, Example] = {}
    for name in dict.fromkeys(source.recording for source in wanted):
        recording = recording_named(recordings, name)
        places = [i for i, source in enumerate(wanted) if source.recording == name]
        rows = Intervals.build(
            recording.id,
            [wanted[i].start for i in places],
            [wanted[i].stop for i in places],
            [wanted[i].individual for i in places],
        )
        texts = [""] * len(places)
        if features is not None:
            texts = facts_texts(features(recording), rows)
        clips = iter_clips(recording, rows, params, ahead=0, least=least)
        for place, clip, text in zip(places, clips, texts, strict=True):
            shown = clip_frames(clip, recording.timebase)
            made[place] = Example(shown, wanted[place].words, text)
    return tuple(made[place] for place in range(len(wanted)))


def recording_named(
    known: Mapping[str, Recording] | Callable[[str], Recording], name: str
) -> Recording:
    """Return the recording that an example is from.

    Raises
    ------
    InputError
        When it is not known.
    """
    if not isinstance(known, Mapping):
        return known(name)
    if name not in known:
        raise InputError(
            "in-context examples",
            expected=f"the recording {name!r}",
            found=f"{len(known)} others",
            remedy="Open that recording too, or take its examples out of the prompt.",
        )
    return known[name]


def as_source(entry: Mapping[str, Any], where: str) -> ExampleSource:
    """Return an example from a table of a prompt file.

    Raises
    ------
    InputError
        When a key is missing, unknown or of the wrong kind.
    """
    place = {"recording": str, "individual": str, "start": int, "stop": int}
    allowed = {**place, **dict.fromkeys(FIELDS, str)}
    for key, value in entry.items():
        kind = allowed.get(key)
        if kind is None or not isinstance(value, kind) or isinstance(value, bool):
            expected = "one of " + ", ".join(allowed) if kind is None else kind.__name__
            raise InputError(f"{where}, {key}", expected=expected, found=repr(value)[:60])
    missing = [key for key in ("recording", "start", "stop") if key not in entry]
    if missing:
        raise InputError(where, expected="recording, start and stop", found=f"no {missing[0]}")
    words = {part: entry[part] for part in FIELDS if part in entry}
    return ExampleSource(
        entry["recording"], entry.get("individual", ""), entry["start"], entry["stop"], words
    )
