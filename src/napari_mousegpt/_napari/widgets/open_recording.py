"""The panel "Open recording": video and pose onto one clock, with a look at the files first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.looks import Looks
from napari_mousegpt._napari.opening import (
    OpenRequest,
    about,
    paths_in,
    pictures_of,
    video_layers,
)
from napari_mousegpt._napari.report_text import Said, length_problem, of_report
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.check_list import CheckList
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.parts import (
    POLICIES,
    JobBar,
    Scrolled,
    choice_box,
    is_alive,
    refill,
)
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.pose_cleaning import PoseCleaning
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.io.pose import POSE_FORMATS

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.io.file_report import FileReport

__all__ = ["OpenRecording"]

_VIDEO_FILTER = (
    "Videos and stacks (*.mp4 *.avi *.mov *.mkv *.m4v *.mpg *.wmv *.webm *.tif *.tiff)"
    ";;All files (*)"
)
_POSE_FILTER = "Pose (*.csv *.h5 *.slp *.nwb *.nc *.hdf5 *.json *.tsv *.txt);;All files (*)"
_ARENA_FILTER = "Arena (*.json);;All files (*)"
_HINT = "Choose a video, a pose, or both. What is in them is told here."


class OpenRecording(QWidget):
    """Opens a recording and shows it.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Where to show it.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Open recording")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self.job: Job | None = None
        self._asked = False
        self.looks = Looks(napari_viewer)
        self.looks.changed.connect(self._tell)
        self.video = PathEdit("video, stack or folder of images", _VIDEO_FILTER, images=True)
        self.layer = choice_box({None: "none"})
        self.pose = PathEdit("pose file, if there is one", _POSE_FILTER)
        self.pose_format = choice_box(
            {None: "from the content", **{name: name for name in POSE_FORMATS}}
        )
        self.individuals = CheckList()
        self.cleaning = PoseCleaning()
        self.mismatch = choice_box(POLICIES)
        self.arena = PathEdit("arena file, if there is one", _ARENA_FILTER)
        self.split = QCheckBox("One animal in each arena")
        self.split.setToolTip("Each arena keeps its animal, also where the tracker mixed them up")
        self.fps = QLineEdit()
        self.fps.setPlaceholderText("from the video, in pictures per second")
        self.fps.setToolTip("Needed for images, layers and a pose alone: 25, 29.97, 30000/1001")
        self.open_button = QPushButton("Open")
        self.open_button.clicked.connect(self.open)
        self.bar = JobBar()
        self.report = ReportView(napari_viewer.theme)
        self._lay_out()
        for field in (self.video, self.pose, self.arena):
            field.changed.connect(self._on_path)
        napari_viewer.layers.events.inserted.connect(self._list_layers)
        napari_viewer.layers.events.removed.connect(self._list_layers)
        napari_viewer.events.theme.connect(self._on_theme)
        self._list_layers()
        self._show_rows()
        self.report.say(_HINT)

    def _lay_out(self) -> None:
        form = QWidget()
        self._form = QFormLayout(form)
        self._form.setContentsMargins(0, 0, 4, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow("Video", self.video)
        self._form.addRow("or layer", self.layer)
        self._form.addRow("Frame rate", self.fps)
        self._form.addRow("Pose", self.pose)
        self._form.addRow("Pose format", self.pose_format)
        self._form.addRow("If lengths differ", self.mismatch)
        self._form.addRow("Individuals", self.individuals)
        self._form.addRow(self.cleaning)
        self._form.addRow("Arena", self.arena)
        self._form.addRow("", self.split)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(form)
        column.addWidget(self.open_button)
        column.addWidget(self.bar)
        column.addWidget(self.report)
        column.addStretch(1)
        Scrolled(self, body)

    def request(self) -> OpenRequest:
        """Return what the fields ask for.

        Raises
        ------
        InputError
            When the chosen layer is gone, or a step of the cleaning does not fit.
        """
        pictures: Any = paths_in(self.video.path)
        name = None
        if pictures is None and self.layer.currentData() is not None:
            name = str(self.layer.currentData())
            if name not in self._viewer.layers:
                raise InputError(
                    f"layer {name!r}",
                    expected="a layer of this viewer",
                    found="none of that name; it was removed or renamed",
                    remedy="Choose the video again.",
                )
            pictures = pictures_of(self._viewer.layers[name], self.fps.text().strip() or None)
        pose = self.pose.path or None
        return OpenRequest(
            pictures,
            pose,
            self.pose_format.currentData(),
            self.mismatch.currentData(),
            self.fps.text().strip() or None,
            name,
            self.individuals.chosen() if pose else None,
            self.cleaning.steps() if pose else (),
            self.arena.path or None,
            bool(pose and self.arena.path and self.split.isChecked()),
        )

    def open(self) -> None:
        """Open what the fields ask for, off the main thread."""
        try:
            request = self.request()
        except MouseGPTError as error:
            self._asked = True
            self.report.refuse(error)
            return
        self.open_button.setEnabled(False)
        self._asked = True
        self.report.say("Opening ...")
        self.job = start_job(
            self._viewer,
            request.open,
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
            self.report.refuse(job.error)
        elif job.state == "finished":
            self.report.say(about(job.result))

    def _chosen(self) -> list[Any]:
        return [paths_in(field.path) for field in (self.video, self.pose, self.arena)]

    def _on_path(self, _: str) -> None:
        self._asked = False
        self._show_rows()
        self.looks.choose([chosen for chosen in self._chosen() if chosen is not None])

    def _tell(self) -> None:
        """Show what is known of the chosen files so far."""
        if not is_alive(self):
            return
        parts: list[Said] = []
        found: list[FileReport | None] = []
        for chosen in self._chosen():
            report = None if chosen is None else self.looks.report(chosen)
            found.append(report)
            if report is not None:
                parts.append(of_report(report))
            elif chosen is not None:
                called = chosen if isinstance(chosen, str) else f"{len(chosen)} files"
                parts.append(Said((f"Looking at {called} ...",)))
        differs = length_problem(found[0], found[1])
        if differs is not None:
            parts.append(Said((), (differs,)))
        pose = found[1]
        names = () if pose is None else pose.numbers.get("individuals", ())
        self.individuals.offer([str(name) for name in names])
        self._show_rows()
        # What came of opening is told until another file is chosen.
        if not self._asked:
            self.report.show_parts(parts or [Said((_HINT,))])

    def _show_rows(self) -> None:
        """Show only the rows that count."""
        posed = bool(self.pose.path)
        for row in (self.pose_format, self.mismatch, self.cleaning):
            self._form.setRowVisible(row, posed)
        self._form.setRowVisible(self.split, posed and bool(self.arena.path))
        self._form.setRowVisible(self.individuals, posed and len(self.individuals) > 1)

    def _list_layers(self, event: object = None) -> None:
        if not is_alive(self):
            return
        names = [layer.name for layer in video_layers(self._viewer)]
        refill(self.layer, {None: "none", **{name: name for name in names}})
        self._form.setRowVisible(self.layer, bool(names))

    def _on_theme(self, event: object = None) -> None:
        if is_alive(self):
            self.report.set_theme(self._viewer.theme)
