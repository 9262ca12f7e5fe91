"""What people print and pass on: the picture of an ethogram and the report of a run."""

from napari_mousegpt.reports.bands import time_shares
from napari_mousegpt.reports.ethogram_png import draw_ethogram
from napari_mousegpt.reports.report import write_report

__all__ = ["draw_ethogram", "time_shares", "write_report"]
