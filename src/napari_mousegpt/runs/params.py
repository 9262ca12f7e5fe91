"""What a run does: the one parameter object of the whole chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from napari_mousegpt.clusters import ClusterParams
from napari_mousegpt.core.provenance import plain
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FeatureParams
from napari_mousegpt.runs.spaces import check_spaces
from napari_mousegpt.vectors import (
    BIN_S,
    KINEMATIC,
    FoundEncoder,
    KinematicEncoder,
    ProjectParams,
    VideoParams,
)
from napari_mousegpt.words import DescribeParams, KinematicRules

if TYPE_CHECKING:
    from napari_mousegpt.words.found_model import FoundModel

__all__ = ["MAKES", "RunParams"]

#: What a run can be asked for.
MAKES = ("words and clusters", "words", "clusters")

#: What describer and run have in common, as it is by default.
_SHARED = {"rules": KinematicRules(), "features": FeatureParams()}


@dataclass(frozen=True)
class RunParams:
    """What the whole chain does.

    Parameters
    ----------
    make : {"words and clusters", "words", "clusters"}
        What is wanted.
    segments : {"behaviour", "windows"}
        Describe stretches cut where the behaviour changes, or windows of equal length.
    window_s, step_s : float
        Length and step of the windows, in seconds; used with ``segments="windows"``. A step of 0
        is the length of a window, so that they do not overlap.
    shortest_s, longest_s : float
        Bounds of the stretches, in seconds; used with ``segments="behaviour"``.
    bin_s : float
        Length of the pieces that are projected by kinematics and clustered, in seconds.
    features : FeatureParams
        How pose or picture is measured.
    rules : KinematicRules
        Thresholds of the words by rules. They also cut the stretches, name clusters, and words of
        a model are held against them.
    encoder : str
        What makes the vectors: ``"kinematic"``, or a video encoder (a preset, a folder, an id of
        the Hugging Face hub). It looks at windows as long as one of its clips.
    kinematic : KinematicEncoder
        Measures and time scales of the kinematic vectors.
    video : VideoParams
        Clips, windows and device of a video encoder.
    clusters : ClusterParams
        How clusters are found. Its ``weights`` name the spaces that are fused: ``"kinematic"``,
        ``"video"`` (the vectors of the encoder) and ``"words"`` (how sure the rules are of each
        behaviour); without them the vectors of the encoder are clustered.
    describer : DescribeParams
        What makes the words: rules, or a model or server with its prompt, labels and clips. Its
        ``rules`` and ``features`` are those of the run, see :attr:`describing`.
    """

    make: Literal["words and clusters", "words", "clusters"] = "words and clusters"
    segments: Literal["behaviour", "windows"] = "behaviour"
    window_s: float = 1.0
    step_s: float = 0.0
    shortest_s: float = 0.2
    longest_s: float = 5.0
    bin_s: float = BIN_S
    features: FeatureParams = field(default_factory=FeatureParams)
    rules: KinematicRules = field(default_factory=KinematicRules)
    encoder: str = KINEMATIC
    kinematic: KinematicEncoder = field(default_factory=KinematicEncoder)
    video: VideoParams = field(default_factory=VideoParams)
    clusters: ClusterParams = field(default_factory=ClusterParams)
    describer: DescribeParams = field(default_factory=DescribeParams)

    def __post_init__(self) -> None:
        if self.make not in MAKES:
            raise InputError(f"make={self.make!r}", expected=f"one of {', '.join(MAKES)}")
        if self.segments not in ("behaviour", "windows"):
            raise InputError(f"segments={self.segments!r}", expected="'behaviour' or 'windows'")
        for name in ("window_s", "longest_s", "bin_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}={getattr(self, name)}", expected="seconds above 0")
        if not self.step_s >= 0:
            raise InputError(f"step_s={self.step_s}", expected="seconds, 0 or more")
        ProjectParams(self.encoder)  # tells what is wrong with it
        check_spaces(self)
        for name, usual in _SHARED.items():
            if getattr(self.describer, name) not in (usual, getattr(self, name)):
                raise InputError(
                    f"describer.{name}",
                    expected=f"the {name} of the run",
                    found="others",
                    remedy=f"Give them to the run: RunParams({name}=...).",
                )

    @property
    def describing(self) -> DescribeParams:
        """How stretches become words, with the rules and features of the run."""
        return replace(self.describer, rules=self.rules, features=self.features)

    @property
    def projecting(self) -> ProjectParams:
        """How vectors are made."""
        return ProjectParams(self.encoder, self.kinematic, self.video, self.features)

    def find_encoder(self) -> FoundEncoder | None:
        """Find the video encoder; None where none is wanted.

        Raises
        ------
        ConsentError, InputError, DependencyError
            See :func:`napari_mousegpt.vectors.find_encoder`.
        """
        return self.projecting.find_encoder() if self.clusters_too else None

    def find_model(
        self, progress: Callable[[int, int], None] | None = None, *, look: bool = True
    ) -> FoundModel | None:
        """Find the model or server that makes the words; None where rules do, or none are wanted.

        Parameters
        ----------
        progress : callable, optional
            Called with bytes done and bytes in all while weights are downloaded.
        look : bool
            Whether a server is asked who it is.

        Raises
        ------
        ConsentError, InputError, DependencyError, ServerError
            See :func:`napari_mousegpt.words.found_model.find_model`.
        """
        if self.describer.by_rules or not self.describes:
            return None
        from napari_mousegpt.words.found_model import find_model

        return find_model(self.describing, progress, look=look)

    def planned(self) -> dict[str, Any]:
        """Return what of this stands in a run card.

        The describer does not where rules describe as they always do, so that such a run is the
        same whatever else could have described it.
        """
        kept = {each.name: plain(getattr(self, each.name)) for each in fields(self)}
        del kept["describer"]
        said, usual = self.describer.planned(), DescribeParams().planned()
        own = {name: said[name] for name in said if name not in _SHARED}
        if self.describes and any(own[name] != usual.get(name) for name in own):
            kept["describer"] = own
        return kept

    @property
    def describes(self) -> bool:
        """Whether words are wanted."""
        return "words" in self.make

    @property
    def clusters_too(self) -> bool:
        """Whether clusters are wanted."""
        return "clusters" in self.make
