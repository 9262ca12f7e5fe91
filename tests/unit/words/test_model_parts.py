"""Parts of a run with a model, and the rows that are kept before a part is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.store import RunFolder, iter_parts
from napari_mousegpt.words import model_parts
from napari_mousegpt.words.described import Described, failed_row, worth_asking_again
from napari_mousegpt.words.model_parts import ModelParts, checked_words, pieces_of
from napari_mousegpt.words.row_journal import RowJournal
from napari_mousegpt.words.rules import KinematicRules
from napari_mousegpt.words.servers import Server, ServerError
from napari_mousegpt.words.slots import Where, assemble

RANGES = Intervals.build("r", range(0, 70, 10), range(10, 80, 10), [""] * 7)


class Echo:
    """Describes an interval by its start; fails at some, and counts what it was asked."""

    def __init__(
        self, bad: tuple[int, ...] = (), stop_at: int = -1, error: Exception | None = None
    ) -> None:
        self.bad, self.stop_at, self.asked, self.closed = bad, stop_at, list[int](), False
        self.error = error

    def rows(self, ranges: Intervals, cancelled: Callable[[], bool]) -> Iterator[Described]:
        try:
            for name, start, stop in zip(
                ranges.range_ids(), ranges.start, ranges.stop, strict=True
            ):
                if start == self.stop_at or cancelled():
                    return
                self.asked.append(int(start))
                where = Where(str(name), "r", "", int(start), int(stop))
                if start in self.bad:
                    error = self.error or ValueError(f"bad {start}")
                    yield Described(failed_row(where, "echo", "p", error), error)
                else:
                    words = {"overall": f"at {start}"}
                    yield Described(assemble(where, words, model="echo", prompt_id="p", raw=""))
        finally:
            self.closed = True


def run(place: Path, echo: Echo, size: int = 3, again: bool = True) -> list[str]:
    """Go on with a run as far as it comes."""
    with RunFolder(place, RunCard("describe", {}, {})) as folder:
        parts = ModelParts(
            echo,
            folder,
            pieces_of(RANGES, size),
            lambda rows: checked_words(rows, None, KinematicRules()),
            lambda: False,
            again=again,
        )
        said: list[str] = []
        try:
            for part in iter_parts(folder, parts.jobs):
                said += part.table["overall"].tolist()
        except Cancelled:
            pass
        finally:
            parts.close()
    return said


def test_one_stream_fills_all_parts(tmp_path: Path) -> None:
    echo = Echo()
    assert run(tmp_path, echo) == [f"at {start}" for start in range(0, 70, 10)]
    assert echo.asked == list(range(0, 70, 10))
    assert echo.closed
    again = Echo()
    assert len(run(tmp_path, again)) == 7
    assert again.asked == []


@pytest.mark.parametrize("stop_at", [0, 10, 30, 50, 60])
def test_a_stopped_run_asks_nothing_twice(tmp_path: Path, stop_at: int) -> None:
    first = Echo(stop_at=stop_at)
    run(tmp_path, first)
    second = Echo()
    assert run(tmp_path, second) == [f"at {start}" for start in range(0, 70, 10)]
    assert first.asked + second.asked == list(range(0, 70, 10))
    assert not list(tmp_path.rglob("*.jsonl"))


def test_a_damaged_part_alone_is_made_again(tmp_path: Path) -> None:
    run(tmp_path, Echo())
    (tmp_path / "parts" / "words" / "00001.parquet").write_bytes(b"damaged")
    again = Echo()
    assert len(run(tmp_path, again)) == 7
    assert again.asked == [30, 40, 50]


def test_failures_stay_in_their_rows(tmp_path: Path) -> None:
    # Also where a part, such as the last one, holds nothing else.
    said = run(tmp_path, Echo(bad=(10, 30, 40, 50, 60)))
    assert said == ["at 0", "", "at 20", "", "", "", ""]
    assert run(tmp_path, Echo()) == said


def test_where_nothing_works_the_run_ends(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bad 0"):
        run(tmp_path, Echo(bad=tuple(range(0, 70, 10))), size=7)
    again = Echo()
    assert len(run(tmp_path, again, size=7)) == 7
    assert again.asked == list(range(0, 70, 10))


def test_where_nothing_works_any_more_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_parts, "_HOPELESS", 3)
    with pytest.raises(ValueError, match="bad 30"):
        run(tmp_path, Echo(bad=(30, 40, 50)))
    # What failed is tried again, what stood before is kept.
    again = Echo()
    assert len(run(tmp_path, again)) == 7
    assert again.asked == [30, 40, 50, 60]


def test_where_the_machine_failed_is_asked_again(tmp_path: Path) -> None:
    lack = MemoryError("no room")
    said = run(tmp_path, Echo(bad=(10, 40), error=lack))
    assert said == ["at 0", "", "at 20", "at 30", "", "at 50", "at 60"]
    (tmp_path / "result").mkdir()
    results = tmp_path / "result" / "run_card.json"
    results.write_text("of the words before")
    # A run that only reads what is there leaves it as it is.
    assert run(tmp_path, idle := Echo(), again=False) == said
    assert idle.asked == []
    # One that is stopped once more has forgotten nothing, and the old results stand.
    run(tmp_path, Echo(stop_at=10))
    assert results.exists()
    again = Echo()
    assert run(tmp_path, again) == [f"at {start}" for start in range(0, 70, 10)]
    assert again.asked == [10, 40]
    assert not results.exists()
    assert not list(tmp_path.rglob("*.jsonl"))


def test_what_counts_as_a_failure_of_the_machine() -> None:
    server = Server("http://127.0.0.1:1", "m")

    def again(error: Exception) -> bool:
        row = failed_row(Where("i", "r", "", 0, 9), "m", "p", error)
        assert row["problem"].startswith("not described: ")
        return worth_asking_again(row["evidence"])

    passing = ("connection", "timeout", "busy", "server", "key", "path", "redirect", "model")
    assert all(again(ServerError(server, kind, found="x")) for kind in passing)
    lasting = ("refused", "too large", "malformed", "empty", "clip")
    assert not any(again(ServerError(server, kind, found="x")) for kind in lasting)
    assert again(RuntimeError("CUDA out of memory"))
    assert not again(ValueError("bad"))


def test_a_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    journal = RowJournal(tmp_path / "deep" / "00000.jsonl")
    ids = ["a", "b", "c"]
    for name in ids:
        journal.add({"range_id": name, "margin": float("nan")})
    whole = journal.path.read_bytes()
    assert list(journal.read(ids)) == ids
    journal.path.write_bytes(whole[:-9])
    assert list(journal.read(ids)) == ["a", "b"]
    journal.add({"range_id": "c"})
    assert list(journal.read(ids)) == ids
    assert list(journal.read(["a", "x", "c"])) == ["a", "c"]
    journal.clear()
    assert journal.read(ids) == {}


def test_rows_of_one_animal_of_several_are_checked(animal: Callable[..., FrameFeatures]) -> None:
    from .conftest import STANDING, WALKING

    features = {"a": animal((WALKING, 20)), "b": animal((STANDING, 20))}
    rows: list[dict[str, Any]] = []
    for who in ("", "a", "b"):
        where = Where(f"id{who}", "r", who, 0, 20)
        rows.append(
            assemble(where, {"overall": "The mouse sits still."}, model="m", prompt_id="p", raw="")
        )
    table = checked_words(rows, features, KinematicRules())
    assert table["individual"].tolist() == ["", "a", "b"]
    assert "several animals" in table["contradiction_words"][0]
    assert table["contradiction"][1] > 0.5 > table["contradiction"][2]
    whole = checked_words(rows[:1], features, KinematicRules())
    assert whole["contradiction"].isna().all()
    assert "contradiction" not in checked_words(rows, None, KinematicRules())
