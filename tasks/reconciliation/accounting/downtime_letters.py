"""Downtime letters to the ports in the report: which letter, for which entries, signed by whom under
whose licence, and what became of it."""

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
_MADE = (ISSUED, REISSUED)
_MOST_SIGNERS, _MOST_LETTERS = 5, 6


def letter_table(journal: Journal) -> pa.Table:
    """Each letter that was made, and what became of it, in the book's order."""
    rows = [_row(event) for event in journal.events(kind="letter.")]
    return scrub_private(pa.Table.from_pylist(rows, LETTERS_SCHEMA))


def _row(event: Event) -> dict[str, Any]:
    said = event.said
    day = clock.washington(clock.parse(event.at)).date().isoformat()  # as the letter itself says
    row: dict[str, Any] = {
        "letter": event.subject.removeprefix("letter/"),
        "day": day,
        "at": event.at,
        "actor": event.actor,
    }
    if isinstance(said, LetterIssued):
        return row | _made(said)
    if isinstance(said, LetterWithdrawn):
        return row | {"what": WITHDRAWN, "said": said.reason}
    assert isinstance(said, LetterSent)
    return row | {"what": SENT, "day": said.on, "said": f"by {said.way} to {said.to}"}


def _made(said: LetterIssued) -> dict[str, Any]:
    told, what = [], ISSUED
    if isinstance(said, LetterReissued):
        what = REISSUED
        told.append(f"in place of {', '.join(said.replaces)}: {said.reason}")
    if said.override:
        told.append(f"without CBP's leave: {said.override}")
    return {
        "what": what,
        "port": said.port,
        "entries": len(said.entries),
        "said": "; ".join(told),
        "numbers": " ".join(one.number for one in said.entries),
        "signer": said.signer_name,
        "licence": said.licence,
    }


def letters_of_client(found: pa.Table, numbers: Sequence[str]) -> pa.Table:
    """The letters on which these entries stand, and of those no other entry: a letter for a port holds
    several clients' entries."""
    own, rows, kept = set(numbers), [], set()
    for row in found.to_pylist():
        mine = [one for one in (row["numbers"] or "").split() if one in own]
        if mine:
            kept.add(row["letter"])
            rows.append(row | {"entries": len(mine), "numbers": " ".join(mine)})
        elif row["letter"] in kept and row["numbers"] is None:
            rows.append(row)
    return pa.Table.from_pylist(rows, LETTERS_SCHEMA)


def downtime_letter_lines(found: pa.Table) -> list[str]:
    """For the page that answers an auditor: totals, who signed how many, the last letters."""
    rows = found.to_pylist()
    made = [row for row in rows if row["what"] in _MADE]
    if not made:
        return ["not recorded"]
    most = made[-_MOST_LETTERS:]
    more = len(made) - len(most)
    return [
        _totals(rows, made),
        f"Signers: {'; '.join(_signers(made))}.",
        *(_letter(row, rows) for row in most),
        *([f"and {more:,} before these: sheet Letters of the workbook"] if more else []),
    ]


def _totals(rows: list[dict[str, Any]], made: list[dict[str, Any]]) -> str:
    entries = {number for row in made for number in row["numbers"].split()}
    what = Counter(row["what"] for row in rows)
    ports = len({row["port"] for row in made})
    sent = len({row["letter"] for row in rows if row["what"] == SENT})
    return (
        f"{len(made):,} letter(s) for {len(entries):,} entries to {ports:,} port(s), of them "
        f"{what[REISSUED]:,} in place of earlier ones; {sent:,} sent to the port with proof, "
        f"{what[WITHDRAWN]:,} withdrawn."
    )


def _signers(made: list[dict[str, Any]]) -> Iterator[str]:
    by = Counter(f"{row['signer']}, licence {row['licence'] or 'none'}" for row in made)
    yield from (f"{who}: {count:,}" for who, count in by.most_common(_MOST_SIGNERS))
    if len(by) > _MOST_SIGNERS:
        yield f"and {len(by) - _MOST_SIGNERS:,} more: sheet Letters"


def _letter(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    after = [
        f"{one['what']} {one['day']} {one['said']}"
        for one in rows
        if one["letter"] == row["letter"] and one["what"] not in _MADE
    ]
    noun = "entry" if row["entries"] == 1 else "entries"
    port = f"port {row['port']}, " if row["port"] else ""
    told = (
        f"Letter {row['letter']}, {row['day']}: {port}{row['entries']:,} {noun}, signer "
        f"{row['signer']}, licence {row['licence'] or 'none'}"
    )
    return "; ".join(filter(None, (told, row["said"], *after)))
