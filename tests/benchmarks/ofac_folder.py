"""OFAC's delimited files of a folder as the tables that `tasks.screening.matching.matcher` takes.

A small reader of the benchmark's own: primaries, ALT aliases, weak aliases out of the remarks.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa

KINDS = {"individual": "individual", "vessel": "vessel", "aircraft": "aircraft"}
WEAK = re.compile(r"a\.k\.a\. '([^']+)'")


def rows(path: Path) -> list[list[str]]:
    """Rows of a file without heading; the null `-0- ` is empty, the last byte 0x1A is no row."""
    with path.open(encoding="latin-1", newline="") as source:
        return [
            ["" if cell.strip() == "-0-" else cell.strip() for cell in row]
            for row in csv.reader(source)
            if len(row) > 1
        ]


def listed_names(primaries: Path, aliases: Path | None = None) -> pa.Table:
    """Table record, name, strength, kind of one publication, in the order of the files."""
    found: list[tuple[str, str, str, str]] = []
    kinds: dict[str, str] = {}
    for row in rows(primaries):
        kinds[row[0]] = KINDS.get(row[2], "entity")
        found.append((row[0], row[1], "primary", kinds[row[0]]))
        found += [(row[0], name, "weak", kinds[row[0]]) for name in WEAK.findall(row[-1])]
    for row in rows(aliases) if aliases else []:
        if row[0] in kinds:
            found.append((row[0], row[3], "strong", kinds[row[0]]))
    columns = list(zip(*found, strict=True))
    names = ("record", "name", "strength", "kind")
    return pa.table({name: pa.array(list(values)) for name, values in zip(names, columns, strict=True)})
