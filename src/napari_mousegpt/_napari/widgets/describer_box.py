"""The choice of who describes in a panel: what is known of it, what it is asked, a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_mousegpt._napari.asked_for import AskedFor
from napari_mousegpt._napari.asked_preview import Previewing
from napari_mousegpt._napari.describer_choice import DescriberChoice, Looking
from napari_mousegpt._napari.found_describers import FoundDescriber, ServerToAgree
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.widgets.describer_fields import DescriberFields
from napari_mousegpt._napari.widgets.parts import JobBar, error_problem, is_alive, when_gone
from napari_mousegpt._napari.widgets.preview_window import PreviewWindow
from napari_mousegpt._napari.widgets.report_view import ReportView
from napari_mousegpt.errors import InputError, MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.scopes import Scope
    from napari_mousegpt._napari.widgets.form import ParamsForm
    from napari_mousegpt.runs import RunParams
    from napari_mousegpt.words import DescribeParams

__all__ = ["DescriberBox"]

#: Stretches whose labels come onto the timeline together: with a slow model each takes seconds.
_PER_PART = 8


class DescriberBox(QWidget):
    """Text and buttons about a describer; its fields stand in the form of the panel.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable while it is looked for, downloaded or previewed.
    form : ParamsForm
        Where the fields go.
    place : int
        Before which row.
    """

    #: Something else is chosen, or known of it.
    changed = Signal()
    #: A preview of what is chosen is wanted.
    preview_wanted = Signal()

    def __init__(self, viewer: ViewerModel, form: ParamsForm, place: int) -> None:
        super().__init__()
        self._viewer, self._form = viewer, form
        self.choice = DescriberChoice(viewer)
        self.asked = AskedFor()
        self.previewing = Previewing(viewer)
        self.fields = DescriberFields(viewer, form, place)
        self.about = ReportView(viewer.theme, most_pixels=260)
        self.report = ReportView(viewer.theme, most_pixels=260)
        self.bar = JobBar()
        self.agree_button = QPushButton()
        self.preview_button = QPushButton()
        self.preview_button.setToolTip(
            "The text and the pictures of the first stretch, exactly as the model gets them; "
            "nothing is sent"
        )
        self.preview_window: PreviewWindow | None = None
        self._refused: Exception | None = None
        self.known = QWidget()
        below_who = _column(self.known, self.about, self.bar, self.agree_button)
        below_who.setContentsMargins(0, 0, 0, 4)
        form.insert_wide(self.fields.place, self.known)
        _column(self, self.report, self.preview_button)
        self.fields.changed.connect(self._on_fields)
        self.fields.prompt.refused.connect(self._on_refused)
        self.agree_button.clicked.connect(self.agree)
        self.preview_button.clicked.connect(self.preview_wanted)
        self.choice.changed.connect(self._on_known)
        self.previewing.changed.connect(self._on_preview)
        viewer.events.theme.connect(self._on_theme)
        when_gone(self, self.choice.give_up)
        when_gone(self, self.previewing.give_up)
        self._show()

    @property
    def describer(self) -> DescribeParams:
        """The describer that is chosen, with what it is asked.

        Raises
        ------
        InputError, FormatError
            When none is named, or what it is asked does not fit; see :attr:`problem`.
        """
        self.look_again()
        return self._describer()

    def look_again(self) -> None:
        """Read prompt and labels again if their files have changed."""
        if not self.choice.by_rules and self.asked.refresh():
            self._outdate()
            self._show()

    def _describer(self) -> DescribeParams:
        if self.choice.by_rules:
            return self.choice.params()
        if self.asked.problem is not None:
            raise self.asked.problem
        return self.choice.params(
            prompt=self.asked.prompt,
            vocabulary=self.asked.vocabulary,
            clips=self.fields.clips,
            ranges_per_part=_PER_PART,
        )

    @property
    def ready(self) -> bool:
        """Whether a run can begin with it."""
        return self.choice.ready and self.problem is None

    @property
    def problem(self) -> MouseGPTError | None:
        """Why what it is asked does not fit; None when it does."""
        if self.choice.by_rules:
            return None
        found, pictures = self.choice.found, self.fields.clips.frames
        if isinstance(found, FoundDescriber) and found.model.least > pictures:
            return InputError(
                "pictures of each stretch",
                expected=f"{found.model.least} or more, as the model needs",
                found=str(pictures),
            )
        if not (self.choice.ready or self._to_agree):
            return self.asked.problem
        try:
            _ = self._describer()
        except MouseGPTError as error:
            return error
        return None

    @property
    def previews(self) -> bool:
        """Whether a preview can be made: also before a person agreed to a server."""
        if self.choice.by_rules or self.problem is not None:
            return False
        return self.choice.ready or self._to_agree

    def agree(self) -> None:
        """Write down that the user agrees to the download, or to the server, and go on."""
        self.choice.fetch()

    def preview(self, chosen: Scope, params: RunParams) -> None:
        """Make a preview of what is chosen, and show it in a window."""
        if self.previews and chosen.ready and not self.previewing.busy:
            self.previewing.ask(chosen, params)

    @property
    def _to_agree(self) -> bool:
        return isinstance(self.choice.found, ServerToAgree) and bool(self.fields.server_model)

    def _on_fields(self) -> None:
        looking = Looking(self.fields.device, self.fields.by_server, self.fields.server_model)
        self.asked.choose(self.fields.prompt.source, self.fields.labels.path)
        # Prompt, labels and pictures change nothing of what is known of a describer.
        self.choice.choose(self.fields.name, looking)
        self._refused = None
        self._outdate()
        self._show()

    def _on_known(self) -> None:
        if is_alive(self):
            found = self.choice.found
            if isinstance(found, FoundDescriber):
                self.fields.offer_devices(found.devices)
            self.fields.offer_models(self.choice.listed)
            self._show()

    def _on_refused(self, error: Exception) -> None:
        self._refused = error
        self._show()

    def _on_preview(self) -> None:
        if not is_alive(self):
            return
        self._refused = self.previewing.problem
        if self.previewing.found is not None:
            if self.preview_window is None:
                self.preview_window = PreviewWindow(self)
            self.preview_window.show_preview(self.previewing.found)
            self.preview_window.show()
            self.preview_window.raise_()
        self._show()

    def _outdate(self) -> None:
        self.previewing.give_up()
        if self.preview_window is not None:
            self.preview_window.outdate()

    def _on_theme(self) -> None:
        if is_alive(self):
            for report in (self.about, self.report):
                report.set_theme(self._viewer.theme)

    def _show(self) -> None:
        if not is_alive(self):
            return
        self.fields.show_what_counts()
        by_rules = self.choice.by_rules
        self._form.show_widget(self.known, not by_rules)
        self.about.show_parts([] if by_rules else [self._about()])
        self.report.show_parts([] if by_rules else self._said())
        self.agree_button.setText(self.choice.button)
        self.agree_button.setVisible(bool(self.choice.button))
        fetching = self.choice.fetching
        self.bar.setVisible(fetching is not None)
        if fetching is not None:
            self.bar.show_progress(*fetching)
        busy = self.previewing.busy
        self.preview_button.setText(
            "Making the preview ..." if busy else "Preview what the model gets"
        )
        self.preview_button.setEnabled(self.previews and not busy)
        self.setVisible(not by_rules)
        self.changed.emit()

    def _about(self) -> Said:
        found = self.choice.found
        if isinstance(found, MouseGPTError) and self.choice.job is None:
            return Said((), (error_problem(found),))
        return Said(tuple(self.choice.lines()))

    def _said(self) -> list[Said]:
        problem = self.problem
        asked = Said(tuple(self.asked.lines()))
        if problem is not None:
            asked = Said((), (error_problem(problem),))
        refused = [] if self._refused is None else [Said((), (error_problem(self._refused),))]
        return [asked, *refused]


def _column(place: QWidget, *widgets: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(place)
    column.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        column.addWidget(widget)
    return column
