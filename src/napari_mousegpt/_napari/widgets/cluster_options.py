"""How clusters are found, in a panel: folded away, as the usual way does for most."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.widgets.parts import choice_box
from napari_mousegpt.clusters import ClusterParams

__all__ = ["ClusterOptions"]

_ENGINES = {
    "consensus": "votes, safe for all",
    "density": "crowds (HDBSCAN)",
    "fast": "crowds (fast-hdbscan)",
}
_ENGINE_TIP = (
    "Votes of many random partitions: needed for kinematics, which have no gaps, and safe for all. "
    "Crowds: for vectors of a video encoder, which come in separate crowds; where they do not, "
    "votes are taken instead and the report says so."
)
#: Percent that the vectors of the encoder keep at least.
_LEAST = 10


class ClusterOptions(QWidget):
    """Engine, shares of fused spaces, smallest cluster, balance, stability."""

    #: Something else is chosen.
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._watching = False
        self._usual = ClusterParams()
        self.fold = QToolButton()
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.fold.setToolTip("Engine, words fused in, size of clusters, stability")
        self.engine = choice_box(_ENGINES)
        self.engine.setToolTip(_ENGINE_TIP)
        self.words = _percent("not used")
        self.words.setToolTip(
            "How much the kinematic words weigh beside the vectors; 30 % agreed best with people"
        )
        self.kinematic = _percent("not used")
        self.kinematic.setToolTip("How much kinematics weigh beside the video encoder")
        self.smallest = QDoubleSpinBox()
        self.smallest.setRange(0.25, 25.0)
        self.smallest.setDecimals(2)
        self.smallest.setSingleStep(0.25)
        self.smallest.setSuffix(" %")
        self.smallest.setValue(100 * self._usual.min_cluster_share)
        self.smallest.setToolTip("Smallest cluster: larger gives fewer, coarser clusters")
        self.balance = QCheckBox("the same for each animal")
        self.balance.setToolTip(
            "When a study is too large to fit at once, every animal gives the same number of "
            "pieces; else every recording does"
        )
        self.refits = QSpinBox()
        self.refits.setRange(0, 10)
        self.refits.setSpecialValueText("not told")
        self.refits.setToolTip(
            "Fit again so often with other seeds, and so often on half of the data, and report how "
            "well the clusters come back; each takes about as long as the fit"
        )
        self.refits.setValue(self._usual.refits)
        self.balance.setChecked(self._usual.balance == "animals")
        self._lay_out()
        for spin in (self.words, self.kinematic, self.smallest, self.refits):
            spin.valueChanged.connect(self._on_value)
        self.engine.currentIndexChanged.connect(self._on_value)
        self.balance.toggled.connect(self._on_value)
        self.fold.toggled.connect(self._on_fold)
        self._on_fold(False)
        self.fit(watching=False, study=False)

    def _lay_out(self) -> None:
        self.body = QWidget()
        self._rows = QFormLayout(self.body)
        self._rows.setContentsMargins(12, 0, 0, 0)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, editor in (
            ("Find by", self.engine),
            ("Words", self.words),
            ("Kinematics", self.kinematic),
            ("Smallest", self.smallest),
            ("Balance", self.balance),
            ("Refits", self.refits),
        ):
            self._rows.addRow(label, editor)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.fold)
        column.addWidget(self.body)

    @property
    def value(self) -> ClusterParams:
        """What is chosen."""
        return replace(
            self._usual,
            engine=str(self.engine.currentData()),
            weights=self._weights(),
            min_cluster_share=round(self.smallest.value() / 100, 4),
            balance="animals" if self.balance.isChecked() else "recordings",
            refits=self.refits.value(),
        )

    def fit(self, *, watching: bool, study: bool) -> None:
        """Show the rows that count.

        Parameters
        ----------
        watching : bool
            Whether a video encoder makes the vectors.
        study : bool
            Whether a whole study is clustered.
        """
        self._watching = watching
        self._rows.setRowVisible(self.kinematic, watching)
        self._rows.setRowVisible(self.balance, study)
        self._show_said()

    def _weights(self) -> tuple[tuple[str, float], ...]:
        beside = {"words": self.words.value()}
        if self._watching:
            beside["kinematic"] = self.kinematic.value()
        beside = {space: percent for space, percent in beside.items() if percent}
        if not beside:
            return ()
        base = "video" if self._watching else "kinematic"
        rest = 100 - sum(beside.values())
        return ((base, rest / 100), *((space, one / 100) for space, one in beside.items()))

    def _on_value(self, _: object = None) -> None:
        # What the encoder makes keeps a share of its own.
        self.words.setMaximum(100 - _LEAST - self.kinematic.value())
        self.kinematic.setMaximum(100 - _LEAST - self.words.value())
        self._show_said()
        self.changed.emit()

    def _on_fold(self, unfolded: bool) -> None:
        self.body.setVisible(unfolded)
        arrow = Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow
        self.fold.setArrowType(arrow)

    def _show_said(self) -> None:
        """Say in the heading what is not as usual, so that folding hides nothing."""
        mine, said = self.value, []
        if mine.engine != self._usual.engine:
            said.append("crowds")
        said += [f"{space} {share:.0%}" for space, share in mine.weights[1:]]
        if mine.min_cluster_share != self._usual.min_cluster_share:
            said.append(f"smallest {mine.min_cluster_share:.2%}".replace(".00%", "%"))
        self.fold.setText("Clustering" + (f": {', '.join(said)}" if said else " options"))


def _percent(nothing: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(0, 100 - _LEAST)
    spin.setSingleStep(10)
    spin.setSuffix(" %")
    spin.setSpecialValueText(nothing)
    return spin
