from __future__ import annotations

import json
from typing import Any

import pytest

from napari_mousegpt.clusters.map_edits import MapEdit, Title, group_id
from napari_mousegpt.errors import FormatError

TITLE = Title("wall climbing", "tiny 1", "cluster-title/1-ab", "cd", "2026-01-01T00:00:00+00:00")
EDITS = [
    MapEdit.new("name", "m", "KM", groups=((3,),), name="rearing"),
    MapEdit.new("title", "m", "", groups=((3, 5),), title=TITLE),
    MapEdit.new("merge", "m", "KM", groups=((5,), (3,), (1, 2)), keeps=5, name="all"),
    MapEdit.new("apart", "m", "KM", groups=((5,), (3,))),
    MapEdit.new("undo", "m", "KM", undoes="0011"),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.action)
def test_edits_come_back_from_json(edit: MapEdit) -> None:
    assert MapEdit.from_dict(json.loads(json.dumps(edit.to_dict()))) == edit
    assert edit.told.endswith(".")


def test_ids_are_new_each_time() -> None:
    assert len({edit.edit_id for edit in EDITS}) == len(EDITS)
    assert EDITS[2].clusters == (1, 2, 3, 5)
    assert group_id(EDITS[2].clusters) == "1+2+3+5"
    assert EDITS[2].told == "5, 3 and 1+2 are merged; the id 5 stays, called 'all'."


def test_a_generated_title_is_marked() -> None:
    assert TITLE.marked == "wall climbing (generated)"
    assert "written by tiny 1" in EDITS[1].told


@pytest.mark.parametrize(
    ("number", "change", "found"),
    [
        (0, {"action": "explode"}, "action 'explode'"),
        (0, {"name": ""}, "no name"),
        (0, {"groups": []}, "0 behaviours"),
        (0, {"groups": [[-1]]}, "clusters"),
        (0, {"who": 3}, "no text"),
        (1, {"title": None}, "no title"),
        (2, {"keeps": 9}, "the id 9"),
        (2, {"groups": [[3], [3]]}, "clusters"),
        (2, {"groups": [["3"], [5]]}, "no whole number"),
        (3, {"groups": [[3]]}, "1 behaviours"),
    ],
)
def test_what_is_no_whole_edit(number: int, change: dict[str, Any], found: str) -> None:
    with pytest.raises(FormatError, match=found):
        MapEdit.from_dict({**EDITS[number].to_dict(), **change})
