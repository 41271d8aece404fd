"""What the codes of ACE's answers mean, and what to do about them.

The same three characters mean different things in different answers (AX 014 does not exist, ER 014
is "not permitted", AC 014 "no cases found"), so a code is looked up together with the response
application that carried it. The tables are `data/ace/answer_codes/*.csv`, one row a meaning:
CBP's narrative text, our class of meaning, our own advice, the source, and whether the source
says to which application the row belongs (`decided`).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

ANY_APPLICATION = "*"
"""Batch conditions (X03-X44, 999, ZZZ) can come in the answer to any application."""

ON_FILE = "on file"

_UNKNOWN = (
    "Not in our tables. Read CBP's own text beside it; look for the current error dictionary or a"
    " CSMS message, and ask the client representative before the entry is sent again."
)


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """One meaning of a code.

    applications: response applications that can carry it. code_list: what the code stands for where
    one answer has several lists (SO: `entry`, `bill`, `reason`, `origin`); empty for the rest.
    severity: F fatal, W census warning, P agency warning, I information, empty none.
    """

    applications: tuple[str, ...]
    code_list: str
    code: str
    severity: str
    meaning: str
    text: str
    advice: str
    source: str
    decided: bool

    @property
    def what_to_do(self) -> str:
        """Our advice for this code, else for its class of meaning."""
        return self.advice or advice_for(self.meaning)


@dataclass(frozen=True, slots=True)
class CodeLookup:
    """A code in an answer and every meaning that it can have there, decided ones first."""

    application: str
    code: str
    candidates: tuple[CodeMeaning, ...]

    @property
    def known(self) -> bool:
        return bool(self.candidates)

    @property
    def decided(self) -> bool:
        """Exactly one class of meaning, and the source says that it belongs here."""
        meanings = {meaning_row.meaning for meaning_row in self.candidates}
        return len(meanings) == 1 and all(meaning_row.decided for meaning_row in self.candidates)

    @property
    def meaning(self) -> str:
        """The class of meaning; empty where it is unknown or candidates disagree."""
        meanings = {meaning_row.meaning for meaning_row in self.candidates}
        return meanings.pop() if len(meanings) == 1 else ""

    @property
    def texts(self) -> tuple[str, ...]:
        """CBP's narrative texts of all candidates, each once."""
        return tuple(dict.fromkeys(candidate.text for candidate in self.candidates))

    def severity(self, unlisted: str) -> str:
        """The severity of the strongest candidate; `unlisted` where there is none."""
        return self.candidates[0].severity if self.candidates else unlisted

    @property
    def narrative(self) -> str | None:
        """CBP's text of the strongest candidate."""
        return self.candidates[0].text if self.candidates else None

    @property
    def what_to_do(self) -> str:
        """One advice, or all candidates with their texts where the meaning is not decided."""
        if not self.candidates:
            return _UNKNOWN
        if self.decided:
            return self.candidates[0].what_to_do
        advice = dict.fromkeys(f"{candidate.text}: {candidate.what_to_do}" for candidate in self.candidates)
        return "Not certain. " + " / ".join(advice)


@lru_cache(maxsize=4096)
def look_up_code(application: str, code: str, code_list: str = "") -> CodeLookup:
    """The meanings of a code in the answers of a response application (`AX`, `ER`, `C1` ...).

    Without `code_list` all lists of the application are looked at. Rows that hold for any batch count
    only where the application has no row of its own.
    """
    rows = _index().get(code, ())
    own_rows = [row for row in rows if application in row.applications and _fits(row, code_list)]
    meaning_rows = own_rows or [row for row in rows if ANY_APPLICATION in row.applications]
    ordered = sorted(meaning_rows, key=lambda row: not row.decided)
    return CodeLookup(application, code, tuple(ordered))


@cache
def codes_meaning(application: str, *meanings: str) -> frozenset[str]:
    """The codes of an application whose rows all have one of the meanings."""
    by_code: dict[str, list[CodeMeaning]] = defaultdict(list)
    for row in codes():
        if application in row.applications:
            by_code[row.code].append(row)
    return frozenset(code for code, rows in by_code.items() if all(row.meaning in meanings for row in rows))


def meaning_of(application: str, code_list: str = "") -> dict[str, str]:
    """Code -> class of meaning in one list of an application."""
    return {row.code: row.meaning for row in codes() if application in row.applications and _fits(row, code_list)}


@cache
def codes() -> tuple[CodeMeaning, ...]:
    """Every row of every table."""
    return tuple(_read(_folder_names()))


@cache
def advice_for(meaning: str) -> str:
    """The advice of a class of meaning. Raises KeyError for a class that is not in the table."""
    return _meanings()[meaning]


def _fits(row: CodeMeaning, code_list: str) -> bool:
    return not code_list or row.code_list == code_list


@cache
def _index() -> dict[str, tuple[CodeMeaning, ...]]:
    by_code: dict[str, list[CodeMeaning]] = defaultdict(list)
    for row in codes():
        by_code[row.code].append(row)
    return {code: tuple(rows) for code, rows in by_code.items()}


def _folder_names() -> list[str]:
    folder = files("continuity_data") / "ace" / "answer_codes"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")]
    return sorted(name for name in names if name != "meanings.csv")


def _read(names: Iterable[str]) -> Iterator[CodeMeaning]:
    for name in names:
        for row in _rows(name):
            yield CodeMeaning(
                applications=tuple(row["application"].split()),
                code_list=row["code_list"],
                code=row["code"],
                severity=row["severity"],
                meaning=row["meaning"],
                text=row["text"],
                advice=row["do"],
                source=row["source"],
                decided=row["decided"] == "Y",
            )


@cache
def _meanings() -> dict[str, str]:
    return {row["meaning"]: row["do"] for row in _rows("meanings.csv")}


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("continuity_data") / "ace" / "answer_codes" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())
