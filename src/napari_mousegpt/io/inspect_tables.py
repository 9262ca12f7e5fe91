"""What a study table, an arena file or another table is."""

from __future__ import annotations

from pathlib import Path

from napari_mousegpt.core.parquet import parquet_facts, read_parquet
from napari_mousegpt.io.arenas import load_arenas
from napari_mousegpt.io.file_report import FileReport, Problem
from napari_mousegpt.io.study import check_study

__all__ = ["is_study_header", "look_at_arenas", "look_at_parquet", "look_at_study", "look_at_table"]


def is_study_header(names: list[str]) -> bool:
    """Return whether a header is that of a study table."""
    return {"recording", "animal"} <= {name.strip().lower() for name in names}


def look_at_study(path: Path) -> FileReport:
    """Describe a study table: csv, Excel or TOML."""
    report = check_study(path)
    problems = [
        *(Problem(text, "Mend these rows.") for text in report.contradictions),
        *(Problem(text, "Correct it, or see what 'relocate' finds.") for text in report.missing),
    ]
    said = [*report.sentences(), *(f"Perhaps a slip: {text}" for text in report.doubts)]
    numbers = {
        name: value for name, value in report.facts().items() if name not in ("file", "format")
    }
    return FileReport(path, "study", report.format, tuple(said), tuple(problems), numbers)


def look_at_arenas(path: Path) -> FileReport:
    """Describe an arena file."""
    arenas = load_arenas(path)
    said = [f"{path.name}: {len(arenas)} arena(s) with their zones."]
    for arena in arenas:
        zones = ", ".join(zone.name for zone in arena.zones) or "no zones"
        scale = arena.pixels_per_cm
        said.append(
            f"{arena.name}: {zones}; "
            + ("no scale" if scale is None else f"{scale:.4g} pixels per cm")
            + (f"; {arena.individual} lives there" if arena.individual else "")
            + "."
        )
    numbers = {"arenas": [arena.to_dict() for arena in arenas]}
    return FileReport(path, "arena", "JSON", tuple(said), (), numbers)


def look_at_parquet(path: Path) -> FileReport:
    """Describe a parquet table that holds no labels."""
    schema = parquet_facts(path).get("schema", "")
    table = read_parquet(path)
    names = ", ".join(str(name) for name in table.columns[:8])
    return FileReport(
        path,
        "table",
        "parquet",
        (f"{path.name}: {schema or 'a'} table of {len(table)} rows with columns {names}.",),
        numbers={"n_rows": len(table), "columns": [str(name) for name in table.columns]},
    )


def look_at_table(path: Path, rows: list[tuple[int, list[str]]]) -> FileReport:
    """Describe a text table of no known kind."""
    header = rows[0][1]
    names = ", ".join(name or "(nameless)" for name in header[:8])
    return FileReport(
        path,
        "table",
        "csv",
        (
            f"{path.name}: a text table, {len(rows) - 1} rows below the header, columns {names}.",
            "If it holds labels, read it with load_labels and name the column; if it is a study "
            "table, say which column is which (columns={...}); if it holds injections or cues, "
            "read it with load_epochs.",
        ),
        numbers={"n_rows": len(rows) - 1, "columns": header},
    )
