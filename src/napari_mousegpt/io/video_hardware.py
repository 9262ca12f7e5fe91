"""Decoding on a graphics card, where there is one that can.

The pictures come down from the card as they were decoded there and are kept and converted like any
others. A card's pictures need not be those of software to the last bit, so that one analysis keeps
to one decoder: which one it was stands in :attr:`VideoInfo.decoder
<napari_mousegpt.io.video_index.VideoInfo>`, and nothing changes over in the middle of a file.
"""

from __future__ import annotations

from dataclasses import replace

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.video_cache import Converter
from napari_mousegpt.io.video_decoder import Decoder
from napari_mousegpt.io.video_index import VideoIndex

__all__ = ["HARDWARE", "choose_hardware"]

#: Devices that can be asked for, by FFmpeg's names.
HARDWARE = ("cuda",)
# Rows of which one has to come out: the first ones may be damaged.
_TRIED = 8


def choose_hardware(index: VideoIndex, hardware: str | None) -> tuple[VideoIndex, str | None]:
    """Try whether a device decodes a file, and fall back to software if it does not.

    PyAV's own fallback is not used: without a driver it raises, and where it works it says nothing.

    Parameters
    ----------
    index : VideoIndex
    hardware : str or None
        ``"cuda"`` for NVIDIA's decoder; None for software.

    Returns
    -------
    index : VideoIndex
        With the decoder that is used, and a note if it is not the one that was asked for.
    hardware : str or None
        The device that decodes.

    Raises
    ------
    InputError
        For a device that is not known.
    """
    if hardware is None:
        return index, None
    if hardware not in HARDWARE:
        raise InputError(
            f"hardware {hardware!r}",
            expected=" or ".join(f'"{name}"' for name in HARDWARE),
            remedy="Leave it out to decode in software.",
        )
    try:
        _try(index, hardware)
    except InputError as error:
        note = f"Decoding by {hardware} was asked for and is not possible here ({error.found}): "
        note += "the pictures are decoded in software."
        return replace(index, info=replace(index.info, notes=(*index.info.notes, note))), None
    used = index.info.decoder.replace(", software)", f", {hardware})")
    return replace(index, info=replace(index.info, decoder=used)), hardware


def _try(index: VideoIndex, hardware: str) -> None:
    """Decode and convert a first picture on a device; an InputError says that it cannot."""
    decoder = Decoder(index, hardware=hardware)
    try:
        some = decoder.pictures(range(min(_TRIED, index.n_frames)))
        frame = next((frame for _, frame in some if frame is not None), None)
        if frame is None:
            raise InputError(index.path, expected="a picture", found="it gives no picture of it")
        info = index.info
        Converter(info.width, info.height, grey=info.pix_fmt.startswith("gray"))(frame)
    finally:
        decoder.close()
