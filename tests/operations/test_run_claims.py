from __future__ import annotations

import threading

import sqlalchemy as sa

from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.operations.event_relay import begin_run, open_incident
from tasks.reconciliation.events import AccountingSigned


def test_one_run_has_an_event_and_keeps_it_after_a_wait(book: Journal) -> None:
    assert begin_run(book, "reconciliation", "2026-01", "run-1", "r") == "run-1"
    assert begin_run(book, "reconciliation", "2026-01", "run-2", "r") == "run-1"
    assert begin_run(book, "reconciliation", "2026-01", "run-1", "r") == "run-1"
    assert begin_run(book, "reconciliation", "2026-02", "run-3", "r") == "run-3"


def test_of_eight_at_once_one_has_it(book: Journal) -> None:
    found: list[str] = []
    runs = [
        threading.Thread(target=lambda n=n: found.append(begin_run(book, "reconciliation", "x", f"run-{n}", "r")))
        for n in range(8)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(found) == 8 and len(set(found)) == 1
    count = sa.select(sa.func.count()).where(EVENTS.c.kind == "run.begun")
    assert book.rows(count)[0][0] == 1


def test_a_reconciliation_is_open_until_its_accounting_is_signed(journal: Journal) -> None:
    assert open_incident(journal) == ""
    begin_run(journal, "reconciliation", "2026-01", "run-1", "r")
    assert open_incident(journal) == "2026-01"
    signed = AccountingSigned(accounting="a", plan="p", numbers=1)
    journal.append(signed, "accounting", "ada")
    assert open_incident(journal) == ""
