"""Other entries that a summary draws on: consolidated releases, the warehouse withdrawn from."""

from __future__ import annotations

from datetime import timedelta

from tasks.drill.ace_simulator.releases.release_filing import hyphenated_number
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import EntryRow
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary


def check(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    _consolidation(database, draft, report)
    _warehouse(database, draft, report)


def _consolidation(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    """One summary for several releases (ESF p.176)."""
    releases = draft.releases
    if not draft.consolidated:
        report.check(releases, "233")
        return
    report.check(len(releases) < 2, "232")
    # A summary that certifies has no business with releases on file either (147).
    report.check(draft.certified, "147")
    report.check(database.entry(draft.number) is not None, "230")
    entries: list[EntryRow] = []
    for position, number in enumerate(releases, 1):
        reference = ("CONREL", position, f"{number[:3]}  {number[4:11]}{number[12:]}")
        _released(database, draft, report, number, reference, entries)
    days = [entry.released for entry in entries if entry.released]
    report.check(days and max(days) - min(days) > timedelta(days=6), "244")
    report.check(len({entry.mode for entry in entries if entry.mode}) > 1, "247")


def _released(
    database: SimulatorState,
    draft: FiledSummary,
    report: ConditionReport,
    number: str,
    reference: tuple[str, int, str],
    entries: list[EntryRow],
) -> None:
    entry = database.entry(number)
    report.check(number[:3] != draft.number[:3], "236", reference)
    report.check(number == draft.number, "239", reference)
    if entry is None or entry.status != "released":
        report.add("237", reference)
        return
    entries.append(entry)
    report.check(entry.port[:2] != draft.port[:2], "242", reference)
    rows = database.run("SELECT summary FROM consolidations WHERE release = ?", number)
    report.check(rows and rows[0]["summary"] != draft.number, "243", reference)


def _warehouse(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    """The warehouse entry that a re-warehouse or withdrawal draws on (ESF p.178)."""
    if not draft.has("30"):
        return
    record = draft.record("30")
    filer = record["associated_warehouse_entry_filer_code"]
    digits = record["associated_warehouse_entry_number"]
    port = record["associated_warehouse_entry_district_port_code"]
    for value, code in ((filer, "293"), (digits, "294"), (port, "295")):
        report.check(not value, code)
    report.check(record["final_warehouse_withdrawal_indicator"] not in ("", "Y"), "296")
    number = hyphenated_number(filer, digits)
    report.check(number == draft.number, "307")
    source = database.summary(number)
    if source is None:
        report.add("298")
        return
    report.check(source.entry_type not in ("21", "22"), "299")
    report.check(source.port != port, "300")
    report.check(source.collected and source.due, "301")
    report.check(source.liquidation and source.liquidation <= database.today, "302")
    report.check(source.status == 3, "303")
