"""The panel "Open recording": video and pose onto one clock, with a look at the files first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.opening import OpenRequest, about, look_at, video_layers
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.parts import JobBar, PathEdit, Text, error_text, is_alive
from napari_mousegpt.io.pose import POSE_FORMATS

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["OpenRecording"]

_VIDEO_FILTER = "Videos (*.mp4 *.avi *.mov *.mkv *.m4v *.mpg *.wmv *.webm);;All files (*)"
_POSE_FILTER = "Pose (*.csv *.h5 *.slp *.hdf5 *.tsv *.txt);;All files (*)"
_POLICIES = {
    "error": "do not open",
    "trim": "cut the pose",
    "pad": "cut or fill the pose",
}


class OpenRecording(QWidget):
    """Opens a recording and shows it.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Where to show it.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self.job: Job | None = None
        self._look: Job | None = None
        self.video = PathEdit("video file", _VIDEO_FILTER)
        self.layer = QComboBox()
        self.pose = PathEdit("pose file, if there is one", _POSE_FILTER)
        self.pose_format = QComboBox()
        self.pose_format.addItem("from the content", None)
        for entry in POSE_FORMATS.values():
            self.pose_format.addItem(entry.name, entry.name)
        self.mismatch = QComboBox()
        for policy, text in _POLICIES.items():
            self.mismatch.addItem(text, policy)
        self.fps = QLineEdit()
        self.fps.setPlaceholderText("from the video")
        self.fps.setToolTip(
            "Needed for a pose without a video and for image layers: 25, 30000/1001"
        )
        self.open_button = QPushButton("Open")
        self.open_button.clicked.connect(self.open)
        self.bar = JobBar()
        self.report = Text("Choose a video, a pose, or both. What is in them is told here.")
        self._lay_out()
        self.video.changed.connect(self._on_path)
        self.pose.changed.connect(self._on_path)
        napari_viewer.layers.events.inserted.connect(self._list_layers)
        napari_viewer.layers.events.removed.connect(self._list_layers)
        self._list_layers()

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow("Video", self.video)
        self._form.addRow("or layer", self.layer)
        self._form.addRow("Pose", self.pose)
        self._form.addRow("Pose format", self.pose_format)
        self._form.addRow("If lengths differ", self.mismatch)
        self._form.addRow("Frames per second", self.fps)
        for box in (self.layer, self.pose_format, self.mismatch):
            # Otherwise the longest entry dictates the width of the dock.
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(12)
        column = QVBoxLayout(self)
        column.addLayout(self._form)
        column.addWidget(self.open_button)
        column.addWidget(self.bar)
        column.addWidget(self.report)
        column.addStretch(1)

    def request(self) -> OpenRequest:
        """Return what the fields ask for."""
        name = self.layer.currentData()
        layer = self._viewer.layers[name] if name else None
        return OpenRequest(
            self.video.path or (None if layer is None else layer.data),
            self.pose.path or None,
            self.pose_format.currentData(),
            self.mismatch.currentData(),
            self.fps.text().strip() or None,
            None if self.video.path or layer is None else layer.name,
        )

    def open(self) -> None:
        """Open what the fields ask for, off the main thread."""
        self.open_button.setEnabled(False)
        self.report.setText("Opening ...")
        self.job = start_job(
            self._viewer,
            self.request().open,
            title="Open recording",
            on_done=lambda recording: show(self._viewer, recording),
            notify=False,
        )
        self.bar.begin()
        self.job.ended.connect(self._on_opened)

    def _on_opened(self, job: Job) -> None:
        if not is_alive(self):
            return
        self.open_button.setEnabled(True)
        self.bar.setVisible(False)
        if job.error is not None:
            self.report.setText(error_text(job.error))
        elif job.state == "finished":
            self.report.setText(about(job.result))

    def _on_path(self, _: str) -> None:
        paths = [path for path in (self.video.path, self.pose.path) if path]
        if not paths:
            return
        self.report.setText("Looking at the files ...")
        self._look = start_job(self._viewer, look_at, paths, title="Look at files", notify=False)
        self._look.ended.connect(self._on_looked)

    def _on_looked(self, job: Job) -> None:
        # Only the newest look counts, and none while something is being opened.
        if is_alive(self) and job is self._look and (self.job is None or self.job.done):
            self.report.setText(job.result if job.error is None else error_text(job.error))

    def _list_layers(self, event: object = None) -> None:
        if not is_alive(self):
            return
        names = [layer.name for layer in video_layers(self._viewer)]
        self.layer.clear()
        self.layer.addItem("none", None)
        for name in names:
            self.layer.addItem(name, name)
        self._form.setRowVisible(self.layer, bool(names))
