"""Downtime letters to the ports in the report: which letter, for which entries, signed by whom under
whose license, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from tasks.core import clock
from tasks.core.journal.journal import Event, Journal
from tasks.incident.api import LetterIssued, LetterReissued, LetterSent, LetterWithdrawn
from tasks.reconciliation.accounting.report_rows import scrub_private

LETTERS_SCHEMA = pa.schema(
    [
        ("letter", pa.string()),
        ("what", pa.string()),
        ("day", pa.string()),
        ("port", pa.string()),
        ("entries", pa.int64()),
        ("signer", pa.string()),
        ("licence", pa.string()),
        ("said", pa.string()),
        ("numbers", pa.string()),
        ("at", pa.string()),
        ("actor", pa.string()),
    ]
)
"""A row an event. `entries`, `numbers`, `signer` and `licence` stand where the letter was made; `day` is
that of the act, `at` (UTC) and `actor` when and by whom it was written down."""
ISSUED, REISSUED, WITHDRAWN, SENT = "issued", "issued anew", "withdrawn", "sent"
_ISSUED_KINDS = (ISSUED, REISSUED)
_MOST_SIGNERS, _MOST_LETTERS = 5, 6


def letter_table(journal: Journal) -> pa.Table:
    """Each letter that was made, and what became of it, in the order of the journal."""
    rows = [_letter_row(event) for event in journal.events(kind="letter.")]
    return scrub_private(pa.Table.from_pylist(rows, LETTERS_SCHEMA))


def _letter_row(event: Event) -> dict[str, Any]:
    body = event.said
    day = clock.washington(clock.parse(event.at)).date().isoformat()  # as the letter itself says
    row: dict[str, Any] = {
        "letter": event.subject.removeprefix("letter/"),
        "day": day,
        "at": event.at,
        "actor": event.actor,
    }
    if isinstance(body, LetterIssued):
        return row | _issued_facts(body)
    if isinstance(body, LetterWithdrawn):
        return row | {"what": WITHDRAWN, "said": body.reason}
    assert isinstance(body, LetterSent)
    return row | {"what": SENT, "day": body.on, "said": f"by {body.way} to {body.to}"}


def _issued_facts(letter: LetterIssued) -> dict[str, Any]:
    notes, what = [], ISSUED
    if isinstance(letter, LetterReissued):
        what = REISSUED
        notes.append(f"in place of {', '.join(letter.replaces)}: {letter.reason}")
    if letter.override:
        notes.append(f"without CBP's leave: {letter.override}")
    return {
        "what": what,
        "port": letter.port,
        "entries": len(letter.entries),
        "said": "; ".join(notes),
        "numbers": " ".join(entry.number for entry in letter.entries),
        "signer": letter.signer_name,
        "licence": letter.licence,
    }


def letters_of_client(table: pa.Table, numbers: Sequence[str]) -> pa.Table:
    """The letters on which these entries stand, and of those no other entry: a letter for a port holds
    several clients' entries."""
    client_numbers, rows, client_letters = set(numbers), [], set()
    for row in table.to_pylist():
        letter_numbers = [number for number in (row["numbers"] or "").split() if number in client_numbers]
        if letter_numbers:
            client_letters.add(row["letter"])
            rows.append(row | {"entries": len(letter_numbers), "numbers": " ".join(letter_numbers)})
        elif row["letter"] in client_letters and row["numbers"] is None:
            rows.append(row)
    return pa.Table.from_pylist(rows, LETTERS_SCHEMA)


def downtime_letter_lines(table: pa.Table) -> list[str]:
    """For the page that answers an auditor: totals, who signed how many, the last letters."""
    rows = table.to_pylist()
    issued_rows = [row for row in rows if row["what"] in _ISSUED_KINDS]
    if not issued_rows:
        return ["not recorded"]
    last_rows = issued_rows[-_MOST_LETTERS:]
    omitted_count = len(issued_rows) - len(last_rows)
    return [
        _totals_line(rows, issued_rows),
        f"Signers: {'; '.join(_signer_lines(issued_rows))}.",
        *(_letter_line(row, rows) for row in last_rows),
        *([f"and {omitted_count:,} before these: sheet Letters of the workbook"] if omitted_count else []),
    ]


def _totals_line(rows: list[dict[str, Any]], issued_rows: list[dict[str, Any]]) -> str:
    entries = {number for row in issued_rows for number in row["numbers"].split()}
    what = Counter(row["what"] for row in rows)
    ports = len({row["port"] for row in issued_rows})
    sent = len({row["letter"] for row in rows if row["what"] == SENT})
    return (
        f"{len(issued_rows):,} letter(s) for {len(entries):,} entries to {ports:,} port(s), of them "
        f"{what[REISSUED]:,} in place of earlier ones; {sent:,} sent to the port with proof, "
        f"{what[WITHDRAWN]:,} withdrawn."
    )


def _signer_lines(issued_rows: list[dict[str, Any]]) -> Iterator[str]:
    by = Counter(f"{row['signer']}, licence {row['licence'] or 'none'}" for row in issued_rows)
    yield from (f"{who}: {count:,}" for who, count in by.most_common(_MOST_SIGNERS))
    if len(by) > _MOST_SIGNERS:
        yield f"and {len(by) - _MOST_SIGNERS:,} more: sheet Letters"


def _letter_line(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    after = [
        f"{other_row['what']} {other_row['day']} {other_row['said']}"
        for other_row in rows
        if other_row["letter"] == row["letter"] and other_row["what"] not in _ISSUED_KINDS
    ]
    noun = "entry" if row["entries"] == 1 else "entries"
    port = f"port {row['port']}, " if row["port"] else ""
    head = (
        f"Letter {row['letter']}, {row['day']}: {port}{row['entries']:,} {noun}, signer "
        f"{row['signer']}, licence {row['licence'] or 'none'}"
    )
    return "; ".join(filter(None, (head, row["said"], *after)))
