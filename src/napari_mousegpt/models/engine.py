"""Items through a model in batches: prepared ahead, within a budget, given back in order.

Nothing here knows what an item is. Those of one batch have the same key (the number of pictures:
most families are wrong or refuse when it differs within a batch), and their costs stay within the
budget (tokens, or bytes).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.sample_lanes import in_lanes
from napari_mousegpt.models.memory import free_memory, is_out_of_memory

__all__ = ["Budget", "Cancelled", "Failed", "run_engine"]

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")
_Stops: TypeAlias = Callable[[], bool]


@dataclass
class Budget:
    """What a batch may cost. It shrinks when the device runs out of memory, and stays so.

    Parameters
    ----------
    limit : float
        Largest sum of costs of a batch, more than 0; a single item may cost more.
    """

    limit: float

    def __post_init__(self) -> None:
        if not self.limit > 0:
            raise InputError(f"budget {self.limit:g}", expected="more than 0")


@dataclass(frozen=True)
class Failed:
    """What stands in the place of a result that could not be made.

    Parameters
    ----------
    error : Exception
        What went wrong with this item by itself.
    """

    error: Exception


class Cancelled(Exception):  # noqa: N818 - no error: somebody wanted it
    """Raised by ``compute`` when it stopped half-way because of ``cancelled()``."""


def run_engine(
    items: Iterable[T],
    *,
    key: Callable[[T], Hashable],
    cost: Callable[[T], float],
    prepare: Callable[[Sequence[T]], P],
    compute: Callable[[P, _Stops], Sequence[R]],
    budget: Budget | float,
    ahead: int = 2,
    cancelled: _Stops = lambda: False,
    patience: float = 4.0,
) -> Iterator[tuple[T, R | Failed]]:
    """Yield each item with its result, in the order of the items.

    Parameters
    ----------
    items : iterable
        Taken one by one, in a thread of its own; closed at the end if it can be (a generator).
    key : callable
        Items of one batch have equal keys.
    cost : callable
        What an item adds to its batch, more than 0.
    prepare : callable
        From the items of a batch to what ``compute`` takes; called in the thread, and again for
        parts of a batch that could not be computed, but never twice at once.
    compute : callable
        From what was prepared, and ``cancelled``, to one result for each item, in their order;
        called in the thread of whoever iterates. When it finds itself cancelled it raises
        :class:`Cancelled`, or gives the results of the first items only.
    budget : Budget or float
        A :class:`Budget` keeps what was learnt about memory for the next run.
    ahead : int
        Batches that wait prepared; one more is in the making. 0 prepares when asked, without a
        thread.
    cancelled : callable
        Whether to stop; asked before each item and each batch, from two threads. What is finished
        by then is still given out.
    patience : float
        An item waits for others of its key until later items of so many budgets have come; this
        bounds what is in memory.

    Yields
    ------
    item, result
        The result is :class:`Failed` for an item that alone cannot be prepared or computed.

    Raises
    ------
    InputError
        For a budget or a number of batches below what makes sense.
    RuntimeError
        When ``compute`` gives another number of results than there are items.
    Exception
        What the iterable raised, after the results of all that came before.

    Notes
    -----
    When the device is out of memory, the batch is halved, only it is repeated, and the budget
    becomes that of the larger half. After any other error the batch is halved as well, until the
    items are found that fail by themselves.
    """
    if ahead < 0:
        raise InputError(f"ahead={ahead}", expected="0 or more batches")
    if not patience > 0:
        raise InputError(f"patience={patience:g}", expected="more than 0")
    shared = budget if isinstance(budget, Budget) else Budget(budget)
    ready = _Preparer(prepare)
    feed = _Feed(key, cost, ready, shared, cancelled, patience)
    return _run(items, feed, _Solver(ready, compute, shared, cancelled), ahead)


@dataclass(frozen=True, eq=False)
class _Item(Generic[T]):
    number: int
    value: T
    cost: float


@dataclass(eq=False)
class _Batch(Generic[T, P]):
    """Items, and what was prepared of them, held here alone so that its memory can go."""

    items: list[_Item[T]]
    prepared: list[P | Exception] = field(default_factory=list)

    @property
    def cost(self) -> float:
        return sum(item.cost for item in self.items)


def _run(
    items: Iterable[T], feed: _Feed[T, P], solver: _Solver[T, P, R], ahead: int
) -> Iterator[tuple[T, R | Failed]]:
    source = iter(items)
    batches = in_lanes([source], lambda: nullcontext(feed), 1, ahead) if ahead else feed(source)
    done: dict[int, tuple[T, R | Failed]] = {}
    due = 0
    try:
        for batch in batches:
            for item, result in solver.solve(batch):
                done[item.number] = item.value, result
            del batch  # its memory is free while somebody looks at the results
            while due in done:
                yield done.pop(due)
                due += 1
    finally:
        # The thread first: nobody else may close what it takes from.
        for used in (batches, source):
            close = getattr(used, "close", None)
            if close is not None:
                close()
    for number in sorted(done):
        yield done[number]


class _Preparer(Generic[T, P]):
    """Prepares for the thread and for whoever repeats a part, one at a time: tokenizers want it."""

    def __init__(self, prepare: Callable[[Sequence[T]], P]) -> None:
        self._prepare = prepare
        self._lock = threading.Lock()

    def __call__(self, items: list[_Item[T]]) -> _Batch[T, P]:
        try:
            with self._lock:
                return _Batch(items, [self._prepare([item.value for item in items])])
        except Exception as error:
            return _Batch(items, [error.with_traceback(None)])  # its frames would keep memory


@dataclass(eq=False)
class _Bucket(Generic[T]):
    since: float
    items: list[_Item[T]] = field(default_factory=list)
    cost: float = 0.0


class _Feed(Generic[T, P]):
    """Sorts items into batches and prepares these."""

    def __init__(
        self,
        key: Callable[[T], Hashable],
        cost: Callable[[T], float],
        ready: _Preparer[T, P],
        budget: Budget,
        cancelled: _Stops,
        patience: float,
    ) -> None:
        self._key, self._cost, self._ready = key, cost, ready
        self._budget, self._cancelled, self._patience = budget, cancelled, patience

    def __call__(self, source: Iterator[T]) -> Iterator[_Batch[T, P]]:
        waiting: dict[Hashable, _Bucket[T]] = {}  # the one that began first comes first
        failure: Exception | None = None
        total, number = 0.0, -1

        def full(key: Hashable) -> _Batch[T, P]:
            return self._ready(waiting.pop(key).items)

        while not self._cancelled():
            number += 1
            try:
                value = next(source)
            except StopIteration:
                break
            except Exception as error:
                failure = error
                break
            try:
                key, cost = self._key(value), self._price(value)
            except Exception as error:
                yield _Batch([_Item(number, value, 0.0)], [error.with_traceback(None)])
                continue
            limit = self._budget.limit
            if key in waiting and waiting[key].cost + cost > limit:
                yield full(key)
            bucket = waiting.setdefault(key, _Bucket(total))
            bucket.items.append(_Item(number, value, cost))
            bucket.cost += cost
            total += cost
            if bucket.cost >= limit:
                yield full(key)
            while waiting:
                oldest = next(iter(waiting))
                if total - waiting[oldest].since < self._patience * limit:
                    break
                yield full(oldest)
        while waiting and not self._cancelled():
            yield full(next(iter(waiting)))
        if failure is not None:
            raise failure

    def _price(self, value: T) -> float:
        cost = float(self._cost(value))
        if not 0 < cost < math.inf:
            raise InputError(f"cost {cost:g} of an item", expected="a number above 0")
        return cost


class _Solver(Generic[T, P, R]):
    """Computes batches, and the parts of those that fail."""

    def __init__(
        self,
        ready: _Preparer[T, P],
        compute: Callable[[P, _Stops], Sequence[R]],
        budget: Budget,
        cancelled: _Stops,
    ) -> None:
        self._ready, self._compute = ready, compute
        self._budget, self._cancelled = budget, cancelled

    def solve(self, batch: _Batch[T, P]) -> Iterator[tuple[_Item[T], R | Failed]]:
        """Yield the results of a batch; those that are finished, when cancelled."""
        todo = [batch]
        while todo and not self._cancelled():
            part = todo.pop()
            if len(part.items) > 1 and part.cost > self._budget.limit:
                # Prepared before it was known how little fits.
                todo.extend(reversed(self._pieces(part.items)))
                continue
            outcome = self._outcome(part)
            if outcome is None:
                return
            if not isinstance(outcome, Exception):
                yield from zip(part.items, outcome, strict=False)
                continue
            lack = is_out_of_memory(outcome)
            if len(part.items) == 1:
                yield part.items[0], Failed(outcome)
            else:
                middle = (len(part.items) + 1) // 2
                first, second = _Batch[T, P](part.items[:middle]), _Batch[T, P](part.items[middle:])
                if lack:
                    self._budget.limit = min(self._budget.limit, max(first.cost, second.cost))
                todo += second, first
            if lack:
                free_memory()

    def _outcome(self, part: _Batch[T, P]) -> Sequence[R] | Exception | None:
        """Results of a part, what went wrong with it, or None when it was cancelled."""
        prepared = (part if part.prepared else self._ready(part.items)).prepared.pop()
        if isinstance(prepared, Exception):
            return prepared
        try:
            results = self._compute(prepared, self._cancelled)
        except Cancelled:
            return None
        except Exception as error:
            return error.with_traceback(None)  # its frames hold what did not fit
        n_items = len(part.items)
        if len(results) != n_items and not (self._cancelled() and len(results) < n_items):
            raise RuntimeError(f"compute gave {len(results)} results for {n_items} items")
        return results

    def _pieces(self, items: list[_Item[T]]) -> list[_Batch[T, P]]:
        pieces: list[_Batch[T, P]] = []
        for item in items:
            if not pieces or pieces[-1].cost + item.cost > self._budget.limit:
                pieces.append(_Batch([]))
            pieces[-1].items.append(item)
        return pieces
