"""The two verbs of the console: show results in a viewer, start long work beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from napari_mousegpt._napari.arena_layer import arena_layer, has_arena_layer
from napari_mousegpt._napari.bout_texts import of_recording
from napari_mousegpt._napari.label_layer import free_slots, label_layer
from napari_mousegpt._napari.label_roles import ROLES, role_of, role_of_source
from napari_mousegpt._napari.layers import (
    LayerData,
    backdrop_layer,
    video_layer,
    view_layers,
)
from napari_mousegpt._napari.pose_layer import pose_layers
from napari_mousegpt._napari.settings import display_settings
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_mousegpt._napari.jobs import Job

__all__ = ["add_layer_data", "recording_layers", "show", "start"]


def show(
    viewer: ViewerModel,
    recording: Recording,
    *ethograms: Ethogram,
    centroids: Mapping[str, NDArray[np.floating[Any]]] | None = None,
) -> list[Layer]:
    """Show a recording with its pose and any number of ethograms.

    What is open already is not opened twice. Pose and labels follow the slider, a window of the
    recording at a time, so a step costs the same at one minute and at ten hours.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show it.
    recording : Recording
        Video, pose or both. Other views stand to the right of the primary one; the pose of the
        primary view is drawn.
    *ethograms : Ethogram
        What people, models and clusterings say becomes a layer each; bouts of other recordings
        are left out. Corrections from before are shown too.
    centroids : mapping of str to ndarray, optional
        Place (y, x) of an individual in every frame, shape (n_frames, 2), where there is no pose.

    Returns
    -------
    list of Layer
        The layers that were added.

    Raises
    ------
    InputError
        When something else than a recording and ethograms is given, or an ethogram has bouts, but
        none of this recording.
    """
    return list(_shown(viewer, recording, ethograms, centroids))


def _shown(
    viewer: ViewerModel,
    recording: Recording,
    ethograms: Sequence[Ethogram],
    centroids: Mapping[str, NDArray[np.floating[Any]]] | None = None,
) -> Iterator[Layer]:
    """Add the layers of :func:`show` one by one; the window is free between two of them."""
    if not isinstance(recording, Recording):
        raise InputError(
            "show",
            expected="a viewer, then a recording",
            found=type(recording).__name__,
            remedy="Open one with open_recording(video, pose).",
        )
    for ethogram in ethograms:
        if not isinstance(ethogram, Ethogram):
            raise InputError(
                "show",
                expected="ethograms after the recording",
                found=type(ethogram).__name__,
                remedy="Make one with ethogram(groups) or load_ethogram(path).",
            )
    state = state_of(viewer)
    if state.blind is not None:
        state.blind.check(recording)
    new: list[LayerData] = []
    held = [tag.recording for _, tag in state.tags() if tag.recording.id == recording.id]
    if not any(other.video is recording.video and other.pose is recording.pose for other in held):
        new += recording_layers(
            recording,
            with_video=all(other.video is not recording.video for other in held),
        )
        # Only with a recording that is new: what the user has removed stays away.
        if recording.primary.arenas and not has_arena_layer(viewer, recording):
            new.append(arena_layer(recording, recording.primary.arenas))
    # Before anything is added, so that a refusal leaves the viewer as it was.
    mine = [of_recording(ethogram, recording.id) for ethogram in ethograms]
    parts = [part for ethogram in mine for part in by_source(ethogram)]
    leaving = state.fillers(recording.id, [role_of(part) for part in parts])
    known = state.layers_of(recording.id, *ROLES)
    slots = free_slots(layer for layer in known if layer not in leaving)
    for layer in leaving:
        viewer.layers.remove(layer)
    for item in new:
        yield add_layer_data(viewer, item)
    for part in parts:
        layer_data = label_layer(part, recording, slot=next(slots), centroids=centroids)
        yield add_layer_data(viewer, layer_data)
    state.look_for_corrections(recording.id)


def recording_layers(
    recording: Recording, *, clocked: bool = True, with_video: bool = True
) -> list[LayerData]:
    """Return the layers of a recording: video, skeleton, keypoints, as far as it has them.

    Parameters
    ----------
    recording : Recording
        What to show.
    clocked : bool
        Whether its frame rate is known.
    with_video : bool
        Leave it out when the video is on screen already.
    """
    layers: list[LayerData] = []
    if recording.video is not None and with_video:
        layers += [video_layer(recording), *view_layers(recording)]
    if recording.pose is not None:
        if recording.video is None and recording.n_frames > display_settings().window_frames:
            layers.append(backdrop_layer(recording, clocked=clocked))
        layers += pose_layers(recording, clocked=clocked)
    return layers


def start(viewer: ViewerModel, verb: str, *args: Any, **kwargs: Any) -> Job:
    """Run a long verb beside the viewer, which stays usable; progress is in the activity dock.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the result is shown, if it holds ethograms.
    verb : str
        ``"run"``, ``"run_study"``, ``"describe"``, ``"project"``, ``"cluster"``,
        ``"exemplars"`` or ``"annotate_video"``.
    *args, **kwargs
        What the verb is called with.

    Returns
    -------
    Job
        With ``cancel()``, ``done`` and ``result``. What was finished before a cancel is kept on
        disk, and the same call goes on from there.

    Raises
    ------
    InputError
        When there is no such verb.

    Examples
    --------
    >>> job = mg.start(viewer, "run", recording)  # doctest: +SKIP
    >>> job.done  # doctest: +SKIP
    False
    """
    from napari_mousegpt._napari.extras import take_words
    from napari_mousegpt._napari.found_runs import found_runs
    from napari_mousegpt._napari.jobs import start_job, verb_parts

    before = state_of(viewer).recordings

    def shown(result: Any) -> Iterator[object]:
        if verb in ("run", "run_study"):
            found_runs(state_of(viewer)).note(result.path)
        found, now = ethogram_of(result), state_of(viewer).recordings
        for recording in [arg for arg in args if isinstance(arg, Recording)][:1]:
            # A recording that was closed meanwhile stays closed.
            if recording.id not in now and recording.id in before:
                continue
            if found is not None:
                yield from _shown(viewer, recording, [found])
            take_words(state_of(viewer), recording.id, result)

    return start_job(
        viewer, verb_parts(verb), *args, title=verb.capitalize(), on_done=shown, **kwargs
    )


def by_source(ethogram: Ethogram) -> list[Ethogram]:
    """Split an ethogram into what people, models and clusterings say; empty parts are left out."""
    sources = sorted(set(ethogram.bouts.column("source")))
    if len(sources) == 1:
        return [ethogram]
    kinds = [[source for source in sources if role_of_source(source) == role] for role in ROLES]
    parts = [ethogram.select(source=chosen) for chosen in kinds if chosen]
    return [part for part in parts if len(part)]


def ethogram_of(result: Any) -> Ethogram | None:
    """Return the ethogram of what a verb returned: itself, or that of a run."""
    found = result if isinstance(result, Ethogram) else getattr(result, "ethogram", None)
    return found if isinstance(found, Ethogram) else None


def add_layer_data(viewer: ViewerModel, layer_data: LayerData) -> Layer:
    """Add a layer that is given as plain data."""
    from napari.layers import Layer

    return viewer.add_layer(Layer.create(*layer_data))
