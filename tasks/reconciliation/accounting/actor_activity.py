"""Who saw whose data: what each person did with how many entries of how many importers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.reconciliation.accounting.number_history import ActorActivity, NumberHistory

TOGETHER = "all together"
DEEDS_SCHEMA = pa.schema(
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


def activity_table(story: NumberHistory, rows: pa.Table) -> pa.Table:
    """Who did what with how many entries of how many importers, and a row for each actor's deeds
    together. Who approves a plan has its entries before her. Looking alone leaves no event."""
    whose = dict(zip(rows["number"].to_pylist(), _importer_keys(rows), strict=True))
    planned: dict[str, set[str]] = {}
    for one in story.sendings.values():
        planned.setdefault(one.plan, set()).update(one.numbers)
    done: dict[tuple[str, str], list[ActorActivity]] = {}
    for (actor, kind), deed in sorted(story.deeds.items()):
        done.setdefault((actor, TOGETHER), []).append(deed)
        done[actor, kind] = [deed]
    found = []
    for (actor, kind), some in done.items():
        numbers = set().union(
            *(one.numbers for one in some), *(planned.get(plan, ()) for one in some for plan in one.plans)
        )
        found.append(
            {
                "actor": actor,
                **_person(story, actor),
                "kind": kind,
                "act": act(kind),
                "events": sum(one.events for one in some),
                "entries": sum(number in whose for number in numbers),
                "importers": len({whose[number] for number in numbers if whose.get(number)}),
                "first": min(one.first.at for one in some),
                "last": max(one.last.at for one in some),
            }
        )
    return pa.Table.from_pylist(found, DEEDS_SCHEMA)


def _person(story: NumberHistory, actor: str) -> dict[str, str | None]:
    one = story.people.get(actor)
    if one is None:
        return {"name": None, "licence": None, "roles": None}
    return {"name": one.name, "licence": one.licence or None, "roles": ", ".join(one.roles) or None}


def activity_of_entries(story: NumberHistory, rows: pa.Table) -> pa.Table:
    """Only what was done with the entries of `rows`."""
    found = activity_table(story, rows)
    return found.filter(pc.greater(found["entries"], 0))


def _importer_keys(rows: pa.Table) -> list[str]:
    keys = pc.binary_join_element_wise(
        pc.fill_null(rows["importer_number"], ""), pc.fill_null(rows["importer_name"], ""), "|"
    )
    return [key.strip("|") for key in keys.to_pylist()]


def activity_lines(found: pa.Table) -> list[str]:
    """For the page that answers an auditor: a paragraph a person, who had most before her first."""
    rows = found.to_pylist()
    acts: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["kind"] != TOGETHER:
            acts[row["actor"]].append(row)
    said = [
        f"{_who(row)}: {_count(row['entries'], 'entry', 'entries')} of "
        f"{_count(row['importers'], 'importer', 'importers')}, {row['first'][:10]} to "
        f"{row['last'][:10]}: {_acts(acts[row['actor']])}"
        for row in sorted(rows, key=lambda row: -row["entries"])
        if row["kind"] == TOGETHER
    ]
    left = len(said) - _MOST_PERSONS
    more = [f"and {left:,} more: sheet Who did what of the workbook"] if left > 0 else []
    return [*said[:_MOST_PERSONS], *more, _NO_TRACE]


def _who(row: dict[str, Any]) -> str:
    if row["name"] is None:
        return f"{row['actor']} (not on the list of persons)"
    licence = f"licence {row['licence']}" if row["licence"] else "no licence"
    return f"{row['name']} ({', '.join(filter(None, (row['actor'], row['roles'], licence)))})"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _acts(rows: list[dict[str, Any]]) -> str:
    """How many of each act, the most first, and how many entries it was about."""
    events: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        events[row["act"]] += row["events"]
    ranked = sorted(events.items(), key=lambda one: -one[1])
    said = [f"{what} {count:,}" for what, count in ranked[:_MOST_ACTS]]
    rest = sum(count for _, count in ranked[_MOST_ACTS:])
    return ", ".join([*said, *([f"others {rest:,}"] if rest else [])])
