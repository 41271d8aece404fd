"""What OFAC writes into Remarks: weak aliases, birth dates, nationalities, identifiers.

Remarks are clauses parted by `; `. An alias in single quotes stands in no other file (OFAC data
specification, 2023-09-25): it is a weak one, for confirming rather than for finding.
"""

from __future__ import annotations

import re
from datetime import datetime

from tasks.screening.lists import countries
from tasks.screening.lists.tables import WEAK, Draft

_ALIAS = re.compile(r"(?:alt\. )?[afn]\.k\.a\.,? '(.+)'$")
_BORN = re.compile(r"(?:alt\. )?DOB (?:circa |approximately )?(.+)$", re.IGNORECASE)
_NATION = re.compile(r"(?:alt\. )?(?:nationality|citizen) (.+)$", re.IGNORECASE)
_IMO = re.compile(r"\bIMO (\d{7})\b")
_NUMBER = re.compile(
    r"(?:alt\. )?(?P<what>(?:[A-Z][A-Za-z.'/ -]*?)?"
    r"(?:No\.|Number|ID|#|Code|Passport|F\.C\.|R\.P\.)(?: \(USCC\))?)"
    r" (?P<value>[A-Z0-9][A-Z0-9./ -]*?)(?: \((?P<where>[^)]*)\).*| issued .*| expires .*)?$"
)
_KINDS = (
    ("passport", ("passport", "travel document")),
    ("duns", ("d-u-n-s",)),
    ("tax", ("tax id", "nit #", "ruc #", "rif #", "v.a.t.", "r.f.c.", "rfc", "fiscal code")),
    ("registration", ("registration", "company number", "registry", "legal entity", "c.r. no",
                      "enterprise number", "business number", "gazette", "folio mercantil",
                      "social credit", "commerce", "trade license", "incorporation")),
)  # fmt: skip
_NO_IDENTIFIER = ("phone", "fax", "tail number", "serial", "construction number")
_DATES = ("%d %b %Y", "%b %Y", "%Y")


def read(draft: Draft, remarks: str) -> None:
    """Put what remarks say into a draft. What is not understood stays readable in `remarks`."""
    for clause in re.split(r"; ", remarks.rstrip(". ")):
        clause = clause.strip()
        if found := _ALIAS.fullmatch(clause):
            draft.name(found[1], WEAK)
        elif found := _BORN.fullmatch(clause):
            draft.place(born=born(found[1]))
        elif found := _NATION.fullmatch(clause):
            draft.place(country=countries.code(found[1]))
        elif found := _IMO.search(clause):
            draft.identifier("imo", found[1])
        elif found := _NUMBER.fullmatch(clause):
            _identifier(draft, found["what"].lower(), found["value"])


def _identifier(draft: Draft, what: str, value: str) -> None:
    if any(word in what for word in _NO_IDENTIFIER) or not any(c.isdigit() for c in value):
        return
    kind = next((kind for kind, words in _KINDS if any(word in what for word in words)), "other")
    draft.identifier(kind, value)


def born(text: str) -> str:
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
