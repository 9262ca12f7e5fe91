"""Below the clusters: words for them, from a few stretches of each that are described."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.carried_words import COLUMNS, carried_rows
from napari_mousegpt._napari.carrying import Clustered, Price
from napari_mousegpt._napari.carrying_job import Carrying
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.scopes import Scope
from napari_mousegpt._napari.widgets.describer_box import DescriberBox
from napari_mousegpt._napari.widgets.form import ParamsForm
from napari_mousegpt._napari.widgets.parts import JobBar, error_problem, is_alive, when_gone
from napari_mousegpt._napari.widgets.path_edit import PathEdit
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt._napari.widgets.result_table import ResultTable
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.runs import RunParams
from napari_mousegpt.runs.describing_some import DescribeSomeParams
from napari_mousegpt.words.representatives import PropagateParams

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.words import DescribeParams

__all__ = ["PropagateBox"]

_FIELDS = {"exemplars": "Examples each", "audit": "Audited each"}
_TIPS = {
    "exemplars": "Described for each cluster; their words are carried to the rest of it",
    "audit": "Drawn by chance from each cluster and described too: they tell how often the carried "
    "words are those that would have been said",
}
#: Milliseconds between two looks at the time left.
_LOOK = 400


class PropagateBox(QWidget):
    """A section that folds away; hidden while there are no clusters.

    Parameters
    ----------
    viewer : ViewerModel
        Where the words are shown.
    """

    #: The chosen example begins with this frame.
    jumped = Signal(int)

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.carrying = Carrying(viewer)
        self.fold = QToolButton()
        self.fold.setText("Words for these clusters")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setToolTip(
            "Describe a few stretches of each cluster, carry the words to the rest"
        )
        self.form = ParamsForm(PropagateParams(), _FIELDS, _TIPS)
        self.describers = DescriberBox(viewer, self.form, place=0)
        self.out = PathEdit("a folder in your cache")
        self.form.add_row("Results in", self.out)
        self.price = ReportView(viewer.theme)
        self.run_button = QPushButton("Describe")
        self.cancel_button = QPushButton("Cancel")
        self.bar = JobBar()
        self.status = ReportView(viewer.theme)
        self.results = ResultTable(COLUMNS, "Click a cluster to see one of its described stretches")
        top = self.results.table.horizontalHeader()
        # Long words would leave no room for the names.
        top.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self._viewer = viewer
        self._refused: Exception | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK)
        self._clock.timeout.connect(self._tick)
        self._lay_out()
        self.fold.toggled.connect(self._unfold)
        self.form.changed.connect(self._on_choice)
        self.describers.changed.connect(self._on_choice)
        self.describers.preview_wanted.connect(self._preview)
        self.run_button.clicked.connect(self.run)
        self.cancel_button.clicked.connect(self.cancel)
        self.results.jumped.connect(self.jumped)
        self.carrying.changed.connect(self._show)
        self.carrying.found.connect(self._show_rows)
        viewer.events.theme.connect(self._on_theme)
        when_gone(self, self.carrying.give_up)
        self._unfold(False)
        self.take(None)

    def take(self, clustered: Clustered | None) -> None:
        """Offer words for other clusters; None hides all."""
        self._refused = None
        self.results.show_rows([])
        self.carrying.take(clustered)
        self.setVisible(clustered is not None)
        self._on_choice()

    def run(self) -> None:
        """Describe what the price says, and carry the words."""
        if not self.run_button.isEnabled():
            return
        try:
            describing, params = self.describers.describer, self.form.value
        except MouseGPTError as error:
            self._refused = error
            self._show()
            return
        self._refused = None
        self.results.show_rows([])
        self.bar.begin()
        self.carrying.start(describing, params, self.out.path)
        self._clock.start()

    def cancel(self) -> None:
        """Stop within the clip that is being described; a new run goes on from there."""
        self.carrying.cancel()

    def _tick(self) -> None:
        self.carrying.tick()
        if not self.carrying.busy:
            self._clock.stop()

    def _preview(self) -> None:
        clustered = self.carrying.clustered
        opened = None if clustered is None else clustered.opened
        try:
            if opened is None:
                raise InputError(
                    "preview",
                    expected="a recording of the study that is open",
                    found="none",
                    remedy="Open one, and run the study again: it is found finished.",
                )
            params = RunParams(
                make="words",
                segments="windows",
                window_s=DescribeSomeParams().window_s,
                describer=self.describers.describer,
            )
        except MouseGPTError as error:
            self._refused = error
            self._show()
        else:
            self.describers.preview(Scope("recording", "", True, opened), params)

    def _on_choice(self, _: object = None) -> None:
        if not is_alive(self):
            return
        self._refused = None
        describing: DescribeParams | None = None
        # What is folded away costs nothing: no look at weights, no plan.
        if self.fold.isChecked() and self.describers.ready:
            try:
                describing, params = self.describers.describer, self.form.value
            except MouseGPTError as error:
                self._refused = error
        self.carrying.choose(describing, params if describing is not None else PropagateParams())
        self._show()

    def _show(self) -> None:
        if not is_alive(self):
            return
        carrying = self.carrying
        failed = self._refused or (None if carrying.job is None else carrying.job.error)
        if failed is not None:
            self.status.refuse(failed)
        else:
            self.status.show_parts([Said(tuple(carrying.text.splitlines()))])
        self.price.show_parts(self._priced())
        ready = isinstance(carrying.price, Price) and not carrying.busy and self._refused is None
        self.run_button.setEnabled(ready)
        self.cancel_button.setEnabled(carrying.busy)
        self.bar.setVisible(carrying.busy)
        if carrying.busy:
            share = carrying.share or 0.0
            self.bar.show_progress(round(1000 * share), 1000 if share else 0)

    def _priced(self) -> list[Said]:
        price = self.carrying.price
        if isinstance(price, Price):
            return [Said(tuple(price.lines()))]
        if isinstance(price, Exception):
            return [Said((), (error_problem(price),))]
        return [Said(("Working out what it costs ...",))] if self.carrying.pricing else []

    def _show_rows(self) -> None:
        words, clustered = self.carrying.words, self.carrying.clustered
        if is_alive(self) and words is not None and clustered is not None:
            self.results.show_rows(carried_rows(words, clustered.names, clustered.opened))

    def _unfold(self, open_: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self.body.setVisible(open_)
        self._on_choice()

    def _on_theme(self) -> None:
        if is_alive(self):
            for view in (self.price, self.status):
                view.set_theme(self._viewer.theme)

    def _lay_out(self) -> None:
        self.body = QWidget()
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(0, 0, 0, 0)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.cancel_button)
        inner.addWidget(self.form)
        inner.addWidget(self.describers)
        inner.addWidget(self.price)
        inner.addLayout(buttons)
        for widget in (self.bar, self.status, self.results):
            inner.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        column.addWidget(self.body)
