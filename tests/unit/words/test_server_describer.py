"""Describing by a server, from a movie on disk to the table, with everything that can go wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import napari_mousegpt as mg
from napari_mousegpt.clips import ClipParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.consent import ConsentError
from napari_mousegpt.words import DescribeParams, server_describer
from napari_mousegpt.words.server_consent import agree_to_server
from napari_mousegpt.words.servers import KEY_VARIABLE, Reply, Server, ServerError
from support.film_reel import write_reel
from support.mock_server import MODEL, Answer, Request, chat_answer, mock_server

LABELS = ("left", "right")
CLIPS = ClipParams(frames=4, size=56)
GOOD = {
    "overall": "The mouse goes to the left.",
    "head": "not visible",
    "limb": "The paws step.",
    "torso": "Level.",
    "keywords": ["going", "left"],
    "label": "left",
}


@pytest.fixture(autouse=True)
def _no_proxy_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.fixture
def reel(tmp_path: Path) -> mg.Recording:
    return mg.open_recording(write_reel(tmp_path / "cage7.mp4", ["left"] * 4))


def asked(url: str, **more: Any) -> DescribeParams:
    server = Server(url, MODEL, first_wait_s=0.01, timeout_s=5.0, tries=3)
    given = {"vocabulary": LABELS, "clips": CLIPS, **more}
    return DescribeParams(server=given.pop("server", server), **given)


def content(request: Request) -> list[dict[str, Any]]:
    return [part for message in request.body["messages"] for part in message["content"]
            if isinstance(part, dict)]  # fmt: skip


def said(request: Request) -> str:
    system = [m["content"] for m in request.body["messages"] if isinstance(m["content"], str)]
    plain = [part["text"] for part in content(request) if part["type"] == "text"]
    return "\n".join([*(t for t in system), *plain])


def test_all_parts_come_with_one_request(reel: mg.Recording, tmp_path: Path) -> None:
    with mock_server(lambda _: Answer(body=chat_answer(json.dumps(GOOD)))) as server:
        table = mg.describe(reel, mg.windows(reel), asked(server.url), out=tmp_path / "run")
        assert len(server.requests) == 4
        again = mg.describe(reel, mg.windows(reel), asked(server.url), out=tmp_path / "run")
        assert len(server.requests) == 4
    assert again.equals(table)
    row = table.iloc[0]
    assert (row["label"], row["overall"], row["head"]) == ("left", GOOD["overall"], "not visible")
    assert (row["keywords"], row["model"], row["problem"]) == ("going;left", MODEL, "")
    assert json.loads(row["raw"]) == GOOD
    assert json.loads(row["evidence"]) == {"frames": [3, 9, 15, 21], "tries": 1}
    request = server.requests[0]
    assert sum(part["type"] == "image_url" for part in content(request)) == 4
    schema = request.body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == list(LABELS)
    assert "Measured on this clip" in said(request)
    assert "cage7" not in "".join(map(said, server.requests))
    card = json.loads((tmp_path / "run" / "result" / "run_card.json").read_text())
    facts = json.loads(card["models"]["server"])
    assert (facts["asked"], facts["listed"], facts["software"]) == (MODEL, [MODEL], "mock")
    assert card["params"]["server"]["url"] == server.url


def test_what_cannot_be_had_is_named_in_its_row(reel: mg.Recording, tmp_path: Path) -> None:
    def behave(request: Request) -> Answer:
        start = json.dumps(request.body["messages"])
        number = len(seen)
        seen.setdefault(start, number)
        return [
            Answer(body=chat_answer(json.dumps(GOOD))),
            Answer(500, b"broken"),
            Answer(body=chat_answer("the mouse walks about, I think")),
            Answer(body=chat_answer(json.dumps(GOOD), model="cheap-model")),
        ][seen[start]]

    seen: dict[str, int] = {}
    with mock_server(behave) as server:
        one = Server(server.url, MODEL, first_wait_s=0.01, tries=2, concurrency=1)
        params = asked(server.url, server=one)
        with pytest.warns(UserWarning, match="cheap-model"):
            table = mg.describe(reel, mg.windows(reel), params, out=tmp_path / "run")
    problems = table["problem"].tolist()
    assert table["start"].tolist() == [0, 24, 48, 72]
    assert problems[0] == ""
    assert problems[1].startswith("not described: server")
    assert table["overall"][2] == "the mouse walks about, I think"
    assert "the whole answer stands as overall" in problems[2]
    assert table["model"][3] == f"{MODEL}, answered as cheap-model"
    assert table["raw"][1] == ""


def test_a_server_that_fails_for_all_is_one_error(reel: mg.Recording, tmp_path: Path) -> None:
    with mock_server(lambda _: Answer(400, b"no")) as server, pytest.raises(ServerError):
        mg.describe(reel, mg.windows(reel), asked(server.url), out=tmp_path / "run")
    assert not (tmp_path / "run" / "result").exists()
    assert not [t for t in threading.enumerate() if "server " in t.name]


def test_no_frame_leaves_before_it_is_agreed(
    reel: mg.Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://gpu.lab.invalid/v1"
    with pytest.raises(ConsentError, match=r"16 frames of your video.*gpu.lab.invalid"):
        mg.describe(reel, mg.windows(reel), asked(url), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    agree_to_server(url, who="Ada")
    with pytest.raises(ServerError):
        mg.describe(reel, mg.windows(reel), asked(url), out=tmp_path / "run")


def test_a_server_without_the_model_is_not_asked(reel: mg.Recording) -> None:
    with mock_server() as server:
        params = DescribeParams(model="qwen3-vl", server=server.url, clips=CLIPS)
        with pytest.raises(ServerError, match=f"only {MODEL}"):
            mg.describe(reel, mg.windows(reel), params)
        assert server.requests == []


def test_an_interval_without_length_is_refused_before_anything_is_sent(
    reel: mg.Recording,
) -> None:
    empty = Intervals.build(reel.id, [0, 30], [24, 30], ["", ""])
    with mock_server() as server:
        with pytest.raises(InputError, match=r"interval 1, .*length"):
            mg.describe(reel, empty, asked(server.url))
        assert server.requests == server.listings == []


def test_a_stopped_run_asks_only_what_is_missing(reel: mg.Recording, tmp_path: Path) -> None:
    ranges, hang = mg.windows(reel, "500ms"), threading.Event()
    hang.set()

    def behave(_: Request) -> Answer:
        late = hang.is_set() and len(server.requests) >= 3
        return Answer(body=chat_answer(json.dumps(GOOD)), delay_s=60.0 if late else 0.0)

    with mock_server(behave) as server:
        one = Server(server.url, MODEL, concurrency=1)
        params = asked(server.url, server=one, ranges_per_part=4)
        parts = mg.iter_describe(
            reel, ranges, params, out=tmp_path / "run", cancelled=lambda: len(server.requests) >= 3
        )
        assert list(parts) == []
        journal = tmp_path / "run" / "parts" / "words" / "00000.jsonl"
        assert len(journal.read_bytes().splitlines()) == 2
        hang.clear()
        server.requests.clear()
        table = mg.describe(reel, ranges, params, out=tmp_path / "run")
        assert len(server.requests) == 6
    assert table["start"].tolist() == list(range(0, 96, 12))


@pytest.mark.parametrize("dies", [False, True])
def test_after_a_gap_nothing_is_taken(
    reel: mg.Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    def with_gap(asks: Iterator[Any], server: Server, **_: Any) -> Iterator[Reply]:
        yield from (Reply(row, json.dumps(GOOD), GOOD) for row, _ in enumerate(asks) if row != 1)
        if dies:
            raise ServerError(server, "connection", found="that nothing answers")

    monkeypatch.setattr(server_describer, "describe_remote", with_gap)
    with mock_server() as server:
        parts = mg.iter_describe(reel, mg.windows(reel), asked(server.url), out=tmp_path / "run")
        if dies:
            # Or the run would end as if somebody had stopped it.
            with pytest.raises(ServerError, match="nothing answers"):
                list(parts)
        else:
            assert list(parts) == []
    (journal,) = tmp_path.rglob("*.jsonl")
    assert len(journal.read_bytes().splitlines()) == 1
