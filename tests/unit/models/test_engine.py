"""The engine: every item once and in order, batches of one key within the budget."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.errors import InputError
from napari_mousegpt.models import engine
from napari_mousegpt.models.engine import Budget, Cancelled, Failed, run_engine
from support.threads import Threads

LONG = 120


class Thing(NamedTuple):
    number: int
    key: int = 0
    cost: float = 1.0
    bad: bool = False


@dataclass
class Model:
    """Answers 10 times the number, and remembers its batches."""

    most: float = float("inf")
    lack: Callable[[], Exception] = MemoryError
    prepared: list[list[Thing]] = field(default_factory=list)
    batches: list[list[Thing]] = field(default_factory=list)
    done: list[Thing] = field(default_factory=list)

    def prepare(self, things: Sequence[Thing]) -> list[Thing]:
        self.prepared.append(list(things))
        return list(things)

    def compute(self, things: list[Thing], cancelled: Callable[[], bool]) -> list[int]:
        self.batches.append(things)
        if sum(thing.cost for thing in things) > self.most:
            raise self.lack()
        for thing in things:
            if thing.bad:
                raise ValueError(f"cannot read {thing.number}")
        self.done += things
        return [10 * thing.number for thing in things]

    def run(self, things: Any, budget: Any = 4.0, **more: Any) -> Iterator[tuple[Thing, Any]]:
        settings = {"prepare": self.prepare, "compute": self.compute, **more}
        return run_engine(
            things, key=lambda t: t.key, cost=lambda t: t.cost, budget=budget, **settings
        )


def things_of(values: list[tuple[int, float, bool]]) -> list[Thing]:
    return [Thing(number, *value) for number, value in enumerate(values)]


@pytest.fixture(scope="module", autouse=True)
def freed() -> Iterator[list[int]]:
    """Collecting garbage takes long in a process that has loaded much."""
    calls: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "free_memory", lambda: calls.append(1))
        yield calls


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    threads = Threads()
    yield
    assert not threads.new()


many = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0.1, 9), st.sampled_from([False] * 9 + [True])),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(many, st.floats(0.5, 12), st.integers(0, 3), st.floats(0.5, 6))
def test_every_item_once_in_order_in_fitting_batches(
    values: list[tuple[int, float, bool]], budget: float, ahead: int, patience: float
) -> None:
    things, model = things_of(values), Model()
    found = list(model.run(things, budget, ahead=ahead, patience=patience))
    assert [thing for thing, _ in found] == things
    for thing, result in found:
        if thing.bad:
            assert isinstance(result, Failed)
            assert str(result.error) == f"cannot read {thing.number}"
        else:
            assert result == 10 * thing.number
    assert sorted(model.done) == [thing for thing in things if not thing.bad]
    for batch in model.prepared:
        assert len({thing.key for thing in batch}) == 1
        assert len(batch) == 1 or sum(thing.cost for thing in batch) <= budget + 1e-9


@settings(max_examples=60, deadline=None)
@given(many, st.floats(0.5, 12), st.floats(1, 12))
def test_any_lack_of_memory_ends_with_every_item_that_fits(
    values: list[tuple[int, float, bool]], budget: float, most: float
) -> None:
    things, model = things_of(values), Model(most)
    found = list(model.run(things, budget))
    assert [thing for thing, _ in found] == things
    for thing, result in found:
        assert isinstance(result, Failed) == (thing.bad or thing.cost > most)
    assert len(model.done) == len(set(model.done))


def cuda_lack() -> Exception:
    import torch

    return torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.")


@pytest.mark.parametrize(
    "lack",
    [
        cuda_lack,
        lambda: RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        lambda: RuntimeError("alloc_cpu.cpp: DefaultCPUAllocator: not enough memory"),
        MemoryError,
    ],
)  # fmt: skip
def test_a_full_device_halves_the_batch_and_repeats_only_it(
    lack: Callable[[], Exception], freed: list[int]
) -> None:
    freed.clear()
    things, model, budget = [Thing(n) for n in range(16)], Model(2.0, lack), Budget(8.0)
    assert [result for _, result in model.run(things, budget)] == [10 * n for n in range(16)]
    sizes = [len(batch) for batch in model.batches]
    # 8 and 4 do not fit, then nothing larger than 2 is tried, though 8 more were prepared.
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2]
    assert model.done == things
    assert budget.limit == 2.0
    assert len(freed) == 2
    # Whoever comes next knows it.
    again = Model(2.0, lack)
    list(again.run(things, budget))
    assert [len(batch) for batch in again.batches] == [2] * 8


def test_lack_of_memory_while_preparing_halves_too() -> None:
    model = Model()

    def prepare(things: Sequence[Thing]) -> list[Thing]:
        if len(things) > 2:
            raise MemoryError
        return list(things)

    found = list(model.run([Thing(n) for n in range(8)], prepare=prepare))
    assert [result for _, result in found] == [10 * n for n in range(8)]


def test_what_is_no_lack_of_memory_does_not_shrink_the_budget() -> None:
    things = [Thing(n, bad=n == 5) for n in range(16)]
    model, budget = Model(), Budget(8.0)
    results = [result for _, result in model.run(things, budget)]
    assert isinstance(results[5], Failed)
    assert isinstance(results[5].error, ValueError)
    assert [r for r in results if not isinstance(r, Failed)] == [
        10 * n for n in range(16) if n != 5
    ]
    assert budget.limit == 8.0


def test_the_memory_of_a_failed_batch_is_free_when_it_is_repeated() -> None:
    import weakref

    class Tensor:
        pass

    held: list[weakref.ref[Tensor]] = []
    seen: list[int] = []

    def prepare(things: Sequence[Thing]) -> tuple[Tensor, list[Thing]]:
        tensor = Tensor()
        held.append(weakref.ref(tensor))
        return tensor, list(things)

    def compute(given: tuple[Tensor, list[Thing]], cancelled: Any) -> list[int]:
        seen.append(sum(ref() is not None for ref in held))
        work = given[0]  # a frame of the traceback holds it
        if len(given[1]) > 1:
            raise RuntimeError("out of memory", work.__class__)
        return [1]

    list(Model().run([Thing(n) for n in range(4)], prepare=prepare, compute=compute, ahead=0))
    assert seen == [1] * 6


def test_an_item_without_key_or_cost_fails_alone() -> None:
    things = [Thing(0), Thing(1, cost=0), Thing(2, cost=float("nan")), Thing(3)]
    results = [result for _, result in Model().run(things)]
    assert [isinstance(result, Failed) for result in results] == [False, True, True, False]
    assert "a number above 0" in str(results[1].error)


def test_batches_are_prepared_while_one_is_computed() -> None:
    others = threading.Event()
    prepared: list[list[Thing]] = []

    def prepare(things: Sequence[Thing]) -> list[Thing]:
        prepared.append(list(things))
        if len(prepared) == 3:
            others.set()
        return list(things)

    model = Model()

    def compute(things: list[Thing], cancelled: Callable[[], bool]) -> list[int]:
        # The first batch is not done before two more are prepared.
        assert others.wait(LONG)
        return model.compute(things, cancelled)

    found = model.run([Thing(n) for n in range(20)], 2.0, prepare=prepare, compute=compute)
    assert next(found) == (Thing(0), 0)
    found.close()  # type: ignore[attr-defined]


def test_no_more_is_taken_than_may_wait() -> None:
    taken: list[int] = []

    def source() -> Iterator[Thing]:
        for number in range(1000):
            taken.append(number)
            # One stranger in the middle of many: it does not wait for its like for ever.
            yield Thing(number, key=number == 100)

    most = 0
    for thing, _ in Model().run(source(), 4.0, ahead=1):
        most = max(most, len(taken) - thing.number)
    # Patience of 16, one batch computed, one ready, one in the making, one begun.
    assert most <= 16 + 4 * 4 + 1


def test_equal_keys_share_batches_over_strangers() -> None:
    things = [Thing(n, key=n % 2) for n in range(32)]
    model = Model()
    list(model.run(things, 4.0))
    assert [len(batch) for batch in model.batches] == [4] * 8


@pytest.mark.parametrize("ahead", [0, 2])
def test_cancelling_within_a_batch_ends_after_one_item(ahead: int) -> None:
    stop = threading.Event()
    computed: list[int] = []

    def compute(things: list[Thing], cancelled: Callable[[], bool]) -> list[int]:
        results = []
        for thing in things:
            if cancelled():
                break
            computed.append(thing.number)
            if thing.number == 9:
                stop.set()  # the user presses while this one is computed
            results.append(thing.number)
        return results

    things = [Thing(n) for n in range(100)]
    model = Model()
    found = list(model.run(things, 4.0, compute=compute, ahead=ahead, cancelled=stop.is_set))
    assert computed == list(range(10))
    assert [result for _, result in found] == computed


def test_a_batch_that_says_it_was_cancelled_has_no_results() -> None:
    stop = threading.Event()

    def compute(things: list[Thing], cancelled: Callable[[], bool]) -> list[int]:
        if things[0].number == 4:
            stop.set()
            raise Cancelled
        return [thing.number for thing in things]

    things = [Thing(n) for n in range(100)]
    found = Model().run(things, 4.0, compute=compute, cancelled=stop.is_set)
    assert [result for _, result in found] == [0, 1, 2, 3]


def test_cancelling_gives_out_what_is_finished_behind_a_gap() -> None:
    stop = threading.Event()
    model = Model()

    def compute(things: list[Thing], cancelled: Callable[[], bool]) -> list[int]:
        stop.set()
        return model.compute(things, cancelled)

    # The first thing waits for its like; a batch of others is full before.
    things = [Thing(0, key=1), *(Thing(n) for n in range(1, 5)), Thing(5)]
    found = list(model.run(things, 4.0, compute=compute, cancelled=stop.is_set))
    assert [thing.number for thing, _ in found] == [1, 2, 3, 4]


def test_nothing_is_taken_once_cancelled() -> None:
    taken: list[int] = []
    things = (taken.append(n) or Thing(n) for n in range(10))  # type: ignore[func-returns-value]
    assert list(Model().run(things, cancelled=lambda: True)) == []
    assert taken == []


def test_an_error_of_the_source_comes_after_the_results_before_it() -> None:
    def source() -> Iterator[Thing]:
        yield from (Thing(n) for n in range(6))
        raise OSError("the disk is gone")

    found = Model().run(source(), 4.0)
    assert [next(found)[1] for _ in range(6)] == [10 * n for n in range(6)]
    with pytest.raises(OSError, match="the disk is gone"):
        next(found)


@pytest.mark.parametrize("ahead", [0, 2])
def test_closing_early_ends_the_source(ahead: int) -> None:
    ended = threading.Event()

    def source() -> Iterator[Thing]:
        # Held by the test, so that it does not end for want of somebody who holds it.
        try:
            yield from (Thing(n) for n in range(10**6))
        finally:
            ended.set()

    things = source()
    found = Model().run(things, 4.0, ahead=ahead)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert ended.is_set()


def test_too_few_results_are_a_fault_of_the_program() -> None:
    with pytest.raises(RuntimeError, match="gave 1 results for 4 items"):
        list(Model().run([Thing(n) for n in range(8)], compute=lambda things, cancelled: [0]))


def test_an_interrupt_is_not_swallowed() -> None:
    def compute(things: Any, cancelled: Any) -> list[int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Model().run([Thing(0)], compute=compute))


@pytest.mark.parametrize("values", [{"budget": 0.0}, {"ahead": -1}, {"patience": 0.0}])
def test_senseless_settings_are_refused_at_once(values: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Model().run([], **values)


def test_no_items_no_results() -> None:
    assert list(Model().run([])) == []
