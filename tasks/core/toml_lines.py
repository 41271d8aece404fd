"""Where something stands in a TOML file: the reader of Python's library keeps no places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_TABLE = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\- ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*[.=]""")
_LINE = re.compile(r"at line (\d+)")


def toml_line(text: str, place: Sequence[str | int]) -> int:
    """The line of what a validation error calls `("duty", 3, "lead")`, or of the nearest table
    around it; 1 if there is none. The file must be readable TOML."""
    best, found = 0, 1
    for row, path in _places(text):
        same = _common(path, place)
        if same > best:
            best, found = same, row
    return found


def syntax_error_line(text: str, message: str) -> int:
    """The line that a syntax error names; the last one if it names the end."""
    named = _LINE.search(message)
    return int(named[1]) if named else text.count("\n") + 1


def _common(path: Sequence[str | int], place: Sequence[str | int]) -> int:
    count = 0
    for one, other in zip(path, place, strict=False):
        if one != other:
            break
        count += 1
    # A longer path leads somewhere else than to the place itself.
    return count if count == min(len(path), len(place)) else max(count - 1, 0)


def _places(text: str) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    """(line, path) of each table and key, arrays of tables counted."""
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    closing = ""
    for row, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if header := _TABLE.match(line):
            table = _table(header[1], line.lstrip().startswith("[["), counts)
            yield row, table
        elif key := _KEY.match(line):
            yield row, (*table, key[1] or key[2] or key[3])
        closing = next((q for q in ('"""', "'''") if line.count(q) == 1), "")


def _table(name: str, array: bool, counts: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    path: tuple[str | int, ...] = ()
    parts = [part.strip() for part in name.split(".")]
    for depth, part in enumerate(parts, 1):
        path = (*path, part)
        if array and depth == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
