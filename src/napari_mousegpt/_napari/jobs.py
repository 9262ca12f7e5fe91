"""Long work beside the viewer: worker, progress, cancel and error text, written once."""

from __future__ import annotations

import importlib
import inspect
import os
import threading
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.models.engine import Cancelled

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.runs.params import RunParams
    from napari_mousegpt.runs.results import RunResult
    from napari_mousegpt.runs.study_results import StudyResult

__all__ = ["Job", "report_error", "report_notes", "start_job", "verb_parts"]

#: Verbs that come in parts.
VERBS = (
    "run", "run_study", "describe", "describe_some", "project", "cluster", "exemplars",
    "annotate_video",
)  # fmt: skip


@dataclass(frozen=True)
class _Failure:
    """An error, carried out of the thread as a value.

    napari 0.9.2 with PySide6 stumbles over a worker that raises (its status callback gets one
    argument too many), so ours never does.
    """

    error: Exception


#: Notes that are shown at once.
_TOLD = 3
#: Milliseconds between two steps of showing a result.
_BREATH_MS = 20
#: What the thread returns when it was asked to stop.
_CANCELLED = object()


class _Parts:
    """An iterator that keeps what its generator returned, and can be closed at any time."""

    def __init__(self, parts: Iterable[Any]) -> None:
        self._parts = iter(parts)
        self.result: Any = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._parts)
        except StopIteration as end:
            self.result = end.value
            raise

    def close(self) -> None:
        """Leave every ``with`` block of the generator."""
        if isinstance(self._parts, Generator):
            self._parts.close()


class Job:
    """Work that is going on, or has ended. All signals come in the main thread.

    Attributes
    ----------
    title : str
        What it does, in words.
    state : str
        ``"running"``, ``"finished"``, ``"cancelled"`` or ``"failed"``.
    progress : tuple of int
        Parts done and parts in all; all is 0 while it is not known.
    """

    progressed = Signal(object)
    """One part is done and on disk."""
    ended = Signal(object)
    """The job has ended, for whatever reason; the argument is the job."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.state = "running"
        self.progress = (0, 0)
        self.error: Exception | None = None
        self._result: Any = None
        self._stop = threading.Event()

    def __repr__(self) -> str:
        done, total = self.progress
        return f"<Job {self.title!r}: {self.state}, {done} of {total or '?'} parts>"

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.state != "running"

    @property
    def result(self) -> Any:
        """What the verb returned.

        Raises
        ------
        InputError
            While the job runs, or after it was cancelled.
        Exception
            The error it ended with.
        """
        if self.error is not None:
            raise self.error
        if self.state != "finished":
            raise InputError(
                f"job {self.title!r}",
                expected="to have finished",
                found=self.state,
                remedy="Wait until job.done is True."
                if self.state == "running"
                else "Start it again: it goes on from its last finished part.",
            )
        return self._result

    def cancel(self) -> None:
        """Stop after the part, or the batch, that is being made now; what is done is kept."""
        self._stop.set()


def start_job(
    viewer: ViewerModel | None,
    parts: Callable[..., Iterable[Any]],
    *args: Any,
    title: str,
    on_done: Callable[[Any], object] | None = None,
    notify: bool = True,
    **kwargs: Any,
) -> Job:
    """Start work in a thread and report on it in the main thread.

    Parameters
    ----------
    viewer : ViewerModel, optional
        Whose job it is.
    parts : callable
        Returns an iterator. What it yields may have ``done``, ``total`` and ``step``; what it
        returns at its end is the result. It can be cancelled between two parts; if it takes
        ``cancelled``, it is given a function that tells whether to stop within one.
    title : str
        What it does, in words; shown beside the progress bar.
    on_done : callable, optional
        Gets the result, in the main thread. It may return an iterator: then the job has finished
        when that ends, and the window is free between its steps.
    notify : bool
        Show errors that the user can mend as notifications; a panel that shows them itself sets
        this to False. Others are always shown, with their traceback.
    """
    from napari.qt.threading import create_worker

    from napari_mousegpt._napari.state import state_of

    job = Job(title)
    # Qt keeps the slots of a worker for good, and with them would keep the result: hours of pose.
    known, stop = weakref.ref(job), job._stop
    if "cancelled" in inspect.signature(parts).parameters:
        kwargs["cancelled"] = stop.is_set
    iterator = _Parts(parts(*args, **kwargs))

    def work() -> Generator[Any, None, Any]:
        try:
            for part in iterator:
                yield part
                if stop.is_set():
                    return _CANCELLED
            return iterator.result
        except Cancelled:
            return _CANCELLED
        except Exception as error:  # reported in the main thread, see below
            return _Failure(error)
        finally:
            # Run folders are locked while their generator lives.
            iterator.close()

    # napari shows this name when the window is closed during the work.
    work.__qualname__ = title
    worker = create_worker(
        work, _start_thread=False, _ignore_errors=True, _progress={"total": 0, "desc": title}
    )
    jobs = set() if viewer is None else state_of(viewer).jobs
    jobs.add(job)

    def end(state: str) -> None:
        nonlocal on_done
        # For the same reason: a closed panel would be kept too.
        on_done = iterator.result = None
        job = known()
        if job is None:
            return
        job.state = state
        jobs.discard(job)
        job.ended.emit(job)

    def yielded(part: Any) -> None:
        job = known()
        if job is None:
            return
        total = int(getattr(part, "total", 0))
        job.progress = (int(getattr(part, "done", job.progress[0] + 1)), total)
        job.progressed.emit(part)
        step = getattr(part, "step", "")
        if step:
            worker.pbar.set_description(f"{title}: {step}")
        if total:
            # Every step counts its own parts, so the bar may also go back. This comes last, as
            # napari handles events while it moves the bar, and the job may be over then.
            worker.pbar.total = total
            worker.pbar.update(job.progress[0] - worker.pbar.n)

    def failed(error: Exception) -> None:
        job = known()
        if job is not None:
            job.error = error
        end("failed")
        if notify or not isinstance(error, MouseGPTError):
            report_error(error)

    def returned(result: Any) -> None:
        if isinstance(result, _Failure):
            failed(result.error)
            return
        if result is _CANCELLED:
            end("cancelled")
            return
        job = known()
        if job is not None:
            job._result = result
        try:
            steps = None if on_done is None else on_done(result)
        except Exception as error:  # a job always ends, and its error is always told
            failed(error)
        else:
            shown = steps if isinstance(steps, Iterator) else iter(())
            _in_steps(shown, lambda: end("finished"), failed)

    def aborted() -> None:
        # napari stops the worker itself when its window is closed.
        iterator.close()
        end("cancelled")

    worker.yielded.connect(yielded)
    worker.returned.connect(returned)
    worker.aborted.connect(aborted)
    worker.start()
    return job


def _in_steps(
    steps: Iterator[object], done: Callable[[], None], failed: Callable[[Exception], None]
) -> None:
    """Go through steps in the main thread so that the window can do other things in between."""
    from qtpy.QtCore import QTimer

    try:
        next(steps)
    except StopIteration:
        done()
    except Exception as error:  # told by whoever asked for the steps
        failed(error)
    else:
        # Not at once: the window draws what is new, and others have their turn.
        QTimer.singleShot(_BREATH_MS, lambda: _in_steps(steps, done, failed))


def report_error(error: Exception) -> None:
    """Show an error as a notification: as a sentence if the user can mend it."""
    from napari.utils.notifications import notification_manager, show_error

    if isinstance(error, MouseGPTError):
        show_error(str(error))
    else:
        notification_manager.receive_error(type(error), error, error.__traceback__)


def report_notes(notes: Sequence[str]) -> None:
    """Show what people should know as one warning; the first few of many."""
    if not notes:
        return
    from napari.utils.notifications import show_warning

    more = len(notes) - _TOLD
    show_warning("\n".join([*notes[:_TOLD], *([f"And {more} more."] if more > 0 else [])]))


def verb_parts(verb: str) -> Callable[..., Iterator[Any]]:
    """Return a generator function for a public verb, which returns what the verb returns.

    Its recordings are read through their own decoders, so that the slider stays free.

    Raises
    ------
    InputError
        When there is no such verb, or it is quick and needs no job.
    """
    if verb not in VERBS:
        raise InputError(
            f"verb {verb!r}",
            expected=f"one of {', '.join(VERBS)}",
            remedy="Call quick verbs directly: they take no time.",
        )
    public = importlib.import_module("napari_mousegpt")

    iterate = getattr(public, f"iter_{verb}")
    within_parts = "cancelled" in inspect.signature(iterate).parameters

    def parts(
        *args: Any, cancelled: Callable[[], bool], **kwargs: Any
    ) -> Generator[Any, None, Any]:
        stops = {"cancelled": cancelled} if within_parts else {}
        with ExitStack() as readers:
            own = [own_reader(arg, readers) for arg in args]
            result = yield from iterate(*own, **kwargs, **stops)
        if result is not None:
            return result
        if cancelled():  # the verb itself would go on where its parts were stopped
            raise Cancelled
        # Every part is on disk now, so the verb itself only collects them.
        if verb == "run":
            return _finished_run(*args, **kwargs)
        if verb == "run_study":
            return _finished_study(*args, **kwargs)
        return getattr(public, verb)(*args, **kwargs)

    return parts


def _finished_run(
    recording: Recording,
    out: str | os.PathLike[str] | None = None,
    params: RunParams | None = None,
    *,
    within: Intervals | None = None,
    **_: Any,
) -> RunResult:
    """Read the results of a run whose parts are all on disk, without writing them once more."""
    from napari_mousegpt.runs.chain import run_card
    from napari_mousegpt.runs.params import RunParams
    from napari_mousegpt.runs.results import load_run
    from napari_mousegpt.store import run_folder

    card = run_card(recording, params or RunParams(), within)
    return load_run(run_folder(card, out).path, recording)


def _finished_study(study: Any, out: str | os.PathLike[str], *_: Any, **__: Any) -> StudyResult:
    """Read what came of a study whose recordings are all done."""
    from napari_mousegpt.runs import load_study_run

    return load_study_run(out)


def own_reader(value: Any, readers: ExitStack) -> Any:
    """Return a recording whose videos have decoders of their own; anything else as it is."""
    if not isinstance(value, Recording):
        return value
    views = []
    for view in value.views:
        reopen = getattr(view.video, "reopen", None)
        if reopen is not None:
            view = replace(view, video=readers.enter_context(reopen()))
        views.append(view)
    return replace(value, views=tuple(views))
