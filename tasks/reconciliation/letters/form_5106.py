"""A data sheet for CBP Form 5106, one page for each importer or consignee that ACE does not know as
active (KR; errors 101, 104, 875): what we know filled in, what is missing named."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tasks.reconciliation.accounting.report_rows import mask_importer
from tasks.reconciliation.letters.letter_cases import LetterCase, LetterCases, join_text, party_identity, to_be_filed
from tasks.reconciliation.letters.letter_layout import FORMS, CorrespondenceDraft, LetterColumn, file_name
from tasks.reconciliation.state.entry_state import IMPORTER

_COLUMNS = (
    LetterColumn("Section", 13),
    LetterColumn("What the form asks", 34),
    LetterColumn("What we know", 23),
    LetterColumn("To be filled in", 30),
)
_ROLES = {IMPORTER: "importer of record"}


@dataclass(frozen=True)
class InactiveParty:
    """One party that ACE does not take. `status`: unknown, inactive or void, as KR says."""

    number: str
    name: str
    address: str
    roles: tuple[str, ...]
    status: str
    entries: tuple[str, ...]
    through: str

    @property
    def role(self) -> str:
        return " and ".join(self.roles)


def form_5106_drafts(cases: LetterCases) -> Iterator[CorrespondenceDraft]:
    """One sheet a party."""
    for party in parties(cases):
        yield _sheet(party)


def parties(cases: LetterCases) -> list[InactiveParty]:
    """Every importer and consignee of what is to be filed that KR says is not active."""
    parties_by_key: dict[str, InactiveParty] = {}
    for case in cases.where(to_be_filed).entries:
        for about, number in case.entry.parties.items():
            status = case.entry.ace_statuses.get(about)
            if status is not None and status.disposition != "active":
                key = party_identity(cases.workspace, number)
                earlier = parties_by_key.get(key)
                parties_by_key[key] = _merge(earlier, _party(cases, case, about, number, status.disposition))
    return [parties_by_key[key] for key in sorted(parties_by_key)]


def _party(cases: LetterCases, case: LetterCase, about: str, number: str, status: str) -> InactiveParty:
    name, address = case.row["importer_name"] or "", case.row["importer_address"] or ""
    if about != IMPORTER:
        name, address = _consignee(cases, case.number)
    return InactiveParty(number, name, address, (_ROLES.get(about, about),), status, (case.number,), case.importer)


def _merge(earlier: InactiveParty | None, party: InactiveParty) -> InactiveParty:
    """The same party in another entry: what either knows."""
    if earlier is None:
        return party
    return InactiveParty(
        earlier.number,
        earlier.name or party.name,
        earlier.address or party.address,
        tuple(dict.fromkeys([*earlier.roles, *party.roles])),
        earlier.status,
        tuple(dict.fromkeys([*earlier.entries, *party.entries])),
        earlier.through,
    )


def _consignee(cases: LetterCases, number: str) -> tuple[str, str]:
    """Name and address of the party CN, where the desk wrote them."""
    for row in cases.record.parties.to_pylist():
        if row["entry_number"] == number and row["party"] == "CN" and row["name"]:
            parts = (row["address"], row["city"], row["subdivision"], row["postal_code"], row["country"])
            return row["name"], join_text(part or "" for part in parts)
    return "", ""


_ACTIONS = {
    "unknown": "new number",
    "inactive": "the number is on file and inactive: to be made active again",
    "void": "the number is void in ACE: find out the right one, or ask for a new one",
}


def _sheet(party: InactiveParty) -> CorrespondenceDraft:
    values = {
        "action": _ACTIONS.get(party.status, f"ACE says {party.status}"),
        "name": party.name,
        "number": mask_importer(party.number),
        "role": party.role,
        "address": party.address,
    }
    missing = [row["ask"] for row in _form_items() if _is_open(row, values) and row["need"] != "optional"]
    listed = ", ".join(party.entries[:6]) + (", ..." if len(party.entries) > 6 else "")
    who = party.name or f"the {party.role} {mask_importer(party.number)}"
    return CorrespondenceDraft(
        kind=FORMS,
        name=file_name(f"{party.name or party.role} {min(party.entries)[4:11]}"),
        to=(_addressee(party), party.address, mask_importer(party.number)),
        subject=f"Data sheet for CBP Form 5106: {who} is {party.status} in ACE",
        text=(
            f"ACE takes no entry of {who} before CBP Form 5106 (19 CFR 24.5) is on file. "
            f"{len(party.entries)} entr{'y waits' if len(party.entries) == 1 else 'ies wait'} for "
            f"it: {listed}. Please complete the form in force with the data below, sign it, and send "
            "it to us or enter it in the ACE portal. This sheet is no form of CBP's.",
        ),
        columns=_COLUMNS,
        rows=tuple(
            (row["section"], row["ask"], values.get(row["known"], ""), _item_note(row, values)) for row in _form_items()
        ),
        urgent=frozenset(n for n, row in enumerate(_form_items()) if _is_open(row, values) and row["need"] == "must"),
        after=(
            f"Missing for certain: {len(missing)} of {len(_form_items())} items. The party itself "
            "answers for what it certifies; a broker only passes it on.",
        ),
        numbers=party.entries,
        signed=False,
        lines=2,
    )


def _addressee(party: InactiveParty) -> str:
    return party.name or f"The {party.role}, through {party.through}"


def _is_open(row: Mapping[str, str], values: Mapping[str, str]) -> bool:
    return not values.get(row["known"], "")


def _item_note(row: Mapping[str, str], values: Mapping[str, str]) -> str:
    if not _is_open(row, values):
        return "please check"
    return "MISSING" if row["need"] == "must" else f"MISSING ({row['need']})"


@cache
def _form_items() -> tuple[dict[str, str], ...]:
    text = files("continuity_data").joinpath("forms", "cbp_5106.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
