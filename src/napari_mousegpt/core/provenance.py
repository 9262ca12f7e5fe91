"""Where a result comes from: the run card.

A run card lists the verb, its parameters, its inputs with content hashes, the software and the
machine kind. The identity of a run (:attr:`RunCard.run_id`) hangs on verb, parameters and inputs
only, so that the same question asked twice finds the same answer.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["RunCard", "digest", "plain", "software_versions"]

#: Libraries whose version can change a result.
_LIBRARIES = (
    "napari-mousegpt",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "scikit-learn",
    "scikit-image",
    "hdbscan",
    "av",
    "sleap-io",
    "torch",
    "torchvision",
    "transformers",
)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: dataclasses become objects, paths POSIX text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(item) for key, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [plain(item) for item in items]
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if hasattr(value, "tolist") and callable(value.tolist):
        return value.tolist()  # numpy numbers and arrays
    return value


def digest(value: Any, size: int = 8) -> str:
    """Return a hash of plain values that does not depend on key order (2 x ``size`` characters)."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


def software_versions() -> dict[str, str]:
    """Return the versions of the libraries that can change a result, without importing them."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    # Finding them on disk takes 20 ms, and a run has many cards.
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class RunCard:
    """What was asked of which inputs, and with what.

    Parameters
    ----------
    verb : str
        Public verb, for example ``"describe"``.
    params : mapping
        Its parameter objects as plain values.
    inputs : mapping of str to str
        Content hash of every input by a readable name.
    sources : mapping of str to str
        Path of every input file, for people; not part of the identity.
    models : mapping of str to str
        Describers, encoders, decoders that took part, with revision.
    software : mapping of str to str
        Versions.
    created, finished : str
        UTC times, ISO 8601.
    outcome : mapping
        Counts and warnings worth keeping.
    """

    verb: str
    params: Mapping[str, Any]
    inputs: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=software_versions)
    created: str = field(default_factory=lambda: _now())
    finished: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """Hash of verb, parameters and inputs (16 hexadecimal characters)."""
        return digest({"verb": self.verb, "params": self.params, "inputs": self.inputs})

    def done(self, **outcome: Any) -> RunCard:
        """Return the card of the finished run with what came of it."""
        return replace(self, finished=_now(), outcome={**self.outcome, **outcome})

    def to_json(self) -> str:
        """Return the card as readable JSON."""
        fields = {"run_id": self.run_id, **plain(asdict(self))}
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RunCard:
        """Read a card back.

        Raises
        ------
        ValueError, TypeError
            When the text is no run card.
        """
        fields = json.loads(text)
        if not isinstance(fields, dict):
            raise ValueError(f"a run card is a JSON object, not {type(fields).__name__}")
        fields.pop("run_id", None)
        return cls(**fields)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
