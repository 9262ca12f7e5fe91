"""Prompt files: TOML read strictly, and written so that it reads back the same."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.words.examples import as_source
from napari_mousegpt.words.reply_text import FIELDS

if TYPE_CHECKING:
    from napari_mousegpt.words.prompts import Prompt

__all__ = ["SCHEMA", "fields_of", "toml_of"]

#: Raised when a key changes its meaning.
SCHEMA = 1
_TEXTS = ("about", "system", "context", "instruction")
_KINDS: Mapping[str, type] = {
    "schema": int,
    "name": str,
    "version": int,
    **dict.fromkeys(_TEXTS, str),
    "facts": bool,
    "questions": dict,
    "options": dict,
    "reply": dict,
    "examples": list,
}


def fields_of(text: str, where: str) -> dict[str, Any]:
    """Return the fields of a prompt from the text of a file.

    Parameters
    ----------
    text : str
        TOML.
    where : str
        What messages call it.

    Raises
    ------
    FormatError
        When it is no TOML, of another schema, or a key is unknown or of the wrong kind.
    InputError
        When an example is no example.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(where, expected="a prompt in TOML", found=str(error)) from error
    if data.get("schema") != SCHEMA:
        found = f"schema = {data['schema']!r}" if "schema" in data else "none"
        raise FormatError(
            where,
            expected=f"a prompt with schema = {SCHEMA}",
            found=found,
            remedy="Begin with a copy of a prompt that comes with the package.",
        )
    _check_kinds(data, _KINDS, where)
    for table in ("questions", "options"):
        kind = str if table == "questions" else list
        _check_kinds(data.get(table, {}), dict.fromkeys(FIELDS, kind), f"{where}, [{table}]")
    _check_kinds(data.get("reply", {}), {"contract": str}, f"{where}, [reply]")
    for part, options in data.get("options", {}).items():
        if not all(isinstance(option, str) for option in options):
            raise FormatError(f"{where}, [options] {part}", expected="a list of texts")
    missing = [key for key in ("name", "version", "questions") if key not in data]
    if missing:
        raise FormatError(where, expected="name, version and [questions]", found=f"no {missing[0]}")
    examples = []
    for number, entry in enumerate(data.get("examples", []), start=1):
        if not isinstance(entry, dict):
            raise FormatError(f"{where}, example {number}", expected="a table [[examples]]")
        examples.append(as_source(entry, f"{where}, example {number}"))
    return {
        "name": data["name"],
        "version": data["version"],
        "questions": data["questions"],
        **{key: data.get(key, "") for key in _TEXTS},
        "facts": data.get("facts", True),
        "options": data.get("options", {}),
        "contract": data.get("reply", {}).get("contract", ""),
        "examples": tuple(examples),
    }


def toml_of(prompt: Prompt) -> str:
    """Return a prompt as the text of a file."""
    lines = [
        f"schema = {SCHEMA}",
        f"name = {_text(prompt.name)}",
        f"version = {prompt.version}",
        f"about = {_text(prompt.about)}",
        f"facts = {'true' if prompt.facts else 'false'}",
    ]
    for key in _TEXTS[1:]:
        lines += ["", f"{key} = {_text(getattr(prompt, key))}"]
    lines += ["", "[questions]"]
    lines += [f"{part} = {_text(text)}" for part, text in prompt.questions.items()]
    if prompt.options:
        lines += ["", "[options]"]
        lines += [
            f"{part} = [{', '.join(_text(option) for option in options)}]"
            for part, options in prompt.options.items()
        ]
    lines += ["", "[reply]", f"contract = {_text(prompt.contract)}"]
    for example in prompt.examples:
        entry = asdict(example)
        words = entry.pop("words")
        lines += ["", "[[examples]]"]
        lines += [
            f"{key} = {_text(value) if isinstance(value, str) else value}"
            for key, value in {**entry, **words}.items()
        ]
    return "\n".join(lines) + "\n"


def _check_kinds(data: Mapping[str, Any], kinds: Mapping[str, type], where: str) -> None:
    for key, value in data.items():
        if key not in kinds:
            near = get_close_matches(key, kinds, 1)
            raise FormatError(
                f"{where}, {key}",
                expected=f"one of {', '.join(kinds)}",
                remedy=f"Did you mean {near[0]}?" if near else "Take it out.",
            )
        # In Python true is a whole number, in TOML it is none.
        if not isinstance(value, kinds[key]) or isinstance(value, bool) != (kinds[key] is bool):
            names = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}
            raise FormatError(
                f"{where}, {key}", expected=names.get(kinds[key], "a table"), found=repr(value)[:60]
            )


def _text(value: str) -> str:
    """Return a text as TOML: over several lines where it has several, so that it can be edited."""
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise InputError("prompt", expected="text that UTF-8 can hold", found="half a character")
    quoted = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if "\n" not in value:
        return quoted
    lines = re.sub(r"(?<!\\)((?:\\\\)*)\\n", "\\1\n", quoted[1:-1])
    # A first line break is not part of the text.
    return f'"""\n{lines}"""'
