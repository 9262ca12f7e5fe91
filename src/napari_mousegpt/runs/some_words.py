"""What comes of describing a part of a run: tables, sentences, and the page that tells of them."""

from __future__ import annotations

import math
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.clusters import ethogram
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.labels import write_bouts
from napari_mousegpt.store import RunFolder, write_table
from napari_mousegpt.words.audits import Agreement
from napari_mousegpt.words.propagation import Propagated

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.runs.clustered import FinishedRuns
    from napari_mousegpt.words.gated_words import Gated

__all__ = ["SomeWords", "load_some_words", "write_some_words"]


@dataclass(frozen=True, eq=False)
class SomeWords:
    """Words for all stretches of a run, of which a model described some.

    Parameters
    ----------
    path : Path
        Run folder.
    words : DataFrame
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`; ``words_source`` says where the
        words of each are from.
    audit : DataFrame
        One row for each stretch that was drawn to see how often the model would say the same.
    clusters : DataFrame or None
        What became of each cluster; None when stretches were chosen by doubt.
    overall : Agreement
        How often the describer would have said the same as the words it did not give itself: over
        all clusters, or over what the rules were sure of.
    sentences : tuple of str
        What a report says of it.
    card : RunCard
        Inputs, parameters, versions, outcome.
    """

    path: Path
    words: pd.DataFrame
    audit: pd.DataFrame
    clusters: pd.DataFrame | None
    overall: Agreement
    sentences: tuple[str, ...]
    card: RunCard


def write_some_words(
    folder: RunFolder,
    found: Propagated | Gated,
    words: pd.DataFrame,
    notes: tuple[str, ...],
    runs: FinishedRuns,
) -> None:
    """Write the results of describing some stretches.

    Parameters
    ----------
    folder : RunFolder
        Open.
    found : Propagated or Gated
        What came of it.
    words : DataFrame
        Its words, held against measures.
    notes : tuple of str
        Further sentences of the report.
    runs : FinishedRuns
        What was described.
    """
    result, run_id = folder.result, folder.card.run_id
    write_table(words, result / "descriptions", run_id=run_id)
    write_table(found.audit, result / "audit", run_id=run_id)
    clusters = getattr(found, "clusters", None)
    if clusters is not None:
        write_table(clusters, result / "carried_clusters", run_id=run_id)
    bouts = ethogram(words)
    clocks = {name: runs.clock(name) for name in runs.folders}
    for name in ("ethogram.parquet", "ethogram.csv"):
        write_bouts(result / name, bouts, clocks=clocks)
    if len(runs.folders) == 1:
        # With it the words are shown and exported like those of any other run.
        (source,) = runs.folders.values()
        shutil.copyfile(source / "result" / "recording.json", result / "recording.json")
    told = [*found.sentences, *notes]
    with replacing(result / "report.md") as aside:
        aside.write_text(_page(folder.card, told), encoding="utf-8")
    sources = words["words_source"].value_counts()
    folder.finish(
        descriptions=len(words),
        sources={str(name): int(count) for name, count in sources.items()},
        audited=len(found.audit),
        by_clusters=clusters is not None,
        agreement=_plain(found.overall if isinstance(found, Propagated) else found.agreement),
        sentences=told,
    )


def load_some_words(path: str | os.PathLike[str]) -> SomeWords:
    """Read what was written into a run folder.

    Raises
    ------
    InputError
        When nothing of the kind is there.
    """
    place = Path(path)
    result = place / "result"
    try:
        card = RunCard.from_json((result / "run_card.json").read_text(encoding="utf-8"))
        outcome = card.outcome
        return SomeWords(
            place,
            read_parquet(result / "descriptions.parquet"),
            read_parquet(result / "audit.parquet"),
            read_parquet(result / "carried_clusters.parquet") if outcome["by_clusters"] else None,
            _agreement(outcome["agreement"]),
            tuple(outcome["sentences"]),
            card,
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            place,
            expected="the folder of a finished run of propagate",
            found=str(error),
            remedy="If it was stopped, start it again to finish.",
        ) from error


def _plain(result: Agreement) -> dict[str, float | None]:
    """Return it as JSON knows it, which has no NaN."""
    return {key: None if math.isnan(value) else value for key, value in asdict(result).items()}


def _agreement(kept: dict[str, Any]) -> Agreement:
    values: dict[str, Any] = {
        key: math.nan if value is None else value for key, value in kept.items()
    }
    return Agreement(**values)


def _page(card: RunCard, told: list[str]) -> str:
    models: dict[str, Any] = dict(card.models)
    lines = ["# Words for a whole recording from some of it", ""]
    lines += [f"- {sentence}" for sentence in told]
    lines += ["", f"Describer: {models.get('describer', '')}. Run {card.run_id}.", ""]
    lines += [
        "`descriptions` has a row for each stretch. `words_source` says whether the model",
        "described it, or its words were carried from an example (`carried_from`), or are those",
        "of the rules. `agreement` is how often the model said the same of stretches like it that",
        "were drawn at random.",
        "",
    ]
    return "\n".join(lines)
