"""Write corrections in processes of their own: python append_corrections.py FILE MODE NUMBER.

``slowly``: append one edit after the other for ever, print the id of each when it is kept.
``killed``: NUMBER times, a child appends edits of many sizes and is killed while it does. Prints
the ids that the children knew to be kept.
``together``: NUMBER children append 40 edits each at once, and print what each of them saw.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import uuid
from dataclasses import replace
from itertools import cycle

from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.edits import Edit
from napari_mousegpt.store.corrections import CorrectionsFile

FRAMES = 10_000


def opened(path: str) -> CorrectionsFile:
    return CorrectionsFile(path, "m1", FRAMES, {"top/video": "blake2b-64k:00"})


def templates() -> list[Edit]:
    """Return edits of one and of many bouts, to be written again and again under new ids."""
    book = BoutBook("m1", FRAMES, who="somebody")
    small = book.plan_mark("a", 1, 5, "rear")
    for start in range(500):
        book.apply(book.plan_mark("a", start, start + 3, "rear"))
    return [small, book.plan_relabel(list(book.columns()["bout_id"]), "groom")]


def again(edit: Edit, who: str) -> Edit:
    return replace(edit, edit_id=uuid.uuid4().hex, who=who)


def slowly(path: str) -> None:
    file = opened(path)
    book = BoutBook("m1", FRAMES, who="slow")
    while True:
        edit = book.plan_mark("a", len(book), len(book) + 5, "rear")
        book.apply(edit)
        file.append(edit)
        print(edit.edit_id, flush=True)


def killed(path: str, times: int) -> None:
    rng = random.Random(4)
    small, large = templates()
    for turn in range(times):
        get, put = os.pipe()
        child = os.fork()
        if not child:
            os.close(get)
            file = opened(path)
            for template in cycle((small, large)):
                edit = again(template, f"child {turn}")
                file.append(edit)
                os.write(put, edit.edit_id.encode() + b"\n")
        os.close(put)
        with os.fdopen(get) as pipe:
            print(pipe.readline(), end="")
            time.sleep(rng.uniform(0, 0.03))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            print(pipe.read(), end="")


def together(path: str, count: int) -> None:
    small = templates()[0]
    pipes = []
    for number in range(count):
        get, put = os.pipe()
        if not os.fork():
            file = opened(path)
            for _ in range(40):
                file.append(again(small, f"child {number}"))
            seen = [edit.edit_id for edit in file.edits]
            with os.fdopen(put, "w") as pipe:
                pipe.write(json.dumps({"who": f"child {number}", "seen": seen}))
            os._exit(0)
        os.close(put)
        pipes.append(get)
    for get in pipes:
        with os.fdopen(get) as pipe:
            print(pipe.read())
    for _ in pipes:
        os.wait()


if __name__ == "__main__":
    target, mode, amount = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if mode == "slowly":
        slowly(target)
    elif mode == "killed":
        killed(target, amount)
    else:
        together(target, amount)
