"""The BIS Denied Persons List: tab separated, a row an order and address. One person may have many
rows; they are one record where name and first day agree."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from tasks.screening.lists import countries
from tasks.screening.lists.source import Source
from tasks.screening.lists.tables import PRIMARY, Draft
from tasks.shared.errors import Problem

FILES = ("dpl*.txt", "dpl*.tsv")
_HEADING = ("Name", "Street_Address", "City", "State", "Country", "Effective_Date",
            "Expiration_Date", "Standard_Order", "Action", "FR_Citation")  # fmt: skip
_SPELLED = {"PRC": "CN"}


def read(source: Source) -> list[Draft]:
    drafts: dict[str, Draft] = {}
    for number, row in source.table(FILES, _HEADING, "\t"):
        if not row["Name"]:
            source.blame(Problem(FILES[0], row=number, code="list-order-unnamed"))
            continue
        listed = _iso(row["Effective_Date"])
        key = sha256(f"{row['Name']}\n{listed}".encode()).hexdigest()[:12]
        draft = drafts.setdefault(key, Draft(f"bis-dpl/{key}", "unknown", listed=listed))
        draft.name(row["Name"], PRIMARY)
        draft.programs = ["DPL"] if row["Standard_Order"].upper() == "Y" else ["DPL non-standard"]
        draft.ends = max(draft.ends, _iso(row["Expiration_Date"]))
        country = countries.code(_SPELLED.get(row["Country"], row["Country"]))
        # rows of orders against people in the U.S. often name the state and no country
        draft.place(country or ("US" if row["State"] else ""), row["City"], row["Street_Address"])
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
