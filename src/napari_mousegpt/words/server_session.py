"""The threads behind a server: one reads asks, one holds the event loop that sends them."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.words.server_exchange import Exchange, Reader, client_settings
from napari_mousegpt.words.server_keys import ServerKey
from napari_mousegpt.words.server_requests import request_body
from napari_mousegpt.words.servers import Reply, Server, ServerError

if TYPE_CHECKING:
    from napari_mousegpt.models.asks import Ask

__all__ = ["Session"]

#: Answers that may wait for an earlier one.
_AHEAD = 256
_POLL_S = 0.02
_FEWEST_FAILURES = 8
#: Errors that the next clip need not meet as well.
_OF_A_CLIP = ("refused", "too large", "malformed", "empty", "clip")

_Work = asyncio.Queue[tuple[int, dict[str, Any]] | None]


class _Stopped(Exception):  # noqa: N818 - no error: it ends the group of tasks
    """The user cancelled, or nobody iterates any more."""


class Session:
    """All asks of one call, on their way to a server.

    Parameters
    ----------
    asks : iterator of Ask
        Read in a thread of its own, and closed at the end.
    server : Server
    key : ServerKey
    schema, read, cancelled
        See :func:`napari_mousegpt.words.server_client.describe_remote`.

    Attributes
    ----------
    failure : BaseException or None
        What ended everything; known once :meth:`replies` ended.
    """

    def __init__(
        self,
        asks: Iterator[Ask],
        server: Server,
        key: ServerKey,
        schema: Mapping[str, Any] | None,
        read: Reader | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.server = server
        self.failure: BaseException | None = None
        self._asks, self._key, self._schema, self._read = asks, key, schema, read
        self._cancelled = cancelled or (lambda: False)
        self._room = threading.Semaphore(_AHEAD + server.concurrency)
        self._done: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="server client", daemon=True)
        self._failed_in_a_row = 0

    def start(self) -> None:
        """Start the threads."""
        self._thread.start()

    def replies(self) -> Iterator[Reply]:
        """Yield replies as they come, until there are no more."""
        while (reply := self._done.get()) is not None:
            yield reply

    def taken(self) -> None:
        """Make room for a further ask: one reply went to the user."""
        self._room.release()

    def stop(self) -> None:
        """End the threads and wait for them."""
        self._ending.set()
        self._thread.join()
        close = getattr(self._asks, "close", None)
        if close is not None:
            close()

    def _run(self) -> None:
        try:
            with self._key.hidden_in_logs(), ThreadPoolExecutor(1, "server asks") as reader:
                asyncio.run(self._talk(reader))
        except BaseException as error:
            # Whatever it is, it is raised in the thread that iterates.
            errors = [one for one in _flat(error) if not isinstance(one, _Stopped)]
            self.failure = errors[0] if errors else None
        finally:
            self._done.put(None)

    async def _talk(self, reader: ThreadPoolExecutor) -> None:
        import httpx

        server = self.server
        work: _Work = asyncio.Queue(1)
        settings = client_settings(server, self._key, server.timeout_s)
        async with httpx.AsyncClient(**settings) as client, asyncio.TaskGroup() as group:
            exchange = Exchange(client, server, self._key, self._read)
            watch = group.create_task(self._watch())
            group.create_task(self._feed(work, reader))
            workers = [
                group.create_task(self._work(work, exchange)) for _ in range(server.concurrency)
            ]
            await asyncio.wait(workers)
            watch.cancel()

    async def _watch(self) -> None:
        while not (self._ending.is_set() or self._cancelled()):
            await asyncio.sleep(_POLL_S)
        self._ending.set()
        raise _Stopped

    async def _feed(self, work: _Work, reader: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        row = 0
        try:
            while (made := await loop.run_in_executor(reader, self._next_body)) is not None:
                if isinstance(made, ServerError):
                    self._done.put(Reply(row, error=made))
                else:
                    await work.put((row, made))
                row += 1
        except BaseException:
            self._ending.set()  # or the reader would wait for room that never comes
            raise
        await work.put(None)

    def _next_body(self) -> dict[str, Any] | ServerError | None:
        """Return the next request, or why there is none for this ask; None at the end."""
        while not self._room.acquire(timeout=_POLL_S):
            if self._ending.is_set():
                return None
        try:
            ask = next(self._asks)
        except StopIteration:
            return None
        try:
            return request_body(ask, self.server, self._schema)
        except MouseGPTError as error:
            return ServerError(self.server, "clip", found=str(error))

    async def _work(self, work: _Work, exchange: Exchange) -> None:
        while (item := await work.get()) is not None:
            reply = await exchange.ask(*item)
            self._done.put(reply)
            self._judge(reply, exchange)
        await work.put(None)  # for the next worker

    def _judge(self, reply: Reply, exchange: Exchange) -> None:
        """Give up when clip after clip fails: the server is gone, or refuses everything."""
        if reply.error is None:
            self._failed_in_a_row = 0
            return
        self._failed_in_a_row += 1
        gone = reply.error.kind not in _OF_A_CLIP or not exchange.answered
        if gone and self._failed_in_a_row >= max(_FEWEST_FAILURES, 2 * self.server.concurrency):
            raise ServerError(
                self.server,
                reply.error.kind,
                found=f"that {self._failed_in_a_row} clips in a row got no answer, the last one: "
                f"{reply.error.found}",
                remedy=reply.error.remedy,
                status=reply.error.status,
            )


def _flat(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of a group, or the one that is no group."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _flat(one)
    else:
        yield error
