"""The facts of each entry that the journal keeps beside its record, for the accounting."""

from __future__ import annotations

from datetime import date

from tasks.entries.events import EntryLine, SingleBond
from tasks.entries.numbers.number_use import in_bond_numbers_used
from tasks.entries.record.entry_record import EntryRecord, digests, release_digests
from tasks.entries.validation.summary_rules import summary_gaps


def entry_lines(record: EntryRecord) -> list[EntryLine]:
    """The facts of each entry, in the order of the record."""
    release = release_digests(record)
    entry_digests, gaps = digests(record), set(summary_gaps(record)["entry_number"].to_pylist())
    columns = (
        "entry_number",
        "entry_type",
        "filing_route",
        "paper_outcome",
        "port_of_entry",
        "importer_number",
        "release_date",
        "estimated_entry_date",
        "bond_type",
        "consignee_number",
        "consolidated_summary",
        "consolidating",
    )
    bonds = single_bonds(record)
    in_bonds, consignees = in_bond_numbers_used(record), _consignees(record)
    rows = record.entries.select(list(columns)).to_pylist()
    return [
        EntryLine(
            number=row["entry_number"],
            digest=entry_digests[row["entry_number"]],
            release_digest=release[row["entry_number"]],
            entry_type=row["entry_type"] or "",
            route=row["filing_route"] or "",
            outcome=row["paper_outcome"] or "not presented",
            port=row["port_of_entry"] or "",
            importer=row["importer_number"] or "",
            complete=row["entry_number"] not in gaps,
            released=_day(row["release_date"]),
            entered=_day(row["release_date"] or row["estimated_entry_date"]),
            bond_type=row["bond_type"] or "",
            consignee=row["consignee_number"] or consignees.get(row["entry_number"], ""),
            in_bonds=in_bonds.get(row["entry_number"], []),
            single_bonds=bonds.get(row["entry_number"], []),
            covered_by=row["consolidated_summary"] or "",
            consolidating=bool(row["consolidating"]),
        )
        for row in rows
    ]


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def single_bonds(record: EntryRecord) -> dict[str, list[SingleBond]]:
    """The single transaction bonds of each entry that has one, the basic one first."""
    columns = (
        "entry_number",
        "bond_type",
        "bond_designation",
        "surety_code",
        "bond_amount",
        "second_surety",
        "second_bond_amount",
    )
    bonds: dict[str, list[SingleBond]] = {}
    for row in record.entries.select(list(columns)).to_pylist():
        entry_bonds = bonds.setdefault(row["entry_number"], [])
        if row["bond_type"] == "9":
            basic = (row["bond_designation"] or "B", row["surety_code"], row["bond_amount"])
            entry_bonds.append(_bond(*basic))
        if row["second_surety"]:
            entry_bonds.append(_bond("A", row["second_surety"], row["second_bond_amount"]))
    return {number: entry_bonds for number, entry_bonds in bonds.items() if entry_bonds}


def _bond(designation: str, surety: str | None, amount: int | None) -> SingleBond:
    return SingleBond(designation=designation, surety=surety or "", amount=amount or 0)


def _consignees(record: EntryRecord) -> dict[str, str]:
    """The consignee's number by entry, where a party of the whole entry gives one."""
    rows = record.parties.select(["entry_number", "line", "party", "number"]).to_pylist()
    return {
        row["entry_number"]: row["number"] for row in rows if row["party"] == "CN" and not row["line"] and row["number"]
    }
