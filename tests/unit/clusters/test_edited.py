from __future__ import annotations

from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.map_edits import MapEdit


def edit(action: str, *groups: tuple[int, ...], **more: object) -> MapEdit:
    return MapEdit.new(action, "m", "KM", groups=groups, **more)


NAMED = edit("name", (3,), name="walking")
MERGED = edit("merge", (5,), (3,), keeps=5)
CALLED = edit("name", (3, 5), name="locomotion")


def undo(one: MapEdit, action: str = "undo") -> MapEdit:
    return MapEdit.new(action, "m", "KM", undoes=one.edit_id)


def test_a_merge_keeps_the_id_and_goes_again() -> None:
    found = Edited.of([NAMED, MERGED], "m")
    assert found.groups == {5: (3, 5)}
    assert found.group_of(3) == (3, 5)
    assert found.id_of((3, 5)) == 5
    assert found.group_of(4) == (4,)
    back = Edited.of([NAMED, MERGED, undo(MERGED)], "m")
    assert back.groups == {}
    assert back.undone == (MERGED,)
    again = Edited.of([NAMED, MERGED, undo(MERGED), undo(MERGED, "redo")], "m")
    assert again.groups == {5: (3, 5)}
    assert again.undone == ()


def test_names_hang_on_what_a_behaviour_is_made_of() -> None:
    merged = Edited.of([NAMED, MERGED], "m")
    name = merged.name_of((3, 5))
    assert name is not None
    assert name.name == "walking"  # its only part with a name
    called = Edited.of([NAMED, MERGED, CALLED], "m")
    assert called.names[(3, 5)].name == "locomotion"
    back = Edited.of([NAMED, MERGED, CALLED, undo(MERGED)], "m")
    own = back.name_of((3,))
    assert own is not None
    assert own.name == "walking"
    assert back.name_of((5,)) is None


def test_a_merge_of_merges() -> None:
    wider = edit("merge", (3, 5), (1,), keeps=5)
    found = Edited.of([MERGED, wider], "m")
    assert found.groups == {5: (1, 3, 5)}
    inner = Edited.of([MERGED, wider, undo(wider)], "m")
    assert inner.groups == {5: (3, 5)}
    # A line that was lost: the merge on top of it is set aside, and said so.
    lost = Edited.of([wider], "m")
    assert lost.groups == {}
    assert lost.notes[0].startswith("Set aside: 3+5 and 1 are merged")


def test_something_new_ends_what_can_be_done_again() -> None:
    other = edit("name", (4,), name="rest")
    assert Edited.of([NAMED, undo(NAMED)], "m").undone == (NAMED,)
    assert Edited.of([NAMED, undo(NAMED), other], "m").undone == ()


def test_pairs_that_are_kept_apart() -> None:
    found = Edited.of([edit("apart", (3,), (5,))], "m")
    assert found.are_apart((5,), (3,))
    assert found.are_apart((3, 4), (5,))
    assert not found.are_apart((3,), (4,))


def test_edits_of_other_maps_do_not_count() -> None:
    assert Edited.of([NAMED, MERGED], "another").active == ()
