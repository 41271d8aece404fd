"""Lists of single agencies, where one party may have several rows.

The DoD list of Chinese military companies (section 1260H) and FinCEN's special measures (sections 311
and 9714): a row a publication. The BIS Denied Persons List: tab separated, a row an order and address;
rows are one record where name and first day agree.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256

from tasks.core import clock
from tasks.core.errors import Problem
from tasks.core.messages import Reason
from tasks.screening.lists.country_codes import country_code
from tasks.screening.lists.list_files import ListFiles
from tasks.screening.lists.list_schema import PRIMARY, RecordDraft, add_alias, add_name

FILES = ("dpl*.txt", "dpl*.tsv")
_HEADING = (
    "Name",
    "Street_Address",
    "City",
    "State",
    "Country",
    "Effective_Date",
    "Expiration_Date",
    "Standard_Order",
    "Action",
    "FR_Citation",
)
_SPELLED = {"PRC": "CN"}


def read_dpl(source: ListFiles) -> list[RecordDraft]:
    drafts: dict[str, RecordDraft] = {}
    for number, row in source.table(FILES, _HEADING, "\t"):
        if not row["Name"]:
            source.blame(Problem(FILES[0], row=number, code="list-order-unnamed"))
            continue
        listed = _iso(row["Effective_Date"])
        key = sha256(f"{row['Name']}\n{listed}".encode()).hexdigest()[:12]
        draft = drafts.setdefault(key, RecordDraft(f"bis-dpl/{key}", "unknown", listed=listed))
        draft.add_name(row["Name"], PRIMARY)
        draft.programs = ["DPL"] if row["Standard_Order"].upper() == "Y" else ["DPL non-standard"]
        draft.ends = max(draft.ends, _iso(row["Expiration_Date"]))
        country = country_code(_SPELLED.get(row["Country"], row["Country"]))
        # rows of orders against people in the U.S. often name the state and no country
        draft.add_place(country or ("US" if row["State"] else ""), row["City"], row["Street_Address"])
        for part in (row["Action"], row["FR_Citation"]):
            if part and part not in draft.remarks:
                draft.remarks = f"{draft.remarks}; {part}" if draft.remarks else part
    return list(drafts.values())


def _iso(text: str) -> str:
    """`06/19/2003` as an ISO date; empty for an order without an end."""
    try:
        return datetime.strptime(text, "%m/%d/%Y").date().isoformat()
    except ValueError:
        return ""


DOD_FILES, FINCEN_FILES = ("dod_1260[Hh]*.csv",), ("fincen*.csv",)
_NAMED = ("self", "subsidiary", "target")
_FINCEN_KINDS = {"Person": "individual"}


def read_dod(source: ListFiles) -> list[RecordDraft]:
    drafts: dict[str, RecordDraft] = {}
    heading = ("Name", "Clean Name", "Alias", "Previous Name", "Start date", "End date")
    today = clock.now().date().isoformat()
    for _, row in source.table(DOD_FILES, heading):
        if row["End date"] and row["End date"] <= today:
            source.skip(Reason("list-companies-removed"))
            continue
        name = row["Clean Name"] or row["Name"]
        key = sha256(_plain(name).encode()).hexdigest()[:12]
        draft = drafts.setdefault(key, RecordDraft(f"dod-1260h/{key}", "entity", ["1260H"]))
        add_name(draft, name, PRIMARY)
        for column in ("Alias", "Previous Name"):
            for alias in row[column].split("; "):
                add_alias(draft, alias)
        draft.listed = min(filter(None, (draft.listed, row["Start date"])), default="")
        parent = row.get("Parent Name", "")
        draft.remarks = f"Subsidiary of {parent}" if parent else draft.remarks
        draft.add_place("CN")
    return list(drafts.values())


def read_fincen(source: ListFiles) -> list[RecordDraft]:
    drafts: dict[str, RecordDraft] = {}
    heading = ("Measure", "Relationship", "Type", "Name", "Alias", "Country", "Address", "Topics")
    for _, row in source.table(FINCEN_FILES, heading):
        if row["Relationship"] not in _NAMED:
            source.skip(Reason("list-firms-only-mentioned"))
            continue
        key = sha256(f"{row['Measure']}\n{_plain(row['Name'])}".encode()).hexdigest()[:12]
        kind = _FINCEN_KINDS.get(row["Type"], "entity")
        draft = drafts.setdefault(key, RecordDraft(f"fincen/{key}", kind, ["311"]))
        add_name(draft, row["Name"], PRIMARY)
        for alias in row["Alias"].split("; "):
            add_alias(draft, alias)
        draft.add_place(country_code(row["Country"]), address=row["Address"])
        if number := row.get("Registration number"):
            draft.add_identifier("registration", number)
        draft.remarks = f"Special measure: {row['Measure']} ({row['Relationship']})"
    return list(drafts.values())


def _plain(name: str) -> str:
    """A name without case, marks and footnote stars: rows of several years are one company."""
    return " ".join(re.findall(r"[a-z0-9]+", name.lower()))
