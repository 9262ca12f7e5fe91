"""What a model was seen to do on this machine: its trust card, kept by the hash of its weights."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.core.provenance import plain
from napari_mousegpt.errors import FormatError

__all__ = ["TRUST_VARIABLE", "Speed", "Trial", "TrustCard", "keep", "trust_card", "trust_folder"]

#: Environment variable with the folder of the cards.
TRUST_VARIABLE = "NAPARI_MOUSEGPT_TRUST"
_SCHEMA = 1
#: Part of the intervals that hold the true score.
CONFIDENCE = 0.95

Verdict = Literal["passes", "passes in part", "fails"]


@dataclass(frozen=True)
class Trial:
    """One thing that was tried, several times.

    Parameters
    ----------
    name : str
        Short name, such as "motion direction".
    asked : str
        What was shown and asked, or held against what.
    n, successes : int
        Tries, and those that went well.
    level : float
        Smallest score that passes, 0 to 1.
    chance : float
        Score of a model that guesses; the whole interval must lie above it. 0 where there is no
        guessing.
    sentence : str
        What came of it, for people.
    sees : bool
        Whether only a model that looks at its frames can pass it.
    required : bool
        Whether a model that does not pass it cannot be trusted whatever else it passes.
    """

    name: str
    asked: str
    n: int
    successes: int
    level: float
    chance: float
    sentence: str
    sees: bool = False
    required: bool = False

    @property
    def score(self) -> float:
        """Share of the tries that went well."""
        return self.successes / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Clopper and Pearson (1934) around the score."""
        from scipy.stats import beta

        tail, good, bad = (1 - CONFIDENCE) / 2, self.successes, self.n - self.successes
        low = float(beta.ppf(tail, good, bad + 1)) if good else 0.0
        high = float(beta.ppf(1 - tail, good + 1, bad)) if bad else 1.0
        return low, high

    @property
    def passed(self) -> bool:
        """Whether the score reaches its level and is told from chance."""
        return self.score >= self.level and (not self.chance or self.interval[0] > self.chance)


@dataclass(frozen=True)
class Speed:
    """How fast a model was on one device.

    Parameters
    ----------
    clips_per_s : float
        Clips that were given a label (by a vision-language model) or a vector.
    described_per_s : float
        Clips that were described in words; 0 for an encoder.
    tokens_per_s : float
        Tokens of these words.
    peak_bytes : int
        Most memory that was in use: of the card, or without one of the whole program; 0 where it
        cannot be known.
    batch : int
        Clips at once.
    """

    clips_per_s: float
    described_per_s: float = 0.0
    tokens_per_s: float = 0.0
    peak_bytes: int = 0
    batch: int = 1


@dataclass(frozen=True)
class TrustCard:
    """What a model was seen to do.

    Parameters
    ----------
    model, revision, weights_hash, family, kind : str
        As :class:`~napari_mousegpt.models.weights.Weights` names them.
    device, dtype : str
        What it ran on, and its numbers.
    created : str
        UTC time, ISO 8601.
    params : dict
        Of the trials: how many, of which clips.
    trials : tuple of Trial
    speed : Speed
    software : dict of str to str
        Versions.
    """

    model: str
    revision: str
    weights_hash: str
    family: str
    kind: str
    device: str
    dtype: str
    created: str
    params: dict[str, Any]
    trials: tuple[Trial, ...]
    speed: Speed
    software: dict[str, str] = field(default_factory=dict)

    @property
    def sees(self) -> bool:
        """Whether it passed anything that only a model can that looks at its frames."""
        return any(trial.passed for trial in self.trials if trial.sees)

    @property
    def verdict(self) -> Verdict:
        """All in all: "fails" for a model that ignores its frames or is not repeatable."""
        if not self.sees or any(not trial.passed for trial in self.trials if trial.required):
            return "fails"
        return "passes" if all(trial.passed for trial in self.trials) else "passes in part"

    @property
    def reason(self) -> str:
        """One sentence that explains the verdict."""
        unsteady = [trial.name for trial in self.trials if trial.required and not trial.passed]
        if not self.sees:
            return "Nothing shows that its answers depend on what happens in the frames."
        if unsteady:
            return f"It did not pass what nothing can be trusted without: {', '.join(unsteady)}."
        weak = [trial.name for trial in self.trials if not trial.passed]
        if weak:
            return f"Do not rely on it for: {', '.join(weak)}."
        return "It passed everything that was tried, on drawn mice."

    def facts(self) -> dict[str, Any]:
        """Return the card as plain values, with what follows from them."""
        trials = [
            {
                **asdict(trial),
                "score": trial.score,
                "interval": list(trial.interval),
                "passed": trial.passed,
            }
            for trial in self.trials
        ]
        summary = {"schema": _SCHEMA, "verdict": self.verdict, "reason": self.reason}
        return {**summary, **plain(asdict(self)), "trials": trials}

    def summary(self) -> dict[str, Any]:
        """Return what a run card needs: verdict, time, place, and the score of each trial."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "created": self.created,
            "device": self.device,
            "dtype": self.dtype,
            "scores": {
                trial.name: f"{trial.successes}/{trial.n}"
                + ("" if trial.passed else " (not passed)")
                for trial in self.trials
            },
        }

    def to_json(self) -> str:
        """Return the card as readable JSON."""
        return json.dumps(self.facts(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TrustCard:
        """Read a card back.

        Raises
        ------
        ValueError, TypeError, KeyError
            When the text is no trust card.
        """
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("schema") != _SCHEMA:
            raise ValueError("not a trust card of this version")
        own = {each.name for each in fields(cls)}
        values = {name: value for name, value in found.items() if name in own}
        known = {each.name for each in fields(Trial)}
        values["trials"] = tuple(
            Trial(**{name: value for name, value in trial.items() if name in known})
            for trial in found["trials"]
        )
        if any(not 0 <= trial.successes <= trial.n or trial.n < 1 for trial in values["trials"]):
            raise ValueError("a trial with impossible counts")
        return cls(**{**values, "speed": Speed(**found["speed"])})


def trust_folder() -> Path:
    """Return where cards are kept: ``NAPARI_MOUSEGPT_TRUST`` if set, else with the user's data."""
    chosen = os.environ.get(TRUST_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("napari-mousegpt", appauthor=False) / "trust"


def keep(card: TrustCard) -> Path:
    """Keep a card; an older one of the same weights is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    make_folder(trust_folder())
    path = _file(card.weights_hash)
    with replacing(path) as part:
        part.write_text(card.to_json(), encoding="utf-8")
    return path


def trust_card(weights_hash: str) -> TrustCard | None:
    """Return the card of the model with these weights; None if it was never tried here.

    Raises
    ------
    FormatError
        When the file is damaged.
    """
    path = _file(weights_hash)
    try:
        return TrustCard.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(
            path,
            expected="a trust card",
            found=str(error),
            remedy="Remove the file, or run napari-mousegpt certify again.",
        ) from error


def _file(weights_hash: str) -> Path:
    # A hash begins with its kind and a colon, which not every disk takes in a name.
    return trust_folder() / f"{re.sub(r'[^0-9A-Za-z]+', '-', weights_hash)}.json"
