from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.notifications import notification_manager

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.correction_settings import CorrectionSettings
from napari_mousegpt._napari.desk import Desk
from napari_mousegpt._napari.desk_book import corrections_file_path, joined
from napari_mousegpt._napari.label_layer import label_layer
from napari_mousegpt._napari.show import recording_layers, show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.writers import write_bouts
from napari_mousegpt.core.arena import Arena
from napari_mousegpt.core.colours import label_colour, palette
from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError, StorageError
from napari_mousegpt.io.labels import read_bouts
from napari_mousegpt.store.corrections import CorrectionsFile
from support.pace import Cost

Make = Callable[..., Recording]


@pytest.fixture
def desk(viewer: Any, recording: Recording, ethogram: Ethogram) -> Desk:
    show(viewer, recording, ethogram)
    return state_of(viewer).desk("rec")


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def id_of(desk: Desk, label: str) -> str:
    return next(row.bout_id for row in desk.book.rows if row.label == label)


def said(viewer: Any) -> str:
    return str(viewer.canvas.overlays[OVERLAY].text)


def last_sentence() -> str:
    return notification_manager.records[-1].message


def kept(recording: Recording) -> list[str]:
    return [edit.action for edit in CorrectionsFile.of_recording(recording).edits]


def test_what_is_marked_is_on_disk_before_anything_shows_it(
    viewer: Any, recording: Recording
) -> None:
    show(viewer, recording)
    desk = state_of(viewer).desk("rec")
    told: list[list[str]] = []
    desk.changed.connect(lambda: told.append(kept(recording)))
    desk.set_interval(100, 130)
    (bout,) = desk.mark("rearing")
    assert told == [["mark"]]
    assert desk.selection == (bout,)
    assert desk.interval is None
    row = desk.book.get(bout)
    assert (row.individual, row.start, row.stop, row.source) == ("m1", 100, 130, "human")
    # A layer for what people say is there now, and what was active still is.
    assert names(viewer) == ["rec", "skeleton", "pose", "human"]
    assert viewer.layers.selection.active.name == "pose"
    assert said(viewer) == "no label here"
    desk.go_to(129)
    assert said(viewer) == "human: rearing"
    desk.go_to(130)
    assert said(viewer) == "no label here"


def test_a_disk_that_fails_changes_nothing_and_says_what_to_do(
    viewer: Any, recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(tmp_path / "file" / "corrections"))
    show(viewer, recording)
    desk = state_of(viewer).desk("rec")
    told: list[int] = []
    desk.changed.connect(lambda: told.append(1))
    desk.set_interval(100, 130)
    before = len(notification_manager.records)
    assert desk.mark("rearing") == ()
    assert len(notification_manager.records) == before + 1
    assert "choose another folder for corrections in File > Preferences" in last_sentence()
    assert not told
    assert desk.interval == (100, 130)
    assert len(desk.book) == 0
    assert "human" not in names(viewer)
    with pytest.raises(StorageError), desk.raising():
        desk.mark("rearing")


def test_a_disk_that_fails_later_changes_nothing_either(
    viewer: Any, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: CorrectionsFile, *edits: Any) -> None:
        raise StorageError(self.path, found="a full disk", remedy="Make room.")

    show(viewer, recording)
    desk = state_of(viewer).desk("rec")
    desk.set_interval(100, 130)
    with monkeypatch.context() as patch:
        patch.setattr(CorrectionsFile, "append", full)
        assert desk.mark("rearing") == ()
    assert "found a full disk. Nothing was changed." in last_sentence()
    assert "choose another folder for corrections in File > Preferences" in last_sentence()
    assert (len(desk.book), desk.interval, names(viewer)[-1]) == (0, (100, 130), "pose")
    # Once there is room the mark is still there to be labelled.
    assert len(desk.mark("rearing")) == 1
    assert kept(recording) == ["mark"]


def test_a_label_given_by_hand_moves_to_the_layer_of_people(desk: Desk, viewer: Any) -> None:
    desk.go_to(50)
    assert said(viewer) == "labels: walking (90%)"
    bout = id_of(desk, "walking")
    assert desk.relabel("sniffing", bout) == (bout,)
    assert said(viewer) == "human: sniffing"
    human, labels = viewer.layers["human"], viewer.layers["labels"]
    assert set(human.features["label"][human.shown]) == {"sniffing"}
    assert not labels.shown.any()
    desk.undo()
    assert said(viewer) == "labels: walking (90%)"
    desk.redo()
    assert said(viewer) == "human: sniffing"


def test_only_the_layers_concerned_are_filled_again(
    desk: Desk, viewer: Any, recording: Recording, clusters: Ethogram
) -> None:
    show(viewer, recording, clusters)
    filled: list[str] = []
    for name in ("human", "labels", "clusters"):
        window = viewer.layers[name].metadata["napari_mousegpt"]["tag"].window
        fill = window.fill
        window.fill = lambda layer, *span, fill=fill: (
            filled.append(layer.name),
            fill(layer, *span),
        )
    desk.comment("check", id_of(desk, "still"))
    assert filled == ["human"]
    filled.clear()
    desk.relabel("sniffing", id_of(desk, "walking"))
    assert sorted(filled) == ["human", "labels"]
    filled.clear()
    desk.accept(id_of(desk, "slow turn"))
    assert filled == ["clusters"]


def test_bouts_are_trimmed_split_and_joined(desk: Desk) -> None:
    bout = id_of(desk, "walking")
    desk.select(bout)
    desk.trim(stop=200)
    assert (desk.book.get(bout).start, desk.book.get(bout).stop) == (0, 200)
    desk.go_to(120)
    first, second = desk.split()
    assert first == bout
    assert desk.selection == (second,)
    assert [(desk.book.get(one).start, desk.book.get(one).stop) for one in (first, second)] == [
        (0, 120),
        (120, 200),
    ]
    assert desk.book.get(second).parent_id == first
    desk.select(first, second)
    assert set(desk.merge()) == {first, second}
    assert desk.selection == (first,)
    assert desk.book.get(first).stop == 200
    # A bound outside the recording becomes its first or last.
    desk.trim(first, -50, 5000)
    assert (desk.book.get(first).start, desk.book.get(first).stop) == (0, 1000)


def test_status_and_comment_leave_who_said_it(desk: Desk, recording: Recording) -> None:
    bout = id_of(desk, "walking")
    desk.select(bout)
    desk.accept()
    desk.comment("clear case")
    row = desk.book.get(bout)
    assert (row.source, row.status, row.comment, row.confidence) == (
        "model",
        "accepted",
        "clear case",
        0.9,
    )
    desk.reject()
    desk.propose()
    assert desk.book.get(bout).status == "proposed"
    # A bout that somebody else made is rejected rather than removed.
    desk.remove()
    assert desk.book.get(bout).status == "rejected"
    assert kept(recording) == ["accept", "comment", "reject", "propose", "remove"]
    # One comment on several bouts is one edit.
    desk.select(*(row.bout_id for row in desk.book.rows))
    assert len(desk.comment("seen twice")) == 3
    assert kept(recording)[-1] == "comment"
    assert len(kept(recording)) == 6


def test_a_comment_on_several_bouts_is_taken_back_at_once(desk: Desk, recording: Recording) -> None:
    first, *others = (row.bout_id for row in desk.book.rows)
    desk.comment("seen", first)
    desk.select(first, *others)
    assert set(desk.comment("seen")) == set(others)
    assert kept(recording) == ["comment", "comment"]
    assert set(desk.undo()) == set(others)
    assert [row.comment for row in desk.book.rows].count("seen") == 1
    assert desk.comment("seen", first) == ()
    assert "commented so already" in last_sentence()


def test_lines_that_were_set_aside_are_told_once(viewer: Any, recording: Recording) -> None:
    book = BoutBook("rec", recording.n_frames)
    file = CorrectionsFile.of_recording(recording)
    file.append(book.plan_mark("m1", 0, 9, "rear"))
    with file.path.open("ab") as stream:
        stream.write(b"{}\n" * 4 + b'{"cut')
    before = len(notification_manager.records)
    show(viewer, recording)
    state_of(viewer).desk("rec")
    state_of(viewer).desk("rec")
    [told] = list(notification_manager.records)[before:]
    assert str(told.severity) == "warning"
    assert f"{file.path.name}, line 3: set aside" in told.message
    assert "line 6" not in told.message
    assert told.message.endswith("And 2 more.")
    assert len(state_of(viewer).desk("rec").book) == 1


def test_corrections_under_another_name_are_told(
    viewer: Any, recording: Recording, tmp_path: Path
) -> None:
    top = replace(
        recording.primary,
        sources={"video": "/data/rec.mp4"},
        fingerprints={"video": "b:aaaaaaaaaaaaaaaa"},
    )
    renamed = replace(recording, id="old", views=(top,))
    book = BoutBook("old", recording.n_frames)
    CorrectionsFile.of_recording(renamed).append(book.plan_mark("m1", 0, 9, "rear"))
    before = len(notification_manager.records)
    show(viewer, replace(recording, views=(top,)))
    desk = state_of(viewer).desk("rec")
    [told] = list(notification_manager.records)[before:]
    assert "the same video has some under the id 'old'" in told.message
    assert len(desk.book) == 0


def test_undo_has_no_end(desk: Desk) -> None:
    bout, before = id_of(desk, "walking"), desk.book.rows
    for number in range(12):
        desk.relabel(f"behaviour {number}", bout)
    for _ in range(12):
        assert desk.undo()
    assert desk.book.rows == before
    assert desk.undo() == ()
    assert "undo" in last_sentence()
    for _ in range(12):
        assert desk.redo()
    assert desk.book.get(bout).label == "behaviour 11"


def test_marks_go_with_the_slider(desk: Desk, viewer: Any) -> None:
    told: list[int] = []
    desk.selected.connect(lambda: told.append(1))
    desk.go_to(100)
    desk.mark_in()
    assert (desk.begun, desk.interval) == (100, None)
    desk.go_to(110)
    desk.mark_out()
    # The frame on screen is the last one in it.
    assert (desk.begun, desk.interval) == (None, (100, 111))
    assert viewer.status == "Frames 100 to 110 are marked (0.37 s)."
    desk.go_to(105)
    desk.mark_in()
    assert desk.interval == (105, 111)
    desk.go_to(150)
    desk.mark_out()
    assert desk.interval == (105, 151)
    assert len(told) == 4
    # The end first, then the beginning before it.
    desk.clear_interval()
    desk.mark_in()
    desk.go_to(140)
    desk.mark_out()
    assert desk.interval == (140, 151)
    # A label straight after the beginning: it ends here.
    desk.go_to(10)
    desk.mark_in()
    desk.clear_interval()
    desk.mark_in()
    desk.go_to(19)
    (bout,) = desk.mark("still")
    assert (desk.book.get(bout).start, desk.book.get(bout).stop) == (10, 20)


def test_what_cannot_be_taken_back_is_said_in_a_short_sentence(desk: Desk) -> None:
    assert desk.undo() == ()
    assert last_sentence() == "There is nothing to undo."
    assert desk.redo() == ()
    assert last_sentence() == "There is nothing to redo."
    assert {str(note.severity) for note in notification_manager.records[-2:]} == {"info"}
    with desk.raising(), pytest.raises(InputError, match="an edit to take back"):
        desk.undo()


def test_nothing_marked_or_chosen_is_said(desk: Desk) -> None:
    assert desk.mark("still") == ()
    assert "Mark the first and the last frame" in last_sentence()
    for edit in (desk.accept, desk.merge, desk.split, desk.remove):
        assert edit() == ()
        # A window of 1280 pixels shows no more than the beginning of what is said.
        assert last_sentence() == "Choose a bout first."
    desk.loop()
    assert "Choose a bout first" in last_sentence()


def test_intervals_beyond_the_recording_are_cut_or_refused(desk: Desk) -> None:
    desk.set_interval(-20, 30)
    assert desk.interval == (0, 30)
    desk.set_interval(990, 4000)
    assert desk.interval == (990, 1000)
    desk.set_interval(4000, 5000)
    assert desk.interval == (990, 1000)
    assert "frames of 'rec', 0 to 1000" in last_sentence()
    with pytest.raises(InputError, match="Mark a stretch inside the recording"), desk.raising():
        desk.set_interval(20, 20)
    desk.go_to(99_999)
    assert desk.frame == 999


def test_selecting_leaves_the_marks_and_brings_the_individual(
    viewer: Any, make_recording: Make
) -> None:
    two = make_recording(individuals=("a", "b"))
    bouts = Intervals.build("rec", [0, 50], [20, 90], ["a", "b"], label=["x", "y"])
    show(viewer, two, Ethogram(bouts))
    desk = state_of(viewer).desk("rec")
    assert desk.individual == ""  # nobody is meant where there are two
    desk.set_interval(3, 9)
    desk.select(id_of(desk, "y"), "no such bout", jump=True)
    assert (desk.selection, desk.interval) == ((id_of(desk, "y"),), None)
    assert (desk.individual, desk.frame) == ("b", 50)
    desk.set_interval(3, 9)
    assert desk.selection == ()
    assert desk.book.get(desk.mark("z")[0]).individual == "b"
    desk.individual = "a"
    desk.set_interval(3, 9)
    assert desk.book.get(desk.mark("z")[0]).individual == "a"
    assert desk.individuals == ("a", "b")


def test_corrections_are_there_at_once_in_the_next_viewer(
    desk: Desk, recording: Recording, ethogram: Ethogram
) -> None:
    desk.set_interval(100, 130)
    (bout,) = desk.mark("rearing")
    desk.relabel("sniffing", id_of(desk, "walking"))
    # The recording alone: what people said is shown, as nothing else is.
    other = ViewerModel()
    show(other, recording)
    assert names(other) == ["rec", "skeleton", "pose", "human"]
    assert {row.label for row in state_of(other).desk("rec").book.rows} == {"rearing", "sniffing"}
    show(other, recording, ethogram)
    # The layer that was made for corrections made way for that of the ethogram.
    assert names(other) == ["rec", "skeleton", "pose", "human", "labels"]
    assert state_of(other).desk("rec").book.rows == desk.book.rows
    state_of(other).go_to("rec", 110)
    assert said(other) == "human: sniffing + rearing"
    assert state_of(other).desk("rec").book.get(bout).label == "rearing"
    other.layers.clear()


def test_a_reader_brings_corrections_too(desk: Desk, recording: Recording, qapp: Any) -> None:
    desk.set_interval(100, 130)
    desk.mark("rearing")
    other = ViewerModel()
    state_of(other)
    for item in recording_layers(recording):
        other.add_layer(Layer.create(*item))
    end = time.monotonic() + 30
    while "human" not in names(other) and time.monotonic() < end:
        qapp.processEvents()
    assert names(other) == ["rec", "skeleton", "pose", "human"]
    other.layers.clear()


def test_without_corrections_no_desk_is_made(viewer: Any, recording: Recording) -> None:
    show(viewer, recording)
    assert not state_of(viewer).keys.bound
    assert not corrections_file_path(recording).exists()
    state_of(viewer).desk("rec").next()
    assert not corrections_file_path(recording).exists()


def test_two_viewers_write_to_one_file(
    desk: Desk, viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    other = ViewerModel()
    show(other, recording, ethogram)
    there = state_of(other).desk("rec")
    desk.set_interval(100, 130)
    (bout,) = desk.mark("rearing")
    there.relabel("sniffing", id_of(there, "walking"))
    # Whoever edits takes the edits of others over first.
    assert there.book.get(bout).label == "rearing"
    assert desk.book.get(id_of(desk, "walking")).label == "walking"
    told: list[int] = []
    desk.changed.connect(lambda: told.append(1))
    viewer.layers.selection.active = viewer.layers["rec"]
    assert told
    assert desk.book.rows == there.book.rows
    assert kept(recording) == ["mark", "relabel"]
    other.layers.clear()


def test_an_edit_on_a_bout_that_another_viewer_took_away_is_refused_in_words(
    desk: Desk, recording: Recording, ethogram: Ethogram
) -> None:
    desk.set_interval(100, 130)
    (bout,) = desk.mark("rearing")
    other = ViewerModel()
    show(other, recording, ethogram)
    state_of(other).desk("rec").remove(bout)
    assert desk.relabel("still", bout) == ()
    assert "It may have been merged, removed or undone" in last_sentence()
    assert desk.selection == ()
    other.layers.clear()


def test_layers_may_go_and_come_and_no_correction_is_lost(
    desk: Desk, viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    desk.relabel("sniffing", id_of(desk, "walking"))
    viewer.layers.remove("rec")
    viewer.layers.remove("human")
    viewer.layers.remove("labels")
    # What a person said is known still; the layer stays away until there is something new.
    assert [row.label for row in desk.book.rows] == ["sniffing"]
    assert names(viewer) == ["skeleton", "pose"]
    show(viewer, recording, ethogram)
    assert state_of(viewer).desk("rec") is desk
    assert {row.label for row in desk.book.rows} == {"sniffing", "still", "flying"}
    viewer.layers.clear()
    with pytest.raises(InputError, match="expected one that is open in this viewer, found none"):
        state_of(viewer).desk("rec")
    assert state_of(viewer).desk_of_active() is None
    show(viewer, recording)
    assert [row.label for row in state_of(viewer).desk("rec").book.rows] == ["sniffing"]


def test_a_new_mark_after_its_layer_was_removed_makes_another_one(desk: Desk, viewer: Any) -> None:
    viewer.layers.remove("human")
    desk.set_interval(10, 20)
    desk.mark("rearing")
    assert "human" in names(viewer)
    desk.go_to(15)
    assert "human: rearing" in said(viewer)


def test_a_file_of_a_recording_of_another_length_is_left_alone(
    viewer: Any, recording: Recording, make_recording: Make, ethogram: Ethogram
) -> None:
    path = corrections_file_path(recording)
    short = CorrectionsFile(path, "rec", 500, {})
    short.append(BoutBook("rec", 500).plan_mark("m1", 0, 10, "rearing"))
    before = path.read_bytes()
    show(viewer, recording, ethogram)
    desk = state_of(viewer).desk("rec")
    sentence = last_sentence()
    assert "500" in sentence
    assert len(desk.book) == 3
    assert desk.reject(id_of(desk, "walking")) == ()
    assert last_sentence() == sentence
    assert path.read_bytes() == before


def test_a_pose_without_a_video_or_a_rate_can_be_marked(viewer: Any, make_recording: Make) -> None:
    alone = make_recording(video=False)
    for item in recording_layers(alone, clocked=False):
        viewer.add_layer(Layer.create(*item))
    state = state_of(viewer)
    assert state.recordings == {}
    desk = state.desk_of_active()
    assert desk is not None
    assert not desk.clocked
    desk.go_to(0)
    desk.set_interval(0, 40)
    assert viewer.status == "Frames 0 to 39 are marked (40 frames)."
    desk.mark("rearing")
    assert said(viewer) == "human: rearing"
    assert viewer.layers["human"].scale[0] == 1.0


def test_colours_are_those_of_all_labels_and_stay(
    desk: Desk, viewer: Any, recording: Recording, clusters: Ethogram
) -> None:
    state = state_of(viewer)
    desk.relabel("zigzag", id_of(desk, "still"))
    before = dict(state.colours("rec"))
    assert set(before) >= {"walking", "zigzag", "flying"}
    # A label that would have had the colour, had it been there before.
    rival = next(f"a{i}" for i in count() if label_colour(f"a{i}") == before["zigzag"])
    assert palette({*before, rival})["zigzag"] != before["zigzag"]
    desk.relabel(rival, id_of(desk, "flying"))
    show(viewer, recording, clusters)
    desk.relabel("aardvark", id_of(desk, "walking"))
    after = state.colours("rec")
    assert set(after) >= {*before, "aardvark", "slow turn", "quick walk"}
    assert {label: after[label] for label in before} == before
    assert len(set(after.values())) == len(after)
    desk.go_to(10)
    human = viewer.layers["human"]
    row = list(human.data[:, 0]).index(10)
    assert human.features["label"][row].startswith("aardvark")
    shown = "#" + "".join(f"{round(part * 255):02x}" for part in human.face_color[row][:3])
    assert shown == after["aardvark"]


def test_labels_have_hot_keys_and_clusters_none(
    desk: Desk, viewer: Any, recording: Recording, clusters: Ethogram
) -> None:
    show(viewer, recording, clusters)
    assert desk.labels == {"flying": "1", "still": "2", "walking": "3"}
    assert desk.all_labels == {"flying", "still", "walking", "slow turn", "quick walk"}
    # A cluster that a person took for a label is one.
    desk.relabel("slow turn", id_of(desk, "slow turn"))
    assert desk.labels["slow turn"] == "4"


def test_all_bouts_of_a_layer_are_saved_as_corrected(
    desk: Desk, viewer: Any, tmp_path: Path
) -> None:
    desk.set_interval(100, 130)
    desk.mark("rearing")
    desk.relabel("sniffing", id_of(desk, "walking"))
    for name, labels in (("human", {"rearing", "sniffing", "still"}), ("labels", {"flying"})):
        path = tmp_path / f"{name}.csv"
        write_bouts(path, None, {"metadata": viewer.layers[name].metadata})
        assert set(read_bouts(path).labels) == labels


def test_a_bout_of_two_ethograms_counts_once(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    assert joined([]) is None
    assert joined([ethogram]) is ethogram
    both = joined([ethogram, ethogram, Ethogram(Intervals.empty().assign(label=[]))])
    assert both == ethogram
    show(viewer, recording, ethogram)
    show(viewer, recording, ethogram)
    desk = state_of(viewer).desk("rec")
    assert len(desk.book) == 3
    desk.go_to(10)
    # Each bout stands in one layer, the first that has it.
    assert said(viewer).count("walking") == 1


def test_a_mixed_layer_keeps_what_it_came_with(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    state_of(viewer)
    show(viewer, recording)
    viewer.add_layer(Layer.create(*label_layer(ethogram, recording)))
    state_of(viewer).desk("rec").go_to(350)
    assert said(viewer) == "labels: walking + still (50%)"


def test_who_corrects_is_chosen_or_the_name_of_the_account(
    desk: Desk, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari_mousegpt._napari.correction_settings as settings

    class Section:
        who, folder, low_confidence = " KM ", "", 0.5

    monkeypatch.setattr(settings, "correction_section", Section)
    desk.reject(id_of(desk, "walking"))
    assert desk.who == "KM"
    assert CorrectionsFile.of_recording(recording).edits[-1].who == "KM"
    assert CorrectionSettings().name
    assert CorrectionSettings(folder=" ~/x ").path == Path.home() / "x"


def test_other_arenas_are_those_of_the_desk_too(desk: Desk, viewer: Any) -> None:
    state_of(viewer).set_arenas("rec", [Arena("box")])
    assert [arena.name for arena in desk.recording.primary.arenas] == ["box"]


def test_what_the_timeline_shows_is_kept_by_recording(viewer: Any, desk: Desk) -> None:
    state = state_of(viewer)
    assert state.visible("rec") is None
    state.set_visible("rec", 10, 50)
    assert state.visible("rec") == (10, 50)
    state.set_visible("rec")
    assert state.visible("rec") is None


def test_an_edit_among_many_bouts_is_quick(viewer: Any, make_recording: Make) -> None:
    count, n_frames = 100_000, 1_000_000
    rng = np.random.default_rng(0)
    start = np.sort(rng.integers(0, n_frames - 50, count))
    bouts = Intervals.build(
        "rec",
        start,
        start + rng.integers(1, 40, count),
        "m1",
        label=rng.choice(["walking", "still", "rearing"], count),
        confidence=rng.random(count),
        source=rng.choice(["model", "human", "cluster"], count),
    )
    show(viewer, make_recording(n_frames, pose=False), Ethogram(bouts))
    desk = state_of(viewer).desk("rec")
    desk.go_to(500_000)
    took: list[float] = []
    with Cost() as cost:
        for number in range(6):
            desk.set_interval(500_000 + 10 * number, 500_005 + 10 * number)
            began = time.thread_time()
            desk.mark("rearing")
            took.append(time.thread_time() - began)
    # Most of it is napari's own work on three layers of 300 rows.
    assert min(took) / cost.slowness < 0.060
