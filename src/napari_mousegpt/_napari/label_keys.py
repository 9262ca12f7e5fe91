"""Which key stands for which label. Remembered in a small file beside the corrections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from psygnal import Signal

from napari_mousegpt._napari.correction_settings import correction_settings
from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.errors import FormatError, InputError, MouseGPTError, StorageError

__all__ = ["FREE_KEYS", "LabelKeys", "label_keys_path"]

#: Keys that are given to labels by themselves, in this order.
FREE_KEYS = tuple("1234567890")
_NAME = "label_keys.json"


def label_keys_path() -> Path:
    """Return the file of label keys, beside the corrections."""
    from napari_mousegpt.store.corrections_place import corrections_folder

    return (correction_settings().path or corrections_folder()) / _NAME


class LabelKeys:
    """Labels by hot key.

    Labels that have no key are given a free digit. What the user chooses or uses is kept on disk.

    Parameters
    ----------
    tell : callable
        Gets the error when the file cannot be read; it is then left alone.
    reserved : mapping of str to str
        Keys that do something else, and what.
    """

    #: Emitted when a key stands for something else.
    changed = Signal()

    def __init__(
        self, tell: Callable[[Exception], None], reserved: Mapping[str, str] | None = None
    ) -> None:
        self._keys: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._reserved = dict(reserved or {})
        self._path = label_keys_path()
        try:
            known = _read(self._path)
            self._keys = {key: known[key] for key in known if key not in self._reserved}
            self._kept = dict(self._keys)
        except MouseGPTError as error:
            tell(error)

    @property
    def by_key(self) -> dict[str, str]:
        """Label of each key, in the order of the keyboard's digits, then of the letters."""
        return {key: self._keys[key] for key in sorted(self._keys, key=_order)}

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels with a key."""
        return tuple(self.by_key.values())

    def key_of(self, label: str) -> str:
        """Return the key of a label, empty when it has none."""
        return next((key for key, known in self._keys.items() if known == label), "")

    def offer(self, labels: Iterable[str]) -> None:
        """Give free digits to labels that have no key, as long as there are some."""
        free = [key for key in FREE_KEYS if key not in self._keys]
        new = sorted(set(labels) - set(self._keys.values()))
        pairs = list(zip(free, new, strict=False))
        if pairs:
            self._keys.update(pairs)
            self.changed.emit()

    def assign(self, key: str, label: str) -> None:
        """Let a key stand for a label, which loses the key it had; an empty label frees the key.

        Raises
        ------
        InputError
            When it is no digit or letter.
        StorageError
            When it cannot be kept; the keys are as before.
        """
        key = key.strip().upper()
        if len(key) != 1 or not (key.isascii() and key.isalnum()):
            raise InputError(
                f"key {key!r}", expected="a digit or a letter", remedy="Write for example 1 or G."
            )
        if key in self._reserved:
            raise InputError(
                f"key {key}",
                expected="a key that is free",
                found=f'one that does "{self._reserved[key]}"',
                remedy="Choose another one.",
            )
        label = label.strip()
        keys = {other: known for other, known in self._keys.items() if known != label}
        keys.pop(key, None)
        if label:
            keys[key] = label
        self._write(keys)
        self._keys = keys
        self.changed.emit()

    def keep(self) -> None:
        """Keep the keys as they are on disk, for somebody has used them.

        Raises
        ------
        StorageError
            When that is not possible.
        """
        if self._keys != self._kept:
            self._write(self._keys)

    def _write(self, keys: dict[str, str]) -> None:
        make_folder(self._path.parent)
        with replacing(self._path) as part:
            part.write_text(json.dumps(keys, indent=1, ensure_ascii=False), encoding="utf-8")
        self._kept = dict(keys)


def _read(path: Path) -> dict[str, str]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(key).upper(): str(label) for key, label in values.items() if label}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StorageError(path, expected="a file that can be read", found=str(error)) from error
    except (ValueError, AttributeError) as error:
        raise FormatError(
            path,
            expected="a table of keys and labels",
            found=str(error),
            remedy="Move the file away: keys are then given anew.",
        ) from error


def _order(key: str) -> tuple[int, str]:
    return (FREE_KEYS.index(key), "") if key in FREE_KEYS else (len(FREE_KEYS), key)
