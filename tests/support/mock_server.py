"""A chat server on loopback that behaves as badly as it is told to, and counts what it sees."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answer", "MockServer", "Request", "chat_answer", "mock_server"]

MODEL = "tiny-vlm"
_CLIP = re.compile(r"clip number (\d+)")


@dataclass(frozen=True)
class Request:
    """One request: ``clip`` is read from "clip number N" in its text, ``nth`` counts from 0."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    clip: int
    nth: int


@dataclass(frozen=True)
class Answer:
    """What goes back.

    After ``delay_s``, or as soon as ``until`` holds; a byte each ``drip_s``; only ``cut`` bytes of
    it before hanging up.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    until: Callable[[], bool] | None = None
    cut: int | None = None
    drip_s: float = 0.0


def chat_answer(text: str | None, model: str = MODEL, **more: Any) -> bytes:
    """The body of a completion with one choice."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    body = {
        "id": "x",
        "object": "chat.completion",
        "model": model,
        "choices": [choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7},
    }
    return json.dumps({**body, **more}).encode()


def _model_list(*names: str) -> bytes:
    return json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode()


class MockServer:
    """Answers ``GET */models`` by itself and asks ``behave`` about everything else."""

    def __init__(
        self,
        behave: Callable[[Request], Answer],
        models: Answer | None = None,
    ) -> None:
        self.models = models or Answer(body=_model_list(MODEL))
        self.requests: list[Request] = []
        self.listings: list[Request] = []
        self.peak = self.open = 0
        self.port = 0
        self._behave = behave
        self._seen: Counter[int] = Counter()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(60)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=2**24)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            first = await reader.readexactly(1)
            if not first.isalpha():  # as servers answer to https
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                await writer.drain()
                return
            while await self._exchange(first, reader, writer):
                first = b""
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, as it may
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _exchange(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        request = await self._read(first, reader)
        if request.path.endswith("/models"):
            self.listings.append(request)
            answer = self.models
        else:
            self.requests.append(request)
            answer = self._behave(request)
        self.open += 1
        self.peak = max(self.peak, self.open)
        try:
            if answer.delay_s:
                # The client may hang up meanwhile: then there is an end, and no further request.
                waiting = asyncio.ensure_future(reader.read(1))
                await self._pause(waiting, answer)
                if waiting.done():
                    return False
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    await waiting
            return await self._write(answer, request, writer)
        finally:
            self.open -= 1

    @staticmethod
    async def _pause(hung_up: asyncio.Future[bytes], answer: Answer) -> None:
        if answer.until is None:
            await asyncio.wait([hung_up], timeout=answer.delay_s)
            return
        end = asyncio.get_running_loop().time() + answer.delay_s
        while not (hung_up.done() or answer.until()):
            if asyncio.get_running_loop().time() > end:
                return
            await asyncio.sleep(0.005)

    async def _write(self, answer: Answer, request: Request, writer: asyncio.StreamWriter) -> bool:
        names = {"Content-Type": "application/json", "Server": "mock", **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} Word"]
        lines += [f"{name}: {value}" for name, value in names.items()]
        lines += [f"Content-Length: {len(answer.body)}", "", ""]
        if answer.cut is not None:
            writer.write("\r\n".join(lines).encode() + answer.body[: answer.cut])
            await writer.drain()
            writer.close()
            return False
        writer.write("\r\n".join(lines).encode())
        for byte in answer.body if answer.drip_s else b"":
            writer.write(bytes([byte]))
            await asyncio.sleep(answer.drip_s)
        writer.write(b"" if answer.drip_s else answer.body)
        await writer.drain()
        return True

    async def _read(self, first: bytes, reader: asyncio.StreamReader) -> Request:
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        body = json.loads(raw) if raw else {}
        clip = -1
        for message in body.get("messages", ()):
            for part in message["content"] if isinstance(message["content"], list) else ():
                found = _CLIP.search(part.get("text", ""))
                clip = int(found[1]) if found else clip
        nth = self._seen[clip]
        if method == "POST":
            self._seen[clip] += 1
        return Request(method, path, headers, body, clip, nth)


@contextmanager
def mock_server(
    behave: Callable[[Request], Answer] | None = None, models: Answer | None = None
) -> Iterator[MockServer]:
    """A running server; by default it answers every clip with its number."""
    server = MockServer(behave or (lambda r: Answer(body=chat_answer(f"clip {r.clip}"))), models)
    server.start()
    try:
        yield server
    finally:
        server.stop()
