"""OFAC's SDN list and its consolidated non-SDN list: four files each, joined by the entry number.

No heading, CRLF, `-0- ` for nothing, and a last byte 0x1A: a file without it was cut off. Remarks of
more than 1,000 characters go on in the comments file, in the middle of a word. They are clauses parted by
`; `: weak aliases, birth dates, nationalities, identifiers. An alias in single quotes stands in no other
file (OFAC data specification, 2023-09-25): it is for confirming rather than for finding.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tasks.core.errors import Problem
from tasks.core.messages import Reason
from tasks.screening.lists.country_codes import country_code
from tasks.screening.lists.list_files import ListFiles, incomplete_row, unreadable_file
from tasks.screening.lists.list_schema import PRIMARY, STRONG, WEAK, RecordDraft

_ALIAS = re.compile(r"(?:alt\. )?[afn]\.k\.a\.,? '(.+)'$")
_BORN = re.compile(r"(?:alt\. )?DOB (?:circa |approximately )?(.+)$", re.IGNORECASE)
_NATION = re.compile(r"(?:alt\. )?(?:nationality|citizen) (.+)$", re.IGNORECASE)
_IMO = re.compile(r"\bIMO (\d{7})\b")
_NUMBER = re.compile(
    r"(?:alt\. )?(?P<what>(?:[A-Z][A-Za-z.'/ -]*?)?"
    r"(?:No\.|Number|ID|#|Code|Passport|F\.C\.|R\.P\.)(?: \(USCC\))?)"
    r" (?P<value>[A-Z0-9][A-Z0-9./ -]*?)(?: \((?P<where>[^)]*)\).*| issued .*| expires .*)?$"
)
_IDENTIFIER_KINDS = (
    ("passport", ("passport", "travel document")),
    ("duns", ("d-u-n-s",)),
    ("tax", ("tax id", "nit #", "ruc #", "rif #", "v.a.t.", "r.f.c.", "rfc", "fiscal code")),
    (
        "registration",
        (
            "registration",
            "company number",
            "registry",
            "legal entity",
            "c.r. no",
            "enterprise number",
            "business number",
            "gazette",
            "folio mercantil",
            "social credit",
            "commerce",
            "trade license",
            "incorporation",
        ),
    ),
)
_NO_IDENTIFIER = ("phone", "fax", "tail number", "serial", "construction number")
_DATES = ("%d %b %Y", "%b %Y", "%Y")


def read_remarks(draft: RecordDraft, remarks: str) -> None:
    """Put what remarks say into a draft. What is not understood stays readable in `remarks`."""
    for clause in re.split(r"; ", remarks.rstrip(". ")):
        clause = clause.strip()
        if match := _ALIAS.fullmatch(clause):
            draft.add_name(match[1], WEAK)
        elif match := _BORN.fullmatch(clause):
            draft.add_place(born=birth_date(match[1]))
        elif match := _NATION.fullmatch(clause):
            draft.add_place(country=country_code(match[1]))
        elif match := _IMO.search(clause):
            draft.add_identifier("imo", match[1])
        elif match := _NUMBER.fullmatch(clause):
            _identifier(draft, match["what"].lower(), match["value"])


def _identifier(draft: RecordDraft, what: str, value: str) -> None:
    if any(word in what for word in _NO_IDENTIFIER) or not any(c.isdigit() for c in value):
        return
    kind = next((kind for kind, words in _IDENTIFIER_KINDS if any(word in what for word in words)), "other")
    draft.add_identifier(kind, value)


def birth_date(text: str) -> str:
    """ISO date of `13 Feb 1982`; the year where only month or year is known; the first year of a
    range; empty if there is none."""
    tidy = text.split(" to ")[0].strip(" .")
    for pattern in _DATES:
        try:
            moment = datetime.strptime(tidy, pattern)
        except ValueError:
            continue
        return moment.strftime("%Y-%m-%d") if pattern == _DATES[0] else moment.strftime("%Y")
    year = re.search(r"\b(1[89]\d\d|20\d\d)\b", tidy)
    return year[1] if year else ""


_END = "\x1a"
_NOTHING = "-0-"
_KINDS = {"individual": "individual", "vessel": "vessel", "aircraft": "aircraft", "": "entity"}


@dataclass(frozen=True)
class OfacFiles:
    """Names of the four files of one list."""

    primary: str
    alt: str
    add: str
    comments: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.primary, self.alt, self.add, self.comments)


SDN = OfacFiles("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")
CONSOLIDATED = OfacFiles("cons_prim.csv", "cons_alt.csv", "cons_add.csv", "cons_comments.csv")


def read_sdn(source: ListFiles) -> list[RecordDraft]:
    return _read(source, "ofac-sdn", SDN)


def read_consolidated(source: ListFiles) -> list[RecordDraft]:
    return _read(source, "ofac-cons", CONSOLIDATED)


def _read(source: ListFiles, list_: str, files: OfacFiles) -> list[RecordDraft]:
    drafts: dict[str, RecordDraft] = {}
    texts: dict[str, str] = {}
    for number, name, kind, program, title, *vessel, text in _rows(source, files.primary, 12):
        draft = RecordDraft(f"{list_}/{number}", _KINDS.get(kind, "unknown"))
        draft.programs = re.findall(r"[^\[\]]+", program.replace("] [", "]["))
        draft.add_name(name, PRIMARY)
        _vessel(draft, vessel)
        drafts[number] = draft
        texts[number] = f"{title}; {text}" if title and text else title + text
    for number, _, _, name, _ in _rows(source, files.alt, 5):
        if draft := _owner(source, drafts, number, files.alt):
            draft.add_name(name, STRONG)
    for number, _, address, city, country, _ in _rows(source, files.add, 6):
        if draft := _owner(source, drafts, number, files.add):
            draft.add_place(country_code(country), city, address)
    for number, comment in _rows(source, files.comments, 2):
        if number in texts:
            texts[number] += comment
    for number, text in texts.items():
        drafts[number].remarks = text
        read_remarks(drafts[number], text)
    _tell_orphans(source)
    return list(drafts.values())


def _vessel(draft: RecordDraft, cells: list[str]) -> None:
    """Call sign, type, tonnage, GRT, flag, owner: the flag is where a vessel is at home."""
    flag = cells[4] if len(cells) == 6 else ""
    draft.add_place(country_code(flag))


def _owner(source: ListFiles, drafts: dict[str, RecordDraft], number: str, file: str) -> RecordDraft | None:
    draft = drafts.get(number)
    if draft is None:
        source.skip(Reason("list-rows-without-entry", file=file))
    return draft


def _tell_orphans(source: ListFiles) -> None:
    """Rows that belong to no entry show that the files are not of one publication, or one is cut."""
    for reason, count in source.left_out.items():
        if reason.code == "list-rows-without-entry":
            source.blame(Problem(reason.values["file"], code="list-rows-orphaned", values={"count": count}))


def _rows(source: ListFiles, file: str, width: int) -> Iterator[list[str]]:
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
                source.blame(incomplete_row(name, number, len(cells), width))
    except csv.Error as error:
        source.blame(unreadable_file(name, error))


def _cell(text: str) -> str:
    """Blanks stay: remarks of 1,000 characters may have been cut at one."""
    return "" if text.strip() == _NOTHING else text
