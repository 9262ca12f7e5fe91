"""What a run that is chosen will take, looked into beside the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.panel_work import estimate_parts
from napari_mousegpt._napari.scopes import Scope
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.runs import RunParams
    from napari_mousegpt.runs.estimates import Estimate

__all__ = ["Estimating"]


class Estimating:
    """Keeps the estimate for what is chosen; a probe of a recording is taken once.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable meanwhile.

    Attributes
    ----------
    estimate : Estimate or None
        None while nothing is known.
    problem : str
        Why there is none.
    """

    #: Emitted when something else is known.
    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._chosen: Scope | None = None
        self._params: RunParams | None = None
        self._probes: dict[Any, Mapping[str, float]] = {}
        self._studies: dict[Any, Estimate | Exception] = {}
        self._job: Job | None = None
        self._key: Any = None
        self.estimate: Estimate | None = None
        self.problem = ""

    @property
    def busy(self) -> bool:
        """Whether it is being looked into."""
        return self._job is not None

    def choose(self, chosen: Scope | None, params: RunParams | None) -> None:
        """Estimate a run on something; None for nothing."""
        self._chosen, self._params = chosen, params
        self._work_out()
        if chosen is not None and params is not None:
            self._look(chosen, params)
        self.changed.emit()

    def lines(self) -> list[str]:
        """Return what is known, as lines of text."""
        from napari_mousegpt.runs.estimates import device_line

        if self._chosen is None:
            return []
        # What a model is, and where it runs, stands beside its choice.
        said = [] if _by_encoder(self._params) or _asked(self._params) else [device_line()]
        if self.estimate is not None:
            said += self.estimate.lines()
        elif self.problem:
            said.append(f"How long it will take is not known: {self.problem}")
        elif self.busy:
            said.append("Estimating how long it will take ...")
        return said

    def give_up(self) -> None:
        """Look into nothing any more."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def check(self, limit_gb: float) -> None:
        """Refuse what is estimated to need more memory than the limit.

        Raises
        ------
        InputError
            With what is needed.
        """
        from napari_mousegpt.runs.estimates import memory_text

        needed = 0.0 if self.estimate is None else self.estimate.memory_mb
        if limit_gb and needed > 1000 * limit_gb:
            raise InputError(
                "memory",
                expected=f"at most {limit_gb:g} GB, the limit in the preferences of the plugin",
                found=f"an estimate of {memory_text(needed)}",
                remedy="Choose a shorter stretch, or raise the limit.",
            )

    def _work_out(self) -> None:
        from napari_mousegpt.runs.estimates import estimate

        self.estimate, self.problem = None, ""
        chosen, params = self._chosen, self._params
        if chosen is None or params is None:
            return
        if chosen.recording is not None:
            key = _key_of(chosen, params)
            probed = self._probes.get(key)
            failed = self._studies.get(key)
            if isinstance(failed, Exception):
                self.problem = str(failed)
            elif probed is not None or not _by_encoder(params):
                self.estimate = estimate(chosen.recording, params, chosen.within, probed=probed)
            return
        found = self._studies.get(_key_of(chosen, params))
        if isinstance(found, Exception):
            self.problem = str(found)
        else:
            self.estimate = found

    def _look(self, chosen: Scope, params: RunParams) -> None:
        """Look into it in a thread, unless that was done; what is not chosen any more is left."""
        key = _key_of(chosen, params)
        if key in self._probes or key in self._studies or (self.busy and key == self._key):
            return
        if self._job is not None:
            self._job.cancel()
        self._key = key
        self._job = start_job(
            self._viewer,
            estimate_parts,
            chosen.recording,
            chosen.study,
            params,
            title="Estimate",
            notify=False,
        )
        # A method is held weakly: a job that ends late keeps nobody alive.
        self._job.ended.connect(self._on_ended)

    def _on_ended(self, job: Job) -> None:
        if job is not self._job:
            return  # given up; something else is chosen now
        self._job = None
        if job.error is not None:
            self._studies[self._key] = job.error
        elif job.state == "finished":
            probed = isinstance(job.result, Mapping)
            kept: dict[Any, Any] = self._probes if probed else self._studies
            kept[self._key] = job.result
        self._work_out()
        self.changed.emit()


def _by_encoder(params: RunParams | None) -> bool:
    """Whether a video encoder is at work: how fast it is nobody knows before it was tried."""
    return params is not None and params.clusters_too and not params.projecting.is_kinematic


def _asked(params: RunParams | None) -> tuple[object, ...]:
    """Return what of a model that makes words decides how long it takes; empty for rules."""
    if params is None or not params.describes or params.describer.by_rules:
        return ()
    asked = params.describer
    return asked.model, asked.server, asked.device, asked.vocabulary is None


def _key_of(chosen: Scope, params: RunParams) -> Any:
    if chosen.recording is not None:
        encoder = (params.encoder, params.video) if params.clusters_too else ()
        shown = chosen.recording
        return shown.id, id(shown.video), shown.pose is None, encoder, _asked(params)
    assert chosen.study is not None
    facts = chosen.study.stat()
    return (
        chosen.study,
        facts.st_mtime_ns,
        facts.st_size,
        params.make,
        params.bin_s,
        params.encoder,
        params.video,
        _asked(params),
    )
