"""Who saw whose data: what each person did with how many entries of how many importers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.reconciliation.accounting.number_history import ActorActivity, NumberHistory

TOGETHER = "all together"
ACTIVITY_SCHEMA = pa.schema(
    [
        ("actor", pa.string()),
        ("name", pa.string()),
        ("licence", pa.string()),
        ("roles", pa.string()),
        ("kind", pa.string()),
        ("act", pa.string()),
        ("events", pa.int64()),
        ("entries", pa.int64()),
        ("importers", pa.int64()),
        ("first", pa.string()),
        ("last", pa.string()),
    ]
)
"""A row for each actor and kind of event, `act` its words. `name`, `licence` and `roles` stand for whoever
is listed as a person."""
_ACTS = {
    "accounting.": "accountings signed",
    "alert.": "alarms",
    "answer.": "answers of ACE read",
    "approval.asked": "plans put up for approval",
    "approval.granted": "plans approved",
    "approval.refused": "approvals refused",
    "backup.": "acts of backup",
    "batch.named": "batches made",
    "batch.not_received": "batches noted as lost",
    "batch.written": "batches written for ACE",
    "bond.": "bonds confirmed",
    "contact.": "contacts tried",
    "discretion.": "acts on CBP's discretion",
    "document.": "papers attached or dropped",
    "duty.": "acts on recurring duties",
    "entries.recorded": "files of entries recorded",
    "entries.refused": "files of entries refused",
    "entries.revised": "files of entries revised",
    "entry.burnt": "entries noted as cancelled in ACE",
    "entry.handed_over": "entries handed over",
    "entry.release_kept": "releases noted as standing",
    "entry.reopened": "entries reopened",
    "entry.send_again": "entries let go again",
    "entry.settled": "entries settled",
    "evidence.": "acts on evidence of remediation",
    "exposure.": "lists of exposed importer numbers",
    "handover.": "acts on entries handed to another filer",
    "history.": "histories of clients' imports taken",
    "hit.": "acts on screening hits",
    "incident.": "steps and facts of the incident",
    "journal.": "acts on the book itself",
    "kit.": "kits built",
    "letter.issued": "letters to ports issued",
    "letter.reissued": "letters to ports issued anew",
    "letter.sent": "letters to ports sent",
    "letter.withdrawn": "letters to ports withdrawn",
    "list.": "screening lists loaded or checked",
    "mail.": "mails queued or tried",
    "notice.": "notices drafted, sent or acknowledged",
    "numbers.issued": "blocks of numbers printed",
    "numbers.reserved": "blocks of numbers reserved",
    "numbers.voided": "lists of numbers voided",
    "packet.": "packets of papers written out",
    "paper.": "letters to importers and others written",
    "partner.": "partners reviewed",
    "partners.": "lists of partners taken",
    "person.": "acts on the list of persons and their codes",
    "pga.": "acts on papers of other agencies",
    "plan.": "plans dropped",
    "private.": "purges of private data",
    "production.": "acts on the restore of production",
    "query.named": "questions to ACE",
    "query.written": "questions written for ACE",
    "redelivery.": "acts on demands to redeliver",
    "release.": "conditional releases noted",
    "request.": "requests of CBP answered",
    "run.": "runs begun",
    "screening.": "screenings",
    "upkeep.": "rounds of upkeep",
}
_MOST_PERSONS, _MOST_ACTS = 7, 6
_NO_TRACE = "The book records who acted on data; looking without acting leaves no trace in it."


def act(kind: str) -> str:
    """The words for a kind of event; a kind that has none keeps its name."""
    return _ACTS.get(kind) or _ACTS.get(f"{kind.split('.')[0]}.") or kind


def activity_table(history: NumberHistory, rows: pa.Table) -> pa.Table:
    """Who did what with how many entries of how many importers, and a row for each actor's activities
    together. Who approves a plan has its entries before her. Looking alone leaves no event."""
    whose = dict(zip(rows["number"].to_pylist(), _importer_keys(rows), strict=True))
    planned: dict[str, set[str]] = {}
    for sending in history.sendings.values():
        planned.setdefault(sending.plan, set()).update(sending.numbers)
    activities_by_key: dict[tuple[str, str], list[ActorActivity]] = {}
    for (actor, kind), activity in sorted(history.activities.items()):
        activities_by_key.setdefault((actor, TOGETHER), []).append(activity)
        activities_by_key[actor, kind] = [activity]
    records = []
    for (actor, kind), activities in activities_by_key.items():
        numbers = set().union(
            *(sending.numbers for sending in activities),
            *(planned.get(plan, ()) for sending in activities for plan in sending.plans),
        )
        records.append(
            {
                "actor": actor,
                **_person(history, actor),
                "kind": kind,
                "act": act(kind),
                "events": sum(sending.events for sending in activities),
                "entries": sum(number in whose for number in numbers),
                "importers": len({whose[number] for number in numbers if whose.get(number)}),
                "first": min(sending.first.at for sending in activities),
                "last": max(sending.last.at for sending in activities),
            }
        )
    return pa.Table.from_pylist(records, ACTIVITY_SCHEMA)


def _person(history: NumberHistory, actor: str) -> dict[str, str | None]:
    person = history.people.get(actor)
    if person is None:
        return {"name": None, "licence": None, "roles": None}
    return {"name": person.name, "licence": person.licence or None, "roles": ", ".join(person.roles) or None}


def activity_of_entries(history: NumberHistory, rows: pa.Table) -> pa.Table:
    """Only what was done with the entries of `rows`."""
    table = activity_table(history, rows)
    return table.filter(pc.greater(table["entries"], 0))


def _importer_keys(rows: pa.Table) -> list[str]:
    keys = pc.binary_join_element_wise(
        pc.fill_null(rows["importer_number"], ""), pc.fill_null(rows["importer_name"], ""), "|"
    )
    return [key.strip("|") for key in pc.to_list(keys)]


def activity_lines(table: pa.Table) -> list[str]:
    """For the page that answers an auditor: a paragraph a person, who had most before her first."""
    rows = table.to_pylist()
    acts: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["kind"] != TOGETHER:
            acts[row["actor"]].append(row)
    lines = [
        f"{_person_text(row)}: {_count(row['entries'], 'entry', 'entries')} of "
        f"{_count(row['importers'], 'importer', 'importers')}, {row['first'][:10]} to "
        f"{row['last'][:10]}: {_acts_text(acts[row['actor']])}"
        for row in sorted(rows, key=lambda row: -row["entries"])
        if row["kind"] == TOGETHER
    ]
    omitted_count = len(lines) - _MOST_PERSONS
    omitted = [f"and {omitted_count:,} more: sheet Who did what of the workbook"] if omitted_count > 0 else []
    return [*lines[:_MOST_PERSONS], *omitted, _NO_TRACE]


def _person_text(row: dict[str, Any]) -> str:
    if row["name"] is None:
        return f"{row['actor']} (not on the list of persons)"
    license_text = f"licence {row['licence']}" if row["licence"] else "no licence"
    return f"{row['name']} ({', '.join(filter(None, (row['actor'], row['roles'], license_text)))})"


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}"


def _acts_text(rows: list[dict[str, Any]]) -> str:
    """How many of each act, the most first, and how many entries it was about."""
    events: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        events[row["act"]] += row["events"]
    ranked = sorted(events.items(), key=lambda pair: -pair[1])
    parts = [f"{what} {count:,}" for what, count in ranked[:_MOST_ACTS]]
    other_count = sum(count for _, count in ranked[_MOST_ACTS:])
    return ", ".join([*parts, *([f"others {other_count:,}"] if other_count else [])])
