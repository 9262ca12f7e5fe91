"""How results are kept: run folders with a plan, checksummed parts and a result."""

from napari_mousegpt.store.run_folder import (
    Job,
    Part,
    RunFolder,
    default_root,
    iter_parts,
    run_folder,
    write_parquet,
)

__all__ = [
    "Job",
    "Part",
    "RunFolder",
    "default_root",
    "iter_parts",
    "run_folder",
    "write_parquet",
]
