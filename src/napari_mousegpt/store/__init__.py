"""How results are kept: run folders with a plan, checksummed parts and a result."""

from napari_mousegpt.store.folders import (
    Job,
    Part,
    RunFolder,
    default_root,
    iter_parts,
    run_folder,
    write_table,
)
from napari_mousegpt.store.inputs import (
    recording_decoders,
    recording_inputs,
    recording_sources,
    table_fingerprint,
)

__all__ = [
    "Job",
    "Part",
    "RunFolder",
    "default_root",
    "iter_parts",
    "recording_decoders",
    "recording_inputs",
    "recording_sources",
    "run_folder",
    "table_fingerprint",
    "write_table",
]
