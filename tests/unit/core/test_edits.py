from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from napari_mousegpt.core.audit_trail import audit_table
from napari_mousegpt.core.edits import ACTIONS, BoutRow, Change, Edit
from napari_mousegpt.errors import FormatError, InputError

ROW = BoutRow("b1", "m1", "a", 10, 20, "rear", "model", 0.25, "proposed", "p", 'said "so"\nthen')


def test_rows_without_a_confidence_are_equal() -> None:
    bare = BoutRow("b1", "m1", "", 3, 3, "sniff")
    again = replace(bare, confidence=float("nan"))
    assert bare == again
    assert hash(bare) == hash(again)
    assert {bare} == {again}
    assert bare != replace(bare, confidence=0.0)
    assert bare != "b1"
    assert bare.key == (3, 3, "b1")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"label": ""}, "expected an id and a label"),
        ({"bout_id": ""}, "expected an id and a label"),
        ({"stop": 9}, r"expected start <= stop, found \[10, 9\)"),
        ({"source": "robot"}, "source 'robot'"),
        ({"status": "maybe"}, "status 'maybe'"),
        ({"confidence": 1.5}, "expected 0 to 1, found 1.5"),
        ({"confidence": -0.1}, "expected 0 to 1, found -0.1"),
    ],
)
def test_rows_that_are_none(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(ROW, **values)


def test_a_change_is_about_its_bout() -> None:
    with pytest.raises(InputError, match="change of bout 'b2'"):
        Change("b2", ROW, None)
    with pytest.raises(InputError, match="its row before or after"):
        Change("b1", None, None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"action": "delete"}, "action 'delete': expected one of mark, relabel"),
        ({"changes": (Change("b1", ROW, None),) * 2}, "each bout once"),
        ({"edit_id": ""}, "expected an id"),
        ({"undoes": "e0"}, "what they undo"),
        ({"action": "undo"}, "what they undo"),
    ],
)
def test_edits_that_are_none(values: dict[str, Any], message: str) -> None:
    edit = Edit.now("trim", [Change("b1", ROW, replace(ROW, stop=15))], "KM")
    with pytest.raises(InputError, match=message):
        replace(edit, **values)


def test_an_edit_says_when_and_has_an_id_of_its_own() -> None:
    before = datetime.now(UTC)
    edits = [Edit.now("mark", [Change("b1", None, ROW)], "KM") for _ in range(2)]
    assert edits[0].edit_id != edits[1].edit_id
    moment = datetime.fromisoformat(edits[0].when)
    assert moment.utcoffset() is not None
    assert abs((moment - before).total_seconds()) < 60


@pytest.mark.parametrize("score", [0.1 + 0.2, 1.0, math.nan])
def test_json_gives_the_same_edit_back(score: float) -> None:
    row = replace(ROW, confidence=score, label="höbt den Kopf \u2028 \ud800", individual="")
    changes = (
        Change("b1", row, replace(row, stop=11)),
        Change("b2", None, replace(row, bout_id="b2")),
        Change("b3", replace(row, bout_id="b3"), None),
    )
    for action in ACTIONS:
        edit = Edit.now(action, changes, "K. M.", "e0" if action in ("undo", "redo") else "")
        text = json.dumps(edit.to_dict(), allow_nan=False)
        assert Edit.from_dict(json.loads(text), "m1") == edit
    assert "m1" not in text  # the recording stands beside all edits of a file


def test_json_of_a_later_version_is_read() -> None:
    edit = Edit.now("mark", [Change("b1", None, ROW)], "KM")
    values = edit.to_dict()
    values["changes"][0]["new"]["intensity"] = 3
    values["colour"] = "red"
    assert Edit.from_dict(values, "m1") == edit


@pytest.mark.parametrize(
    "path",
    [("edit",), ("when",), ("who",), ("action",), ("changes",), ("changes", 0, "bout"),
     ("changes", 0, "old"), ("changes", 0, "new"), ("changes", 0, "new", "individual"),
     ("changes", 0, "new", "start"), ("changes", 0, "new", "stop"), ("changes", 0, "new", "label"),
     ("changes", 0, "new", "source"), ("changes", 0, "new", "status")],
)  # fmt: skip
@pytest.mark.parametrize("value", ["absent", None, [], {}, 1.5, True, "x"])
def test_damaged_json_is_told(path: tuple[Any, ...], value: Any) -> None:
    values = Edit.now("mark", [Change("b1", None, ROW)], "KM").to_dict()
    *way, last = path
    holder: Any = values
    for step in way:
        holder = holder[step]
    if value == "absent":
        del holder[last]
    else:
        holder[last] = value
    legal = {"changes": [[]], "old": [None], "who": ["x"], "edit": ["x"], "when": ["x"],
             "bout": ["x"], "individual": ["x"], "label": ["x"]}  # fmt: skip
    if any(type(value) is type(item) and value == item for item in legal.get(str(last), [])):
        assert Edit.from_dict(values, "m1")
    else:
        with pytest.raises(FormatError):
            Edit.from_dict(values, "m1")


# --- the audit trail ----------------------------------------------------------------------------


def test_audit_trail_has_a_row_for_each_changed_field() -> None:
    new = replace(ROW, label="groom", confidence=math.nan, source="human")
    edits = [
        Edit("e1", "2026-01-01T00:00:00+00:00", "KM", "relabel", (Change("b1", ROW, new),)),
        Edit("e2", "2026-01-02T00:00:00+00:00", "LN", "undo", (Change("b1", new, ROW),), "e1"),
    ]
    table = audit_table(edits)
    assert list(table.columns) == [
        "when", "who", "action", "recording", "bout_id", "field", "old", "new", "edit_id", "undoes",
    ]  # fmt: skip
    assert table[["who", "action", "field", "old", "new", "undoes"]].to_numpy().tolist() == [
        ["KM", "relabel", "label", "rear", "groom", ""],
        ["KM", "relabel", "source", "model", "human", ""],
        ["KM", "relabel", "confidence", "0.25", "", ""],
        ["LN", "undo", "label", "groom", "rear", "e1"],
        ["LN", "undo", "source", "human", "model", "e1"],
        ["LN", "undo", "confidence", "", "0.25", "e1"],
    ]
    assert set(table["recording"]) == {"m1"}
    assert set(table["bout_id"]) == {"b1"}


def test_audit_trail_of_a_bout_that_comes_and_goes() -> None:
    row = BoutRow("b1", "m1", "", 3, 9, "rear")
    changes = [(None, row), (row, None)]
    come, gone = (audit_table([Edit.now("mark", [Change("b1", a, b)], "KM")]) for a, b in changes)
    names = ["start", "stop", "label", "source", "status"]
    assert come["field"].tolist() == gone["field"].tolist() == names
    assert come["new"].tolist() == gone["old"].tolist() == ["3", "9", "rear", "human", "accepted"]
    assert set(come["old"]) == set(gone["new"]) == {""}
    assert len(audit_table([])) == 0
    assert "field" in audit_table([]).columns
