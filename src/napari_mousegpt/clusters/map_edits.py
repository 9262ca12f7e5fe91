"""What people did to the clusters of a map: names, titles, merges, each to be taken back.

Edits are facts for ever: an undo is itself an edit. A frozen map and its labels of record never
change; merges are a mapping on top of them. A merged behaviour keeps the id of its largest part.
The ids of the other parts rest: nothing else ever gets them, and an undo gives them back.

Names hang on what a behaviour is made of, ``(3,)`` or ``(3, 5)``: the name of a merged behaviour
goes when the merge is undone, and its parts are called as they were before.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from napari_mousegpt.errors import FormatError

__all__ = ["ACTIONS", "Group", "MapEdit", "Title", "group_id"]

#: What can be done to the clusters of a map.
ACTIONS = ("name", "title", "merge", "apart", "undo", "redo")

#: The clusters of record that one behaviour is made of, rising.
Group = tuple[int, ...]


def group_id(group: Group) -> str:
    """Return a group as text, ``"3+5"``: the same text means the same set."""
    return "+".join(map(str, group))


@dataclass(frozen=True)
class Title:
    """A title that a model of language wrote.

    Parameters
    ----------
    text : str
        What it wrote, one line.
    model : str
        Which model and version.
    prompt_id : str
        Name, version and hash of the question's form.
    asked : str
        Hash of the whole text that was sent.
    when : str
        UTC, ISO 8601.
    """

    text: str
    model: str
    prompt_id: str
    asked: str
    when: str

    @property
    def marked(self) -> str:
        """The title as it is shown: nobody takes it for the word of a person."""
        return f"{self.text} (generated)"


@dataclass(frozen=True)
class MapEdit:
    """One thing that was done.

    Parameters
    ----------
    edit_id : str
        Permanent id.
    when, who : str
        UTC, ISO 8601; as the person called themselves.
    action : str
        One of :data:`ACTIONS`.
    map_id : str
        Map that it is about.
    groups : tuple of Group
        What it is about: one behaviour, or those that are merged or kept apart, the first of which
        gives its id.
    name : str
        New name; of a merge it may be empty.
    title : Title, optional
        New title.
    keeps : int
        Of a merge the id that stays, else -1.
    undoes : str
        Edit that is taken back, or done again.
    carried_from : str
        Map that it was carried over from by a refit, else empty.
    """

    edit_id: str
    when: str
    who: str
    action: str
    map_id: str
    groups: tuple[Group, ...] = ()
    name: str = ""
    title: Title | None = None
    keeps: int = -1
    undoes: str = ""
    carried_from: str = ""

    @classmethod
    def new(cls, action: str, map_id: str, who: str, **more: Any) -> MapEdit:
        """Return an edit of now with an id of its own."""
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        return cls(uuid.uuid4().hex[:16], when, who, action, map_id, **more)

    @property
    def clusters(self) -> Group:
        """All clusters of record that it is about."""
        return tuple(sorted(cluster for group in self.groups for cluster in group))

    @property
    def told(self) -> str:
        """What was done, as a sentence."""
        ids = [group_id(group) for group in self.groups]
        if self.action == "name":
            return f"{ids[0]} is called {self.name!r}."
        if self.action == "title":
            assert self.title is not None
            return f"{ids[0]} has the title {self.title.text!r}, written by {self.title.model}."
        if self.action == "merge":
            called = f", called {self.name!r}" if self.name else ""
            return f"{_listed(ids)} are merged; the id {self.keeps} stays{called}."
        if self.action == "apart":
            return f"{' and '.join(ids)} are kept apart."
        return f"Edit {self.undoes} was {'taken back' if self.action == 'undo' else 'done again'}."

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them; what says nothing is left out."""
        values = asdict(self)
        values["groups"] = [list(group) for group in self.groups]
        usual: dict[str, Any] = {"groups": [], "name": "", "title": None, "keeps": -1, "undoes": "",
                 "carried_from": ""}  # fmt: skip
        return {
            key: value for key, value in values.items() if key not in usual or value != usual[key]
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MapEdit:
        """Read :meth:`to_dict` back; fields of later versions are left out.

        Raises
        ------
        FormatError
            When it is no whole edit.
        """
        try:
            title = values.get("title")
            found = cls(
                _text(values["edit_id"]),
                _text(values["when"]),
                _text(values["who"]),
                _text(values["action"]),
                _text(values["map_id"]),
                tuple(_group(group) for group in values.get("groups", ())),
                _text(values.get("name", "")),
                None
                if title is None
                else Title(*(_text(title[name]) for name in Title.__dataclass_fields__)),
                _whole(values.get("keeps", -1)),
                _text(values.get("undoes", "")),
                _text(values.get("carried_from", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError("edit of a map", expected="a whole edit", found=repr(error)) from None
        problem = _problem(found)
        if problem:
            raise FormatError("edit of a map", expected="a whole edit", found=problem)
        return found


def _listed(texts: list[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]])


def _problem(edit: MapEdit) -> str:
    """Return what is wrong with an edit that was read, empty if nothing."""
    needed = {"name": 1, "title": 1, "merge": 2, "apart": 2, "undo": 0, "redo": 0}
    if edit.action not in needed:
        return f"action {edit.action!r}"
    count = len(edit.groups)
    many = edit.action == "merge" and count > 2
    if (count != needed[edit.action] and not many) or not all(edit.groups):
        return f"{len(edit.groups)} behaviours"
    if len(set(edit.clusters)) != len(edit.clusters) or min(edit.clusters, default=0) < 0:
        return f"clusters {edit.clusters}"
    if edit.action == "merge" and edit.keeps not in edit.clusters:
        return f"the id {edit.keeps}, which is no part of it"
    if edit.action == "name" and not edit.name:
        return "no name"
    if edit.action == "title" and edit.title is None:
        return "no title"
    return ""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _group(values: Any) -> Group:
    return tuple(sorted(_whole(value) for value in values))
