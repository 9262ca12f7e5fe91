"""The two verbs of the console: show results in a viewer, start long work beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_mousegpt._napari.arena_layer import arena_layer, has_arena_layer
from napari_mousegpt._napari.label_layer import ROLES, label_layer
from napari_mousegpt._napari.layers import (
    LayerData,
    backdrop_layer,
    hidden_views,
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
        Labels and clusters become a layer each; bouts of other recordings are left out.
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
    slot = len(state.layers_of(recording.id, *ROLES))
    parts = [part for ethogram in ethograms for part in by_source(ethogram)]
    new += [
        label_layer(part, recording, slot=slot + i, centroids=centroids)
        for i, part in enumerate(parts)
    ]
    if hidden_views(recording):
        from napari.utils.notifications import show_warning

        show_warning(
            f"{recording.id}: view {', '.join(hidden_views(recording))} is not shown beside the "
            "primary one, as views are lined up in seconds and a frame rate varies."
        )
    return [add_layer_data(viewer, item) for item in new]


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
        ``"run"``, ``"describe"``, ``"project"`` or ``"cluster"``.
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
    from napari_mousegpt._napari.jobs import start_job, verb_parts

    def shown(result: Any) -> None:
        found = ethogram_of(result)
        for recording in [arg for arg in args if isinstance(arg, Recording)][:1]:
            if found is not None:
                show(viewer, recording, found)

    return start_job(
        viewer, verb_parts(verb), *args, title=verb.capitalize(), on_done=shown, **kwargs
    )


def by_source(ethogram: Ethogram) -> list[Ethogram]:
    """Split an ethogram into labels and clusters, a layer each; empty ones are left out."""
    sources = sorted(set(ethogram.bouts.column("source")))
    labels = [source for source in sources if source != "cluster"]
    parts = [ethogram.select(source=chosen) for chosen in (labels, ["cluster"])]
    return [part for part in parts if len(part)]


def ethogram_of(result: Any) -> Ethogram | None:
    """Return the ethogram of what a verb returned: itself, or that of a run."""
    found = result if isinstance(result, Ethogram) else getattr(result, "ethogram", None)
    return found if isinstance(found, Ethogram) else None


def add_layer_data(viewer: ViewerModel, layer_data: LayerData) -> Layer:
    """Add a layer that is given as plain data."""
    from napari.layers import Layer

    return viewer.add_layer(Layer.create(*layer_data))
