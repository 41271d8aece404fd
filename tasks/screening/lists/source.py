"""The files of a list as they came: read with the house's hostile checks, every fault told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from tasks.shared import hostile
from tasks.shared.errors import HostileFile, Problem

EMPTY, TRUNCATED, FAULTY = "L001", "L002", "L003"
MISSING, ORPHAN, SHRUNKEN, HEADING, OLDER = "L004", "L005", "L006", "L007", "L008"
BELOW_FLOOR = "L009"


@dataclass
class Source:
    """The files of one list, and what was wrong with them. `sources`: (name, SHA-256) of each;
    `passed`: files of it that were not read, as another of them was."""

    folder: Path
    sources: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)

    def blame(self, code: str, file: str, wrong: str, right: str = "", row: int = 0) -> None:
        self.problems.append(Problem(file=file, row=row, wrong=wrong, right=right, code=code))

    def skip(self, reason: str) -> None:
        """Count a row that the list holds but that names nobody to screen against."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def text(self, names: Sequence[str], needed: bool = True) -> tuple[str, str]:
        """Name and text of the first of these files that is there; empty if none is."""
        path, *others = every(self.folder, names) or [None]
        self.passed += [other.name for other in others if other]
        if path is None:
            if needed:
                self.blame(MISSING, names[0], "the file is missing", f"in {self.folder}")
            return "", ""
        try:
            text = hostile.read_text(path)
        except HostileFile as refused:
            code = FAULTY if path.stat().st_size else EMPTY
            # the file was not saved by hand
            right = "the publisher's whole file, downloaded again"
            self.problems += [replace(_coded(one, code), right=right) for one in refused.problems]
            return path.name, ""
        self.sources.append((path.name, sha256(path.read_bytes()).hexdigest()))
        return path.name, text

    def table(self, names: Sequence[str], heading: Iterable[str], mark: str = ",") -> Iterator[
        tuple[int, dict[str, str]]
    ]:  # fmt: skip
        """Row number and cells of a file with a heading row, bound by name. A heading that lacks
        a column of `heading` is a fault, as is a row with another number of cells."""
        name, text = self.text(names)
        if not text:
            return
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        try:
            titles = [title.strip() for title in next(rows, [])]
            if lacking := [title for title in heading if title not in titles]:
                self.blame(HEADING, name, f"no column {', '.join(lacking)}", "the publisher's file")
                return
            for number, cells in enumerate(rows, 2):
                if len(cells) == len(titles):
                    yield number, {k: v.strip() for k, v in zip(titles, cells, strict=True)}
                elif cells:
                    wrong = f"{len(cells)} cells under {len(titles)} headings"
                    self.blame(TRUNCATED, name, wrong, "the whole file, downloaded again", number)
        except csv.Error as wrong:
            self.blame(FAULTY, name, f"no proper table ({wrong})", "the publisher's file")


def _coded(problem: Problem, code: str) -> Problem:
    return replace(problem, code=code)


def find(folder: Path, names: Sequence[str]) -> Path | None:
    """The file of a list that counts, whose name is, or begins and ends like, one of `names`
    (`sdn.csv`, `dpl*.txt`)."""
    return next(iter(every(folder, names)), None)


def every(folder: Path, names: Sequence[str]) -> list[Path]:
    """All such files; the one that counts first: by the first of `names`, then the latest day
    in a name, then the name that sorts last."""
    found: list[Path] = []
    for pattern in names:
        more = [path for path in folder.glob(pattern) if path.is_file() and path not in found]
        found += sorted(more, key=lambda path: (_day(path.name), path.name), reverse=True)
    return found


def _day(name: str) -> str:
    return max(re.findall(r"20\d\d-\d\d-\d\d", name), default="")
