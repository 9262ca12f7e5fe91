"""Stretches of finished runs described: one describer for all of them, and one run card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.places import recording_folder
from napari_mousegpt.store import Part, RunFolder
from napari_mousegpt.words import DescribeParams, iter_describe

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.runs.clustered import FinishedRuns
    from napari_mousegpt.words.find_describer import Recordings
    from napari_mousegpt.words.found_model import FoundModel

__all__ = ["described_card", "iter_described", "model_of"]

#: Folder of what the describer said, a run of its own for each recording.
_DESCRIBED = "described"


def model_of(
    describing: DescribeParams,
    n_stretches: int,
    progress: Callable[[int, int], None] | None = None,
) -> FoundModel | None:
    """Find the model or server that describes; None for rules.

    Parameters
    ----------
    describing : DescribeParams
    n_stretches : int
        How many it will be asked about.
    progress : callable, optional
        Called with bytes done and bytes in all while weights are downloaded.

    Raises
    ------
    ConsentError, InputError, ServerError
        See :func:`napari_mousegpt.words.found_model.find_model`.
    """
    if describing.by_rules:
        return None
    from napari_mousegpt.words.found_model import find_model

    return find_model(describing, progress, n_frames=n_stretches * describing.clips.wanted)


def described_card(
    verb: str,
    params: Any,
    inputs: Mapping[str, str],
    runs: FinishedRuns,
    describing: DescribeParams,
    model: FoundModel | None,
) -> RunCard:
    """Return the card of a run over finished runs, with all that is known of who describes.

    Parameters
    ----------
    verb : str
    params : dataclass instance
        Parameters of the verb.
    inputs : mapping of str to str
        What else the run hangs on, by content.
    runs : FinishedRuns
    describing : DescribeParams
    model : FoundModel or None
        From :func:`model_of`; its trust card stands in the run card.
    """
    models = {"describer": describing.model} if model is None else model.provenance()
    # By name and version: where its folder lies makes no other run.
    planned = {**describing.planned(), "model": models["describer"]}
    return RunCard(
        verb,
        {**plain(params), "describing": planned},
        {**inputs, **({} if model is None else model.inputs)},
        {"run": str(runs.path)},
        models,
    )


def iter_described(
    runs: FinishedRuns,
    intervals: Intervals,
    describing: DescribeParams,
    folder: RunFolder,
    *,
    model: FoundModel | None = None,
    overwrite: bool = False,
    study: Study | None = None,
    examples: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Part]:
    """Describe stretches of several recordings, each in a run of its own inside a run folder.

    Parameters
    ----------
    runs : FinishedRuns
    intervals : Intervals
        What is described.
    describing : DescribeParams
    folder : RunFolder
        Open.
    model : FoundModel, optional
        From :func:`model_of`; it is loaded once for all recordings.
    overwrite, study, progress, cancelled
        See :func:`napari_mousegpt.words.iter_describe`.
    examples : mapping of str to Recording or callable, optional
        Where the in-context examples of a prompt are cut from; the recordings of the runs by
        default.

    Yields
    ------
    Part
        Counted over all recordings; on disk already.
    """
    size, done = describing.part_size, 0
    shares = {name: intervals.select(recording=name) for name in runs.folders}
    shares = {name: share for name, share in shares.items() if len(share)}
    total = sum(-(-len(share) // size) for share in shares.values())
    with _shown(runs) as own:
        for name, share in shares.items():
            with runs.recording(name) as recording:
                parts = iter_describe(
                    recording, share, describing,
                    out=folder.path / _DESCRIBED / recording_folder(name),
                    overwrite=overwrite, study=study or runs.study,
                    recordings=own if examples is None else examples,
                    progress=progress, cancelled=cancelled, model=model,
                )  # fmt: skip
                described = 0
                with closing(parts):  # type: ignore[type-var]
                    for part in parts:
                        done, described = done + 1, described + len(part.table)
                        yield Part(
                            "words", f"{recording_folder(name)}/{part.name}", part.table,
                            done, total, part.resumed, part.seconds,
                        )  # fmt: skip
            if described < len(share) or cancelled():
                return


@contextmanager
def _shown(runs: FinishedRuns) -> Iterator[Callable[[str], Recording]]:
    """Give what opens the recordings that examples of a prompt are cut from, each once."""
    opened: dict[str, Recording] = {}
    with ExitStack() as stack:

        def example(name: str) -> Recording:
            if name not in runs.folders:
                raise InputError(
                    "in-context examples",
                    expected=f"the recording {name!r}",
                    found=f"a run of {', '.join(runs.folders)}",
                    remedy="Name the recordings of this run in the examples of the prompt.",
                )
            if name not in opened:
                opened[name] = stack.enter_context(runs.recording(name))
            return opened[name]

        yield example
