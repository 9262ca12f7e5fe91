"""Small files of every format of labels, all about 200 frames at 25 per second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.boris import write_boris
from napari_mousegpt.io.boris_binary import write_boris_binary
from napari_mousegpt.io.boris_project_writer import write_boris_project
from napari_mousegpt.io.frame_labels import write_frame_labels
from napari_mousegpt.io.labels import write_bouts

FRAMES = 200
CLOCK = Timebase.constant(25, FRAMES)
BOUTS = (("rear", 10, 25), ("groom", 25, 60), ("rear", 80, 90), ("groom", 150, 200))


def ethogram(recording: str = "m1", individual: str = "black") -> Ethogram:
    """Return the bouts that all files hold."""
    table = pd.DataFrame(BOUTS, columns=["label", "start", "stop"])
    bouts = Intervals(table.assign(recording=recording, individual=individual))
    observed = Intervals.build(recording, 0, FRAMES, individual)
    return Ethogram(bouts.assign(status="accepted"), observed, source="human")


def vector(label: str) -> NDArray[np.int64]:
    """Return 1 for the frames with a behaviour, shape (FRAMES,)."""
    found = np.zeros(FRAMES, dtype=np.int64)
    for name, start, stop in BOUTS:
        if name == label:
            found[start:stop] = 1
    return found


def matlab_bouts(label: str) -> NDArray[np.float64]:
    """Return bouts as MATLAB counts them: from 1, with the last frame."""
    return np.asarray([[a + 1, b] for name, a, b in BOUTS if name == label], dtype=np.float64)


def write_all(folder: Path) -> list[Path]:
    """Write one file of every format."""
    known, clocks = ethogram(), {"m1": CLOCK}
    words = known.to_frames("m1", FRAMES, "black", unlabelled="None")
    rear, groom = vector("rear"), vector("groom")
    files = {name: folder / name for name in (
        "bouts.csv", "bouts.parquet", "ours.csv", "ours.parquet", "words.csv", "onehot.csv",
        "timed.tsv", "aggregated.csv", "tabular.csv", "project.boris", "binary.tsv", "v5.mat",
        "v7.mat", "hdf5.mat", "flags.nc", "classic.nc", "events.slp",
    )}  # fmt: skip
    write_bouts(files["bouts.csv"], known, clocks=clocks)
    write_bouts(files["bouts.parquet"], known, clocks=clocks)
    write_frame_labels(files["ours.csv"], known, "m1", CLOCK)
    write_frame_labels(files["ours.parquet"], known, "m1", CLOCK)
    lines = (f"{i};{word}\r\n" for i, word in enumerate(words))
    files["words.csv"].write_bytes(("Frame;Verhalten\r\n" + "".join(lines)).encode("utf-16"))
    pairs = zip(rear, groom, strict=True)
    lines = (f"{i},{int(not a and not b)},{a},{b}\n" for i, (a, b) in enumerate(pairs))
    files["onehot.csv"].write_text(",background,rear,groom\n" + "".join(lines))
    lines = (f"{i / 25:.2f}\t{word}\n".replace(".", ",") for i, word in enumerate(words))
    files["timed.tsv"].write_text("time\tlabel\n" + "".join(lines))
    write_boris(files["aggregated.csv"], known, clocks, media={"m1": "m1.mp4"})
    files["tabular.csv"].write_text(tabular(known))
    write_boris_project(files["project.boris"], known, clocks, date="2026-01-01T00:00:00")
    write_boris_binary(files["binary.tsv"], known, "m1", CLOCK, individual="black")
    write_matlab(files["v5.mat"], compress=False)
    write_matlab(files["v7.mat"], compress=True)
    write_matlab_hdf5(files["hdf5.mat"])
    write_netcdf(files["flags.nc"], words)
    write_classic(files["classic.nc"], words)
    write_sleap(files["events.slp"])
    return list(files.values())


def tabular(known: Ethogram) -> str:
    """Return the older tabular table of BORIS, with what stands above it."""
    head = "Observation id,m1,,,,,,,\n,,,,,,,,\nTime offset (s),0.0,,,,,,,\n"
    head += "Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,"
    events = [(b.start, "START", b) for b in known.bouts] + [
        (b.stop, "STOP", b) for b in known.bouts
    ]
    lines = [
        f"{frame / 25:.3f},m1.mp4,8.000,25.0,{bout.individual},{bout.label},,,{status}\n"
        for frame, status, bout in sorted(events, key=lambda event: (event[0], event[1] == "START"))
    ]
    return head + "Comment,Status\n" + "".join(lines)


def matlab_values() -> dict[str, Any]:
    """Return bouts and vectors in structures, as BehaviorDEPOT keeps them."""
    return {
        label: {"Bouts": matlab_bouts(label), "Vector": vector(label)[None].astype(np.uint8)}
        for label in ("rear", "groom")
    }


def write_matlab(path: Path, *, compress: bool) -> None:
    """Write a file of version 5, or of version 7, which is packed."""
    import scipy.io

    values = {"hBehavior": {"TotalFrames": FRAMES, **matlab_values()}}
    scipy.io.savemat(path, values, do_compression=compress)


def write_matlab_hdf5(path: Path) -> None:
    """Write a file of version 7.3: HDF5 behind a header of 512 bytes."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        for label, values in matlab_values().items():
            group = file.create_group(f"hBehavior/{label}")
            for name, value in values.items():
                item = group.create_dataset(name, data=value.T)
                item.attrs["MATLAB_class"] = np.bytes_("double")
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    with path.open("r+b") as file:
        file.write(text)


def write_netcdf(path: Path, words: NDArray[np.object_]) -> None:
    """Write labels as numbered flags, as the CF conventions have them."""
    import xarray as xr

    names = ["None", "rear", "groom"]
    flags = np.asarray([names.index(word) for word in words], dtype=np.int8)
    attributes = {"flag_values": np.arange(3, dtype=np.int8), "flag_meanings": " ".join(names)}
    data = xr.Dataset(
        {"behaviour": ("time", flags, attributes)}, coords={"time": np.arange(FRAMES) / 25}
    )
    data.to_netcdf(path, engine="h5netcdf")


def write_classic(path: Path, words: NDArray[np.object_]) -> None:
    """Write labels of two individuals, one without bouts, as words of netCDF 3."""
    from scipy.io import netcdf_file

    with netcdf_file(path, "w") as file:
        for name, size in (("time", FRAMES), ("individuals", 2), ("letters", 5)):
            file.createDimension(name, size)
        file.createVariable("time", "f8", ("time",))[:] = np.arange(FRAMES) / 25
        people = file.createVariable("individuals", "c", ("individuals", "letters"))
        people[:] = np.asarray([b"black", b"white"]).view("S1").reshape(2, 5)
        cells = np.stack([words, np.full(FRAMES, "None")], axis=1).astype("S5")
        labels = file.createVariable("label", "c", ("time", "individuals", "letters"))
        labels[:] = cells.view("S1").reshape(FRAMES, 2, 5)


def write_sleap(path: Path) -> None:
    """Write a SLEAP project with events."""
    import sleap_io as sio
    from sleap_io.model.event import UserEvent

    video, track = sio.Video("m1.mp4", open_backend=False), sio.Track("black")
    events = [
        UserEvent(type=label, video=video, start_frame=start, end_frame=stop - 1, subject=track)
        for label, start, stop in BOUTS
    ]
    labels = sio.Labels(videos=[video], tracks=[track], events=events)
    sio.save_file(labels, str(path), embed=False)
