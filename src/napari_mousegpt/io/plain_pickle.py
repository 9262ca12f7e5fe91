"""Read the harmless pickles inside pandas' HDF5 files without ever unpickling.

pandas keeps the column names of a table as pickled lists of tuples of text. Unpickling a file from
elsewhere can run any code, so the opcodes are read here as data: only those that build text,
numbers, tuples, lists and dictionaries are known. One more shape is understood, an array of text
as NumPy pickles it, because pandas writes some column names so; its constructor is recognised by
name and nothing is imported or called.

Source of the opcodes: Python's :mod:`pickletools`.
"""

from __future__ import annotations

import pickletools
from typing import Any

from napari_mousegpt.errors import FormatError

__all__ = ["plain_value"]

_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {
    "INT", "LONG", "LONG1", "LONG4", "BININT", "BININT1", "BININT2", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "BINUNICODE8",
    "SHORT_BINUNICODE", "SHORT_BINBYTES", "BINBYTES",
}  # fmt: skip
_EMPTY = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
#: Names that NumPy's own pickles of an object array use; kept as markers, never looked up.
_ARRAY_NAMES = {
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
    "numpy ndarray",
    "numpy dtype",
    "_codecs encode",
}


class _Name(str):
    """Name of something a pickle would import; here a mere marker."""


class _Built(list[Any]):
    """What such a name would have built: empty until its state is known."""


def plain_value(data: bytes, subject: str) -> Any:
    """Return the value of a pickle made of text, numbers, tuples, lists and dictionaries.

    Parameters
    ----------
    data : bytes
        The pickle.
    subject : str
        What to call it in messages.

    Raises
    ------
    FormatError
        When it holds anything else, or is damaged. Nothing was executed.
    """
    try:
        return _Machine(subject).run(data)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise FormatError(
            subject, expected="a whole pickle", found=f"a damaged one ({error})"
        ) from error


class _Machine:
    """The stack and the memo of one pickle."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        for opcode, argument, _ in pickletools.genops(data):
            name = opcode.name
            if name == "STOP":
                return self.stack.pop()
            if name in _LITERALS:
                self.stack.append(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _EMPTY:
                self.stack.append(_EMPTY[name]())
            elif name in _TUPLES:
                self.stack.append(tuple(self._pop(_TUPLES[name])))
            else:
                self._other(name, argument)
        raise ValueError("it has no end")

    def _other(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name == "MARK":
            stack.append(_MARK)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name in ("LIST", "TUPLE"):
            items = self._to_mark()
            stack.append(items if name == "LIST" else tuple(items))
        elif name == "DICT":
            stack.append(self._pairs(self._to_mark()))
        elif name in ("APPEND", "APPENDS"):
            items = self._pop(1) if name == "APPEND" else self._to_mark()
            self._top(list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = self._pop(2) if name == "SETITEM" else self._to_mark()
            self._top(dict).update(self._pairs(items))
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self._name(argument if name == "GLOBAL" else " ".join(self._pop(2)))
        elif name == "REDUCE":
            self._reduce()
        elif name == "BUILD":
            state = stack.pop()
            built = self._top(_Built)
            # An array's state is version, shape, dtype, order and its elements.
            if isinstance(state, tuple) and len(state) == 5 and isinstance(state[4], list):
                built[:] = state[4]
        elif name not in ("PROTO", "FRAME"):
            raise self._refuse(f"the instruction {name}")

    def _name(self, name: str) -> None:
        if name not in _ARRAY_NAMES:
            raise self._refuse(f"a request to import {name.replace(' ', '.')}")
        self.stack.append(_Name(name))

    def _reduce(self) -> None:
        self.stack.pop()
        if not isinstance(self.stack.pop(), _Name):
            raise self._refuse("a call")
        self.stack.append(_Built())

    def _refuse(self, found: str) -> FormatError:
        return FormatError(
            self.subject,
            expected="names and numbers only",
            found=found,
            remedy="Such files can carry programs, so it was not read. Export the table as csv.",
        )

    def _pop(self, count: int) -> list[Any]:
        items = self.stack[-count:]
        if len(items) < count or any(item is _MARK for item in items):
            raise ValueError("its stack is empty")
        del self.stack[-count:]
        return items

    def _to_mark(self) -> list[Any]:
        for start in range(len(self.stack) - 1, -1, -1):
            if self.stack[start] is _MARK:
                items = self.stack[start + 1 :]
                del self.stack[start:]
                return items
        raise ValueError("a mark is missing")

    def _top(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise ValueError("the stack holds something else")
        return self.stack[-1]

    @staticmethod
    def _pairs(items: list[Any]) -> dict[Any, Any]:
        return dict(zip(items[::2], items[1::2], strict=True))
