"""Write docs/tables.md from the table schemas: python docs/make_tables.py."""

from __future__ import annotations

from pathlib import Path

from napari_mousegpt.core.tables import SCHEMA_VERSION, SCHEMAS, TableSchema

PAGE = Path(__file__).with_name("tables.md")

#: Which file holds a table, and what one row is.
ABOUT = {
    "descriptions": ("`descriptions.csv`, `.parquet`", "one described stretch"),
    "cluster assignments": ("`assignments.csv`, `.parquet`", "one clustered piece"),
    "clusters": ("`clusters.csv`, `.parquet`", "one cluster"),
    "ethogram": ("`ethogram.csv`, `.parquet`", "one bout"),
    "study": ("a table you write", "one recording"),
}

HEAD = f"""# Tables

<!-- Made by docs/make_tables.py from napari_mousegpt.core.tables; do not edit by hand. -->

Every table can have further columns behind these. Rules that hold for all of them:

- A stretch of time is half-open: `start` is its first frame, `stop` the frame after its last one.
  Frame 0 is the first picture. Frames are the authority; `start_s` and `stop_s` are derived.
- Tables join on keys: `range_id` for computed stretches, `bout_id` for bouts, `recording` for
  recordings. Never on the order of rows.
- `range_id` is a hash of recording, individual, start and stop: the same stretch has the same id in
  every run. `bout_id` is given once and stays when a bout is edited.
- Missing text is empty, a missing number is NaN.
- Parquet files carry the schema version (now {SCHEMA_VERSION}) and facts about their origin in the
  metadata key `napari-mousegpt`.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(_section(schema) for schema in SCHEMAS.values())])


def _section(schema: TableSchema) -> str:
    file, row = ABOUT[schema.name]
    lines = [f"## {schema.name.capitalize()}", "", f"In {file}. One row is {row}.", ""]
    lines += ["| column | kind | needed | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{c.name}` | {c.kind} | {'yes' if c.required else ''} | {c.meaning} |"
        for c in schema.columns
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
