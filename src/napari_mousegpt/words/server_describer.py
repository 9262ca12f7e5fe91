"""Words by a model on a server: each clip is one request, all parts of a description at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_mousegpt.clips import Clip, iter_clips
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.words.described import Described, failed_row, noted
from napari_mousegpt.words.model_questions import Questions
from napari_mousegpt.words.prompts import REPLY, answer_schema
from napari_mousegpt.words.server_client import ServerFacts, describe_remote
from napari_mousegpt.words.server_replies import same_model
from napari_mousegpt.words.slots import Where, assemble, parse_reply

if TYPE_CHECKING:
    from napari_mousegpt.clips import ClipParams
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.models.asks import Ask
    from napari_mousegpt.words.servers import Reply, Server

__all__ = ["ServerDescriber"]


class ServerDescriber:
    """Describes clips by asking a server.

    Parameters
    ----------
    server : Server
    facts : ServerFacts
        What it said it is.
    questions : Questions
    clips : ClipParams
    """

    def __init__(
        self, server: Server, facts: ServerFacts, questions: Questions, clips: ClipParams
    ) -> None:
        self._server, self._facts = server, facts
        self._questions, self._clips = questions, clips
        self._prompt_id = questions.id

    def rows(self, ranges: Intervals, cancelled: Callable[[], bool]) -> Iterator[Described]:
        """Yield a description of each stretch, in their order.

        Parameters
        ----------
        ranges : Intervals
        cancelled : callable
            Asked often, also in another thread. Once it returns True, this ends within a moment.

        Raises
        ------
        ServerError
            When the server stops answering.
        """
        if self._questions.prompt.facts:
            len(self._questions.features)  # measured here, not in the thread that reads clips
        taken: list[_Taken] = []
        replies = describe_remote(
            self._asks(ranges, taken),
            self._server,
            schema=answer_schema(self._questions.prompt, self._questions.vocabulary),
            read=partial(parse_reply, vocabulary=self._questions.vocabulary),
            n_frames=len(ranges) * self._clips.wanted * (1 + len(self._questions.examples)),
            facts=self._facts,
            cancelled=cancelled,
        )
        due = 0
        for answered, reply in enumerate(replies):
            if reply.row != answered:
                # Cancelled, or the server failed: what is missing in between is asked again.
                for _ in replies:
                    pass  # behind the last reply stands why it failed
                return
            while taken[due].error is not None:
                yield self._refused(taken[due])
                due += 1
            yield self._described(taken[due], reply)
            due += 1
        if not cancelled():
            yield from map(self._refused, taken[due:])

    def _asks(self, ranges: Intervals, taken: list[_Taken]) -> Iterator[Ask]:
        """Yield the ask of each clip; those that cannot be asked are only written down."""
        ids = ranges.range_ids()
        clips = iter_clips(self._questions.recording, ranges, self._clips)
        try:
            for clip in clips:
                individual = str(ranges.individual[clip.row])
                where = self._questions.where(clip, individual, str(ids[clip.row]))
                mark = _Taken(where, clip)
                try:
                    (ask,) = self._questions.asks(clip, individual, [REPLY])
                except MouseGPTError as error:
                    mark.error = error
                taken.append(mark)
                if mark.error is None:
                    yield ask
        finally:
            close = getattr(clips, "close", None)
            if close is not None:
                close()

    def _refused(self, mark: _Taken) -> Described:
        assert mark.error is not None
        row = failed_row(mark.where, self._server.model, self._prompt_id, mark.error)
        return Described(row, mark.error)

    def _described(self, mark: _Taken, reply: Reply) -> Described:
        if reply.error is not None:
            mark.error = reply.error
            return self._refused(mark)
        asked, said = self._server.model, reply.model
        row = assemble(
            mark.where,
            {name: str(value) for name, value in reply.values.items()},
            model=asked if not said or same_model(asked, said) else f"{asked}, answered as {said}",
            prompt_id=self._prompt_id,
            raw=reply.text,
            problem=reply.problem,
            evidence=_evidence(mark, reply),
            parts=self._questions.prompt.parts,
        )
        return Described(noted(row, mark.damaged))


class _Taken:
    """A clip that was read, without its pictures."""

    def __init__(self, where: Where, clip: Clip) -> None:
        self.where = where
        self.frames = clip.rows.tolist()
        self.error: Exception | None = None
        self.damaged = clip.damaged


def _evidence(mark: _Taken, reply: Reply) -> dict[str, Any]:
    told: dict[str, Any] = {"frames": mark.frames, "tries": reply.tries}
    if math.isfinite(reply.mean_logprob):
        told["mean_logprob"] = round(reply.mean_logprob, 4)
    return told
