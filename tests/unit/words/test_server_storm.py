"""A thousand clips and a server that misbehaves in every known way."""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest

from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.words import server_session
from napari_mousegpt.words.server_client import describe_remote
from napari_mousegpt.words.server_requests import reply_schema
from napari_mousegpt.words.servers import Reply, Server
from support.mock_server import MODEL, Answer, Request, chat_answer, mock_server
from support.pace import slowness

N_CLIPS = 1000
LIMIT = 12
TRIES = 4
#: Seconds that nothing here takes, on whatever machine.
LONG = 60.0
RATE_LIMIT = b'{"error": {"message": "Rate limit reached"}}'


def ask(number: int) -> Ask:
    frames = np.full((2, 16, 16, 3), number % 256, dtype=np.uint8)
    return Ask((ClipFrames(frames, np.arange(2), 10.0, 4, 0.4),), f"This is clip number {number}.")


def read(text: str) -> tuple[Mapping[str, object], str]:
    """As a reader of replies does: code fences are repaired, what is no JSON is marked."""
    try:
        return json.loads(text), ""
    except ValueError:
        pass
    inner = text.split("```json")[-1].split("```")[0]
    try:
        return json.loads(inner), "repaired: code fence"
    except ValueError:
        return {}, "not JSON"


def good(clip: int) -> str:
    return json.dumps({"label": "rear", "overall": f"clip {clip}"})


def misbehave(request: Request) -> Answer:
    """Every clip has its own trouble, by its number; even ones are spared."""
    clip, nth = request.clip, request.nth
    fine = Answer(body=chat_answer(good(clip)))
    kind = clip % 40
    first = nth == 0
    if kind == 1 and first:
        return Answer(429, RATE_LIMIT)
    if kind == 3 and first:
        return Answer(429, RATE_LIMIT, {"Retry-After": "0.05"})
    if kind == 5 and first and clip < 200:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
        return Answer(429, RATE_LIMIT, {"Retry-After": until})
    if kind == 7 and nth < 2:
        return Answer(500, b"<html><body>Internal Server Error</body></html>")
    if kind == 9:
        return Answer(503, b"overloaded")  # for ever
    if kind == 11 and first and clip < 400:
        return Answer(body=chat_answer(good(clip)), delay_s=30)
    if kind == 13:
        return Answer(body=chat_answer(good(clip)), delay_s=0.03)
    if kind == 15 and first:
        return Answer(body=chat_answer(good(clip)), cut=40)
    if kind == 17:
        return Answer(body=chat_answer(good(clip)), cut=0)  # for ever
    if kind == 19 and first:
        return Answer(body=chat_answer(good(clip))[:-9])
    if kind == 21:
        return Answer(body=b"[1, 2")  # for ever
    if kind == 23:
        return Answer(body=chat_answer(f"Sure!\n```json\n{good(clip)}\n```"))
    if kind == 25 and first:
        return Answer(body=chat_answer('{"label": "re'))
    if kind == 27:
        return Answer(body=chat_answer("I cannot see a mouse."))  # for ever
    if kind == 29 and first:
        return Answer(body=chat_answer("", choices=[]))
    if kind == 31:
        return Answer(body=chat_answer("", choices=[]))  # for ever
    if kind == 33:
        return Answer(body=chat_answer(good(clip), model="other-vlm"))
    if kind == 35:
        return Answer(400, b'{"error": {"message": "cannot identify image file"}}')
    if kind == 37:
        return Answer(413, b"Payload Too Large")
    if kind == 39 and first:
        return Answer(429, RATE_LIMIT, {"Retry-After": "3600"})
    if 480 <= clip < 520:  # the even ones: so many that every one of the requests allowed waits
        return Answer(body=chat_answer(good(clip)), delay_s=0.4)
    return fine


#: What becomes of a clip by its trouble: the name of its error, and the requests it took.
ENDINGS = {
    1: ("", 2),
    3: ("", 2),
    7: ("", 3),
    9: ("busy", TRIES),
    13: ("", 1),
    15: ("", 2),
    17: ("connection", TRIES),
    19: ("", 2),
    21: ("malformed", TRIES),
    23: ("", 1),
    25: ("", 2),
    27: ("", 2),
    29: ("", 2),
    31: ("empty", TRIES),
    33: ("", 1),
    35: ("refused", 1),
    37: ("too large", 1),
    39: ("busy", 1),
}


@pytest.mark.slow
def test_every_clip_ends_with_a_result_or_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    # httpcore asks for it ten times for each request, and searches all paths where it is absent.
    monkeypatch.setitem(sys.modules, "sniffio", sys.modules.get("sniffio"))
    notes: list[str] = []
    begun = time.monotonic()
    with mock_server(misbehave) as mock:
        server = Server(
            mock.url, MODEL, concurrency=LIMIT, timeout_s=3.0, tries=TRIES, first_wait_s=0.02
        )
        replies = list(
            describe_remote(
                map(ask, range(N_CLIPS)), server, schema=reply_schema(), read=read,
                note=notes.append,
            )
        )  # fmt: skip
    seconds = time.monotonic() - begun
    assert [reply.row for reply in replies] == list(range(N_CLIPS))
    assert LIMIT // 2 <= mock.peak <= LIMIT
    sent = Counter(request.clip for request in mock.requests)
    for reply in replies:
        check_ending(reply)
        assert reply.tries == sent[reply.row]
    assert len(notes) == 1
    assert "other-vlm" in notes[0]
    # One after the other they take 77, and 8.5 on a machine at rest.
    assert seconds < 40 * slowness(time.perf_counter)


def check_ending(reply: Reply) -> None:
    kind = reply.row % 40
    troubled = (kind == 5 and reply.row < 200) or (kind == 11 and reply.row < 400)
    name, tries = ENDINGS.get(kind, ("", 2 if troubled else 1))
    assert (reply.error.kind if reply.error else "", reply.tries) == (name, tries), reply
    if name:
        assert reply.text == ""
        assert not reply.values
    elif kind == 27:
        assert reply.text == "I cannot see a mouse."
        assert reply.problem == "not JSON"
    else:
        assert reply.values == {"label": "rear", "overall": f"clip {reply.row}"}
        expected = {
            23: "repaired: code fence",
            33: "answered by other-vlm, not by tiny-vlm",
        }
        assert reply.problem == expected.get(kind, "")
        assert reply.model == ("other-vlm" if kind == 33 else MODEL)
    if name in ("busy", "connection", "malformed", "empty") and tries > 1:
        assert f"({TRIES} tries)" in str(reply.error)
    if kind == 39:
        assert "asks to wait 3600 s" in str(reply.error)


def test_asks_are_read_only_as_far_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_session, "_AHEAD", 16)
    alive = Counter[str]()

    def asks() -> Iterator[Ask]:
        for number in itertools.count():
            alive["read"] = number + 1
            yield ask(number)

    with mock_server() as mock:
        replies = describe_remote(asks(), Server(mock.url, MODEL, concurrency=4))
        for _ in range(5):
            next(replies)
        time.sleep(0.3)
        assert alive["read"] <= 5 + 16 + 4
        replies.close()
    assert not [thread for thread in threading.enumerate() if "server" in thread.name]
    assert wait_until(lambda: mock.open == 0)


def test_an_early_slow_clip_keeps_its_place_and_holds_up_nobody() -> None:
    arrived: dict[int, float] = {}

    def behave(request: Request) -> Answer:
        arrived[request.clip] = time.monotonic()
        body = chat_answer(f"clip {request.clip}")
        if request.clip:
            return Answer(body=body)
        return Answer(body=body, delay_s=LONG, until=lambda: len(arrived) == 30)

    with mock_server(behave) as mock:
        server = Server(mock.url, MODEL, timeout_s=2 * LONG)
        replies = list(describe_remote([ask(i) for i in range(30)], server))
    assert [reply.text for reply in replies] == [f"clip {i}" for i in range(30)]
    # The first one was answered when all others had been asked, not when its time was over.
    assert replies[0].tries == 1
    assert replies[0].seconds < LONG


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


@pytest.mark.parametrize("limit", [1, 3])
def test_never_more_requests_than_allowed(limit: int) -> None:
    end = time.monotonic() + LONG

    def behave(request: Request) -> Answer:
        # The first ones wait for each other: so many are allowed, however slow the machine is.
        if mock.peak < limit and time.monotonic() < end:
            return Answer(body=chat_answer("x"), delay_s=5, until=lambda: mock.peak >= limit)
        return Answer(body=chat_answer("x"), delay_s=0.01)

    with mock_server(behave) as mock:
        server = Server(mock.url, MODEL, concurrency=limit)
        assert len(list(describe_remote([ask(i) for i in range(40)], server))) == 40
    assert mock.peak == limit


def test_frames_are_let_go_of() -> None:
    """A clip of 1 MB is dropped when it is answered, so that 60 of them do not add up."""

    def asks() -> Iterator[Ask]:
        for number in range(60):
            frames = np.zeros((4, 296, 296, 3), dtype=np.uint8)
            clip = ClipFrames(frames, np.arange(4), 10.0, 4, 0.4)
            yield Ask((clip,), f"This is clip number {number}.")

    with mock_server() as mock:
        tracemalloc.start()
        try:
            n = sum(1 for _ in describe_remote(asks(), Server(mock.url, MODEL)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert n == 60
    assert peak < 30 * 2**20
