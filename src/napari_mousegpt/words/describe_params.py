"""The parameters of the verb ``describe``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from napari_mousegpt.clips.sampling import ClipParams
from napari_mousegpt.core.provenance import plain
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FeatureParams
from napari_mousegpt.models.checkpoints import DTypeName, Quantised
from napari_mousegpt.words.calibration import Calibration
from napari_mousegpt.words.calibration_files import load_calibration
from napari_mousegpt.words.prompts import Prompt, load_prompt
from napari_mousegpt.words.rules import KinematicRules
from napari_mousegpt.words.scoring import ScoringParams
from napari_mousegpt.words.servers import Server
from napari_mousegpt.words.vocabulary import Vocabulary, read_vocabulary

__all__ = ["BY_RULES", "DescribeParams"]

#: The describer that needs no weights.
BY_RULES = "kinematic"
_DEFAULT_PROMPT = "mousegpt"
#: Stretches in one part: rules take microseconds for each, models seconds.
_PER_PART = {True: 2000, False: 32}
#: What rules have to do with; the rest is about models.
_OF_RULES = ("model", "rules", "features", "ranges_per_part")
#: These stand in the run card by their content, wherever they were read from.
_BY_CONTENT = ("prompt", "vocabulary", "calibration")
_OF_WEIGHTS = ("device", "dtype", "quantised", "compile", "revision", "scoring", "max_tokens")
_FORMATS = {
    "dtype": ("auto", "float32", "bfloat16", "float16"),
    "quantised": ("", "int8", "int4"),
}


@dataclass(frozen=True)
class DescribeParams:
    """How stretches become words.

    Parameters
    ----------
    model : str
        ``"kinematic"`` reads the pose (or the silhouette) by rules and needs no weights. Else a
        vision-language model: a preset, a folder, or an id of the Hugging Face hub. With a server,
        the name of the model there.
    rules : KinematicRules
        Thresholds of the kinematic describer; words of a model are held against them.
    features : FeatureParams
        How pose or picture is measured.
    ranges_per_part : int
        Stretches kept in one part of the run; 0 takes 2000 by rules, 32 by a model.
    server : Server or str, optional
        Ask this server, or the one at this address, instead of a model on this machine.
    prompt : Prompt or str
        What a model is asked: a prompt, the name of one of the package, or a file.
    vocabulary : Vocabulary, sequence of str or str, optional
        Labels to choose from, or a file with them. Without it a model writes its own label.
    clips : ClipParams
        Which pictures a model sees.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
    dtype, quantised, compile
        See :meth:`napari_mousegpt.models.vision_language.VisionLanguageModel.load`.
    revision : str
        Branch, tag or commit of a model of the hub.
    max_tokens : int
        Longest text of each part of a description, in tokens; 0 as suits the part. A server has
        its own.
    scoring : ScoringParams
        How scores of labels become a label, and when there is none.
    calibration : Calibration or str, optional
        Temperature that was fitted to accepted labels, or the file with it.
    allow : tuple of str
        Columns or words that a model may be told though they tell whose recording it is, see
        :mod:`napari_mousegpt.words.leaks`.

    Raises
    ------
    InputError
        When a setting is out of range, belongs to models and there is none, or a file is not there.
    FormatError
        When a file is none of its kind.
    """

    model: str = BY_RULES
    rules: KinematicRules = field(default_factory=KinematicRules)
    features: FeatureParams = field(default_factory=FeatureParams)
    ranges_per_part: int = 0
    server: Server | str | None = None
    prompt: Prompt | str = _DEFAULT_PROMPT
    vocabulary: Vocabulary | tuple[str, ...] | str | None = None
    clips: ClipParams = field(default_factory=ClipParams)
    device: str = "auto"
    dtype: DTypeName = "auto"
    quantised: Quantised = ""
    compile: bool = False
    revision: str = ""
    max_tokens: int = 0
    scoring: ScoringParams = field(default_factory=ScoringParams)
    calibration: Calibration | str | None = None
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("ranges_per_part", "max_tokens"):
            if getattr(self, name) < 0:
                raise InputError(f"{name}={getattr(self, name)}", expected="0 or more")
        for name, allowed in _FORMATS.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name}={getattr(self, name)!r}", expected=" or ".join(map(repr, allowed))
                )
        if not self.model:
            raise InputError("describer", expected="a model, or 'kinematic'", found="no name")
        self._settle_server()
        if self.by_rules:
            self._refuse_settings_of_models()
            return
        changes: dict[str, Any] = {}
        if not isinstance(self.prompt, Prompt):
            changes["prompt"] = load_prompt(self.prompt)
        if self.vocabulary is not None and not isinstance(self.vocabulary, Vocabulary):
            changes["vocabulary"] = read_vocabulary(self.vocabulary)
        if self.calibration is not None and not isinstance(self.calibration, Calibration):
            changes["calibration"] = load_calibration(self.calibration)
        for name, value in changes.items():
            object.__setattr__(self, name, value)
        self._check_label()

    @property
    def by_rules(self) -> bool:
        """Whether no model takes part."""
        return self.model == BY_RULES and self.server is None

    @property
    def part_size(self) -> int:
        """Stretches kept in one part of the run."""
        return self.ranges_per_part or _PER_PART[self.by_rules]

    def planned(self) -> dict[str, Any]:
        """Return what of this stands in a run card: what takes part in the run.

        Prompt, vocabulary and calibration are left out: a card holds them by their content.
        """
        out = {*_BY_CONTENT, *(_OF_WEIGHTS if self.server is not None else ("server",))}
        names = _OF_RULES if self.by_rules else tuple(e.name for e in fields(self))
        kept = {name: plain(getattr(self, name)) for name in names if name not in out}
        return {**kept, "ranges_per_part": self.part_size}

    def _settle_server(self) -> None:
        if self.server is None:
            return
        named = self.model if self.model != BY_RULES else ""
        server = Server(self.server, named) if isinstance(self.server, str) else self.server
        if named and server.model != named:
            raise InputError(
                f"model {named!r}",
                expected=f"the model of the server, {server.model!r}",
                remedy="Name one of them only.",
            )
        object.__setattr__(self, "server", server)
        object.__setattr__(self, "model", server.model)

    def _refuse_settings_of_models(self) -> None:
        given = {
            "a vocabulary": self.vocabulary is not None,
            "a prompt": self.prompt != _DEFAULT_PROMPT,
            "a calibration": self.calibration is not None,
        }
        for what, there in given.items():
            if there:
                raise InputError(
                    what,
                    expected="a model or a server that it is for",
                    found="the kinematic describer, which goes by rules",
                    remedy="Name a model or a server too, or leave it out.",
                )

    def _check_label(self) -> None:
        assert isinstance(self.prompt, Prompt)
        if self.vocabulary is not None and "label" not in self.prompt.parts:
            raise InputError(
                "vocabulary",
                expected="a prompt that asks for a label",
                found=f"prompt {self.prompt.name!r}, which does not",
                remedy="Add a question for the label to it, or choose another prompt.",
            )
        if self.calibration is not None and (self.vocabulary is None or self.server is not None):
            raise InputError(
                "calibration",
                expected="labels that are scored: a vocabulary, and a model on this machine",
                found="labels that are written",
                remedy="Leave the calibration out.",
            )
