"""OFAC's SDN list and its consolidated non-SDN list: four files each, joined by the entry number.

No heading, CRLF, `-0- ` for nothing, and a last byte 0x1A: a file without it was cut off. Remarks of
more than 1,000 characters go on in the comments file, in the middle of a word.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.screening.lists import countries, remarks
from tasks.screening.lists.source import Source, incomplete, unreadable
from tasks.screening.lists.tables import PRIMARY, STRONG, Draft
from tasks.shared.errors import Problem
from tasks.shared.messages import Reason

_END = "\x1a"
_NOTHING = "-0-"
_KINDS = {"individual": "individual", "vessel": "vessel", "aircraft": "aircraft", "": "entity"}


@dataclass(frozen=True)
class Files:
    """Names of the four files of one list."""

    primary: str
    alt: str
    add: str
    comments: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.primary, self.alt, self.add, self.comments)


SDN = Files("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")
CONSOLIDATED = Files("cons_prim.csv", "cons_alt.csv", "cons_add.csv", "cons_comments.csv")


def read_sdn(source: Source) -> list[Draft]:
    return _read(source, "ofac-sdn", SDN)


def read_consolidated(source: Source) -> list[Draft]:
    return _read(source, "ofac-cons", CONSOLIDATED)


def _read(source: Source, list_: str, files: Files) -> list[Draft]:
    drafts: dict[str, Draft] = {}
    texts: dict[str, str] = {}
    for number, name, kind, program, title, *vessel, text in _rows(source, files.primary, 12):
        draft = Draft(f"{list_}/{number}", _KINDS.get(kind, "unknown"))
        draft.programs = re.findall(r"[^\[\]]+", program.replace("] [", "]["))
        draft.name(name, PRIMARY)
        _vessel(draft, vessel)
        drafts[number] = draft
        texts[number] = f"{title}; {text}" if title and text else title + text
    for number, _, _, name, _ in _rows(source, files.alt, 5):
        if draft := _owner(source, drafts, number, files.alt):
            draft.name(name, STRONG)
    for number, _, address, city, country, _ in _rows(source, files.add, 6):
        if draft := _owner(source, drafts, number, files.add):
            draft.place(countries.code(country), city, address)
    for number, more in _rows(source, files.comments, 2):
        if number in texts:
            texts[number] += more
    for number, text in texts.items():
        drafts[number].remarks = text
        remarks.read(drafts[number], text)
    _tell_orphans(source)
    return list(drafts.values())


def _vessel(draft: Draft, cells: list[str]) -> None:
    """Call sign, type, tonnage, GRT, flag, owner: the flag is where a vessel is at home."""
    flag = cells[4] if len(cells) == 6 else ""
    draft.place(countries.code(flag))


def _owner(source: Source, drafts: dict[str, Draft], number: str, file: str) -> Draft | None:
    draft = drafts.get(number)
    if draft is None:
        source.skip(Reason("list-rows-without-entry", file=file))
    return draft


def _tell_orphans(source: Source) -> None:
    """Rows that belong to no entry show that the files are not of one publication, or one is cut."""
    for reason, count in source.left_out.items():
        if reason.code == "list-rows-without-entry":
            source.blame(
                Problem(reason.values["file"], code="list-rows-orphaned", values={"count": count})
            )


def _rows(source: Source, file: str, width: int) -> Iterator[list[str]]:
    name, text = source.text([file])
    if not text:
        return
    if not text.rstrip("\r\n").endswith(_END):
        source.blame(Problem(name, code="list-end-missing"))
    reader = csv.reader(io.StringIO(text.rstrip("\r\n" + _END), newline=""), strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) == width:
                yield [_cell(cell) for cell in cells]
            elif cells:
                source.blame(incomplete(name, number, len(cells), width))
    except csv.Error as error:
        source.blame(unreadable(name, error))


def _cell(text: str) -> str:
    """Blanks stay: remarks of 1,000 characters may have been cut at one."""
    return "" if text.strip() == _NOTHING else text
