"""The ACE of the drill: the simulator, seeded from `data/sample/ace.toml`: seven
entries that officers keyed while the broker was down, importers, bonds, bills, paper releases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.ace.api import encode_records, record_layout, write_summaries
from tasks.core import clock
from tasks.core.errors import Refused
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.drill import sample_brokerage
from tasks.drill.ace_simulator.simulator import AceSimulator
from tasks.entries.api import EntryRecord, make_entry_number, parse_entry_number
from tasks.reconciliation.api import envelope_of, list_entry_states, load_records, read_payment_terms
from tasks.workspace import Workspace

STATE = "stand-in-ace.sqlite"


@contextmanager
def open_simulator(workspace: Workspace) -> Iterator[AceSimulator]:
    """The drill's ACE, with its state in the home folder. Raises Refused outside a drill."""
    if not is_drill(workspace.journal):
        raise Refused("ace-simulator-outside-drill")
    with AceSimulator(workspace.settings.home / STATE, clock.washington().date()) as ace:
        yield ace


def seed_simulator(workspace: Workspace) -> int:
    """Seed the simulator from `ace.toml`; returns how many entries officers keyed."""
    facts = sample_brokerage.ace_facts()
    with open_simulator(workspace) as ace:
        ace.seed_filer(facts["filer"])
        # What is older comes first: the simulator's clock never goes back.
        for row in facts["warehouse_entries"]:
            _key_warehouse(ace, **row)
        for row in facts["production"]:
            _production_sent(workspace, ace, **row)
        for table, seed in (
            ("importers", ace.seed_importer),
            ("bonds", ace.seed_bond),
            ("ebonds", ace.seed_transaction_bond),
            ("bills", ace.seed_bill),
        ):
            for row in facts[table]:
                seed(**row)
        for number, day in facts["paper_releases"].items():
            ace.seed_paper_release(number, day)
        for row in facts["officers"]:
            _key(workspace, ace, row)
    return len(facts["officers"])


def _key(workspace: Workspace, ace: AceSimulator, keyed: dict[str, Any]) -> None:
    """An officer keys a paper entry, with the summary if he has that too."""
    record = _changed(_record(workspace, keyed["number"]), keyed.get("changes", []))
    (entry,) = record.entries.to_pylist()
    bills = [
        (row["bill_type"], row["issuer"] or "", row["bill_number"], row["quantity"] or 0)
        for row in record.bills.to_pylist()
    ]
    lines = [(row["country_of_origin"], _goods(record, row["line"])) for row in record.lines.to_pylist()]
    ace.seed_officer_entry(
        keyed["number"],
        released=keyed["released"],
        **_entry_facts(entry),
        bills=bills,
        lines=lines,
        notified=keyed["notified"],
        summary=_summary(workspace, record) if keyed["summary"] else None,
    )


def _production_sent(workspace: Workspace, ace: AceSimulator, serial: int, like: str, sent: date) -> None:
    """A summary that production sent between its last backup and the outage: like one of the sample's
    entries, with its dates as much earlier."""
    number = str(make_entry_number(workspace.settings(BrokerSettings).filer_code, serial))
    changed = {"entry_number": number, "broker_reference": f"P{serial:08d}"}
    record = _record(workspace, like)
    (entry,) = record.entries.to_pylist()
    shift = entry["release_date"] - sent + timedelta(days=1)
    tables = {}
    for name, table in record.items():
        rows = [
            {key: changed.get(key, value - shift if isinstance(value, date) else value) for key, value in row.items()}
            for row in table.to_pylist()
        ]
        tables[name] = pa.Table.from_pylist(rows, table.schema)
    summary, today = _summary(workspace, EntryRecord.of(tables)), ace.today
    ace.today = sent
    ace.seed_officer_entry(
        number,
        released=sent - timedelta(days=1),
        **_entry_facts(entry),
        notified=True,
        summary=summary,
        control="trade",
    )
    ace.today = today


def _entry_facts(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "port": entry["port_of_entry"],
        "entry_type": entry["entry_type"],
        "importer": entry["importer_number"],
        "mode": entry["mode_of_transport"],
        "value": entry["entered_value"],
    }


def _record(workspace: Workspace, number: str) -> EntryRecord:
    (content,) = [state.content for state in list_entry_states(workspace.journal) if state.number == number]
    return load_records(workspace.content, {number: content})


def _goods(record: EntryRecord, line: int) -> str:
    rows = [row for row in record.tariffs.to_pylist() if row["line"] == line]
    return str(rows[-1]["hts_number"])


def _changed(record: EntryRecord, changes: list[dict[str, Any]]) -> EntryRecord:
    """The record as the officer read it off the paper."""
    tables = dict(record.items())
    for change in changes:
        table = tables[change["table"]]
        rows = table.to_pylist()
        (row,) = [row for row in rows if _is(row, change)]
        row[change["field"]] = change["value"]
        tables[change["table"]] = pa.Table.from_pylist(rows, table.schema)
    return EntryRecord.of(tables)


def _is(row: dict[str, Any], change: dict[str, Any]) -> bool:
    keys = [key for key in ("line", "position") if key in row]
    return all(row[key] == change.get(key, row[key]) for key in keys)


def _summary(workspace: Workspace, record: EntryRecord) -> bytes:
    """AE records 10 to 90 of an entry."""
    today = clock.washington().date()
    envelope = envelope_of(workspace.journal, workspace.settings, today)
    (batch,) = write_summaries(record, envelope, None, read_payment_terms(workspace.settings, today))
    content = batch.bytes()
    rows = [content[start : start + 80] for start in range(0, len(content), 80)]
    return b"".join(row for row in rows if row[:2].isdigit())


def _key_warehouse(
    ace: AceSimulator, number: str, port: str, entry_type: str, importer: str, mode: str, released: Any
) -> None:
    """A warehouse entry of long ago, with no more of its summary than its first two records."""
    head = {
        "summary_filing_action_request_code": "A",
        "entry_filer_code": parse_entry_number(number).filer,
        "entry_number": number[4:].replace("-", ""),
        "district_port_of_entry": port,
        "broker_reference_number": number[4:11],
        "entry_type_code": entry_type,
        "mode_of_transport": mode,
        "electronic_signature": "X",
    }
    parts = (("10", head), ("11", {"importer_of_record_number": importer}))
    rows = np.vstack(
        [
            encode_records(record_layout("AE", code), {name: pa.array([value]) for name, value in values.items()})
            for code, values in parts
        ]
    )
    today, ace.today = ace.today, released
    ace.seed_officer_entry(
        number,
        port=port,
        released=released,
        entry_type=entry_type,
        importer=importer,
        mode=mode,
        notified=True,
        summary=rows.tobytes(),
    )
    ace.today = today
