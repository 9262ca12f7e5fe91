from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.desk import Desk
from napari_mousegpt._napari.desk_moves import (
    disagreements,
    low_confidence,
    next_place,
    plain_label,
)
from napari_mousegpt._napari.layers import KEY
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError

N_FRAMES = 16
Row = tuple[int, int, str, str, str, str]

ROWS = st.lists(
    st.tuples(
        st.integers(0, N_FRAMES - 1),
        st.integers(0, 12),
        st.sampled_from(["Rear", "rear", "groom_self", "Groom  self", "walk"]),
        st.sampled_from(["human", "model", "human", "model", "import", "cluster"]),
        st.sampled_from(["proposed", "accepted", "rejected"]),
        st.sampled_from(["", "a", "b"]),
    ),
    max_size=12,
)


def columns_of(rows: list[Row]) -> dict[str, np.ndarray[Any, Any]]:
    rows = sorted(rows)
    names = ("start", "length", "label", "source", "status", "individual")
    found = {name: np.array([row[i] for row in rows], dtype=object) for i, name in enumerate(names)}
    found["start"] = found["start"].astype(np.int64)
    found["stop"] = found["start"] + found.pop("length").astype(np.int64)
    found["bout_id"] = np.array([f"b{i}" for i in range(len(rows))], dtype=object)
    return found


@given(ROWS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_disagreements_are_those_of_every_single_frame(rows: list[Row], alone: bool) -> None:
    columns = columns_of(rows)
    found = disagreements(columns, alone=alone)
    pairs = set()
    for start, stop, human, model in zip(
        found.start, found.stop, found.human, found.model, strict=True
    ):
        assert start < stop
        pairs |= {(frame, human, model) for frame in range(start, stop)}
    assert list(found.start) == sorted(found.start)
    expected = set()
    kept = [i for i in range(len(rows)) if columns["status"][i] != "rejected"]
    for frame in range(N_FRAMES + 12):
        here = [i for i in kept if columns["start"][i] <= frame < columns["stop"][i]]
        people = [i for i in here if columns["source"][i] in ("human", "import")]
        for model in (i for i in here if columns["source"][i] == "model"):
            same = [
                i
                for i in people
                if alone or columns["individual"][i] == columns["individual"][model]
            ]
            said = plain_label(columns["label"][model])
            if any(plain_label(columns["label"][i]) == said for i in same):
                continue
            expected |= {(frame, f"b{i}", f"b{model}") for i in same}
    assert pairs == expected


@given(st.lists(st.booleans(), max_size=12), st.integers(-1, 24), st.booleans())
def test_the_next_place_is_the_nearest_one(wanted: list[bool], twice: int, back: bool) -> None:
    after = twice / 2
    place = next_place(np.array(wanted, dtype=bool), after, back=back)
    rows = [i for i, yes in enumerate(wanted) if yes and (i < after if back else i > after)]
    assert place == ((max(rows) if back else min(rows)) if rows else None)


def test_who_says_two_things_agrees_with_either() -> None:
    rows: list[Row] = [
        (0, 10, "rear", "human", "accepted", "a"),
        (3, 3, "sniff", "human", "accepted", "a"),
        (2, 6, "Sniff", "model", "proposed", "a"),
    ]
    found = disagreements(columns_of(rows), alone=False)
    assert list(zip(found.start, found.stop, strict=True)) == [(2, 3), (6, 8)]
    assert set(found.human) == {"b0"}


def test_unsure_is_what_is_proposed_below_a_confidence() -> None:
    columns = {
        "confidence": np.array([0.2, 0.2, 0.2, np.nan, 0.5]),
        "status": np.array(["proposed", "accepted", "rejected", "proposed", "proposed"], object),
    }
    assert low_confidence(columns, 0.5).tolist() == [True, False, False, False, False]


@pytest.fixture
def desk(viewer: Any, recording: Recording) -> Desk:
    bouts = Intervals.build(
        "rec",
        [0, 100, 200, 300, 120, 320, 120],
        [50, 150, 250, 350, 180, 330, 130],
        "m1",
        label=["a", "b", "c", "d", "B", "x", "cluster 1"],
        source=["model"] * 4 + ["human"] * 2 + ["cluster"],
        confidence=[0.1, 0.9, 0.3, 0.2, np.nan, np.nan, 0.1],
        status=["proposed"] * 3 + ["accepted"] * 3 + ["proposed"],
        bout_id=["a", "b", "c", "d", "h1", "h2", "k"],
    )
    show(viewer, recording, Ethogram(bouts))
    return state_of(viewer).desk("rec")


def walk(desk: Desk, kind: str, back: bool = False) -> list[str]:
    found = []
    while (bout := desk.next(kind, back)) is not None:
        assert desk.selection == (bout,)
        found.append(bout)
        assert len(found) < 20
    return found


def test_bouts_are_visited_along_their_track(desk: Desk, viewer: Any) -> None:
    desk.go_to(60)
    assert walk(desk, "bout") == ["b", "c", "d"]
    assert desk.frame == 300
    assert viewer.status == "No bout after this one."
    assert walk(desk, "bout", back=True) == ["c", "b", "a"]
    desk.select("h1", jump=True)
    assert walk(desk, "bout") == ["h2"]
    # Without a selection any bout will do.
    desk.select()
    desk.go_to(110)
    assert desk.next() in ("h1", "k")


def test_the_slider_decides_when_the_chosen_bout_is_left(desk: Desk) -> None:
    desk.select("a", jump=True)
    desk.go_to(190)
    assert desk.next() == "c"
    desk.go_to(190)
    assert desk.next(back=True) in ("h1", "k")


def test_rejected_bouts_are_passed_by(desk: Desk) -> None:
    desk.reject("c")
    desk.select("b", jump=True)
    assert desk.next() == "d"


def test_unsure_bouts_are_visited_by_time_and_leave_when_accepted(desk: Desk) -> None:
    desk.go_to(0)
    desk.select("a")
    assert walk(desk, "low confidence") == ["k", "c"]
    desk.accept("k")
    assert walk(desk, "low confidence", back=True) == ["a"]


def test_disagreements_are_shown_where_they_begin(desk: Desk) -> None:
    desk.go_to(0)
    assert desk.next("disagreement") == "d"
    # B and b are one behaviour; the model and the person meet at frame 320.
    assert desk.frame == 320
    assert desk.next("disagreement") is None
    desk.go_to(999)
    assert desk.next("disagreement", back=True) == "d"
    desk.go_to(0)
    desk.relabel("Groom", "h1")
    desk.go_to(0)
    assert desk.next("disagreement") == "b"
    assert desk.frame == 120


def test_visits_to_zones_are_no_opinion_of_a_model(viewer: Any, recording: Recording) -> None:
    visits = Intervals.build(
        "rec", [100], [300], "m1", label=["wall"], arena=["box"], confidence=[0.1]
    )
    said = Intervals.build("rec", [50], [250], "m1", label=["walking"])
    show(viewer, recording, Ethogram(visits, source="model"), Ethogram(said, source="human"))
    desk = state_of(viewer).desk("rec")
    assert desk.all_labels == {"walking"}
    assert desk.next("disagreement") is None
    assert desk.next("low confidence") is None
    # A correction leaves them as they are, and its layer stands beside theirs.
    assert [layer.name for layer in viewer.layers][-2:] == ["zones", "human"]
    desk.relabel("sniffing", said_id := desk.next())
    assert said_id is not None
    state = state_of(viewer)
    state.go_to("rec", 120)
    zones, human = (viewer.layers[name].metadata[KEY]["tag"].window for name in ("zones", "human"))
    assert zones.lines_at(120) == ["wall (10%)"]
    assert human.lines_at(120) == ["sniffing"]
    assert zones.slot != human.slot
    assert state.colours("rec").keys() >= {"wall", "sniffing"}
    assert "zones: wall" in viewer.canvas.overlays[OVERLAY].text


def test_a_mark_has_a_place_of_its_own_beside_a_visit(viewer: Any, recording: Recording) -> None:
    visits = Intervals.build("rec", [100], [300], "m1", label=["wall"], arena=["box"])
    show(viewer, recording, Ethogram(visits, source="model"))
    desk = state_of(viewer).desk("rec")
    assert viewer.canvas.overlays[OVERLAY].text == ""  # nothing is amiss where no zone is visited
    desk.set_interval(120, 140)
    desk.mark("walking")
    tags = [layer.metadata[KEY]["tag"] for layer in viewer.layers][-2:]
    assert [(tag.role, tag.window.slot) for tag in tags] == [("zones", 0), ("human", 1)]


def test_labels_with_a_column_of_arenas_stay_labels(viewer: Any, recording: Recording) -> None:
    for source, arena in (("human", "box"), ("model", "")):
        rows = Intervals.build("rec", [50], [250], "m1", label=["walking"], arena=[arena])
        (layer,) = show(viewer, recording, Ethogram(rows, source=source))[-1:]
        assert layer.name in ("human", "labels")
    assert len(state_of(viewer).desk("rec").columns()["start"]) == 2


def test_other_kinds_are_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match="expected one of bout, low confidence, disagreement"):
        desk.next("mistake")
