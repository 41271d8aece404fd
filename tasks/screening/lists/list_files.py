"""The files of a list as they came: read as untrusted input, every fault reported."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from tasks.core import untrusted_input
from tasks.core.errors import HostileFile, Problem
from tasks.core.messages import Reason


@dataclass
class ListFiles:
    """The files of one list, and what was wrong with them. `sources`: (name, SHA-256) of each;
    `passed`: files of it that were not read, as another of them was."""

    folder: Path
    sources: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter[Reason] = field(default_factory=Counter)
    passed: list[str] = field(default_factory=list)

    def blame(self, problem: Problem) -> None:
        self.problems.append(problem)

    def skip(self, reason: Reason) -> None:
        """Count a row that the list holds but that names nobody to screen against."""
        self.left_out[reason] += 1

    def text(self, names: Sequence[str], needed: bool = True) -> tuple[str, str]:
        """Name and text of the first of these files that is there; empty if none is."""
        path, *unread = files_matching(self.folder, names) or [None]
        self.passed += [file.name for file in unread if file]
        if path is None:
            if needed:
                self.blame(Problem(names[0], code="list-file-missing", values={"folder": str(self.folder)}))
            return "", ""
        try:
            text = untrusted_input.read_text(path)
        except HostileFile as refused:
            self.problems += [_not_text(path, problem) for problem in refused.problems]
            return path.name, ""
        self.sources.append((path.name, sha256(path.read_bytes()).hexdigest()))
        return path.name, text

    def table(
        self, names: Sequence[str], heading: Iterable[str], separator: str = ","
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """Row number and cells of a file with a heading row, bound by name. A heading that lacks
        a column of `heading` is a fault, as is a row with another number of cells."""
        name, text = self.text(names)
        if not text:
            return
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            titles = [title.strip() for title in next(rows, [])]
            if lacking := [title for title in heading if title not in titles]:
                self.blame(Problem(name, code="list-columns-missing", values={"columns": ", ".join(lacking)}))
                return
            for number, cells in enumerate(rows, 2):
                if len(cells) == len(titles):
                    yield number, {k: v.strip() for k, v in zip(titles, cells, strict=True)}
                elif cells:
                    self.blame(incomplete_row(name, number, len(cells), len(titles)))
        except csv.Error as error:
            self.blame(unreadable_file(name, error))


def incomplete_row(file: str, row: int, cells: int, width: int) -> Problem:
    """A row with another number of cells than the file has columns."""
    return Problem(file, row=row, code="list-row-incomplete", values={"cells": cells, "width": width})


def unreadable_file(file: str, error: csv.Error) -> Problem:
    """A file that is no proper CSV."""
    return Problem(file, code="list-table-unreadable", values={"cause": str(error)})


def _not_text(path: Path, problem: Problem) -> Problem:
    """A file that could not be read as text. It was not saved by hand, so the way out is another
    download."""
    if not path.stat().st_size:
        return Problem(path.name, code="list-file-empty")
    return replace(problem, code="list-file-unreadable", wrong="", right="", values={"cause": problem.wrong})


def find_file(folder: Path, names: Sequence[str]) -> Path | None:
    """The file of a list that counts, whose name is, or begins and ends like, one of `names`
    (`sdn.csv`, `dpl*.txt`)."""
    return next(iter(files_matching(folder, names)), None)


def files_matching(folder: Path, names: Sequence[str]) -> list[Path]:
    """All such files; the one that counts first: by the first of `names`, then the latest day
    in a name, then the name that sorts last."""
    matching: list[Path] = []
    for pattern in names:
        new = [path for path in folder.glob(pattern) if path.is_file() and path not in matching]
        matching += sorted(new, key=lambda path: (_day(path.name), path.name), reverse=True)
    return matching


def _day(name: str) -> str:
    return max(re.findall(r"20\d\d-\d\d-\d\d", name), default="")
