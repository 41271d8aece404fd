"""The DoD list of Chinese military companies (section 1260H) and FinCEN's special measures (sections
311 and 9714): a row a publication, so that one company has several."""

from __future__ import annotations

import re
from hashlib import sha256

from tasks.screening.lists import brackets, countries
from tasks.screening.lists.source import Source
from tasks.screening.lists.tables import PRIMARY, Draft
from tasks.shared import clock
from tasks.shared.messages import Reason

DOD_FILES, FINCEN_FILES = ("dod_1260[Hh]*.csv",), ("fincen*.csv",)
_NAMED = ("self", "subsidiary", "target")
_FINCEN_KINDS = {"Person": "individual"}


def read_dod(source: Source) -> list[Draft]:
    drafts: dict[str, Draft] = {}
    heading = ("Name", "Clean Name", "Alias", "Previous Name", "Start date", "End date")
    today = clock.now().date().isoformat()
    for _, row in source.table(DOD_FILES, heading):
        if row["End date"] and row["End date"] <= today:
            source.skip(Reason("list-companies-removed"))
            continue
        name = row["Clean Name"] or row["Name"]
        key = sha256(_plain(name).encode()).hexdigest()[:12]
        draft = drafts.setdefault(key, Draft(f"dod-1260h/{key}", "entity", ["1260H"]))
        brackets.name(draft, name, PRIMARY)
        for column in ("Alias", "Previous Name"):
            for alias in row[column].split("; "):
                brackets.alias(draft, alias)
        draft.listed = min(filter(None, (draft.listed, row["Start date"])), default="")
        parent = row.get("Parent Name", "")
        draft.remarks = f"Subsidiary of {parent}" if parent else draft.remarks
        draft.place("CN")
    return list(drafts.values())


def read_fincen(source: Source) -> list[Draft]:
    drafts: dict[str, Draft] = {}
    heading = ("Measure", "Relationship", "Type", "Name", "Alias", "Country", "Address", "Topics")
    for _, row in source.table(FINCEN_FILES, heading):
        if row["Relationship"] not in _NAMED:
            source.skip(Reason("list-firms-only-mentioned"))
            continue
        key = sha256(f"{row['Measure']}\n{_plain(row['Name'])}".encode()).hexdigest()[:12]
        kind = _FINCEN_KINDS.get(row["Type"], "entity")
        draft = drafts.setdefault(key, Draft(f"fincen/{key}", kind, ["311"]))
        brackets.name(draft, row["Name"], PRIMARY)
        for alias in row["Alias"].split("; "):
            brackets.alias(draft, alias)
        draft.place(countries.code(row["Country"]), address=row["Address"])
        if number := row.get("Registration number"):
            draft.identifier("registration", number)
        draft.remarks = f"Special measure: {row['Measure']} ({row['Relationship']})"
    return list(drafts.values())


def _plain(name: str) -> str:
    """A name without case, marks and footnote stars: rows of several years are one company."""
    return " ".join(re.findall(r"[a-z0-9]+", name.lower()))
