"""What counts as having given a notice. For a breach of records 19 CFR 111.21(b) asks for electronic
notice: mail that a server took, or mail or a portal entry recorded with its proof. A telephone call or
a paper stands beside the notice and meets none of its clocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.journal.bodies import read_body
from tasks.core.journal.store import EVENTS
from tasks.core.status_lines import Rows
from tasks.incident.events import NoticeCalled, NoticeSent
from tasks.incident.timeline.deadline_rules import Deadline

WRITTEN = ("mail", "portal")
"""Ways that are electronic notice, with their proof."""
_BREACH = ("BR72", "BR10", "BR72+")


class NoticeProof(NamedTuple):
    """A notice that was given: the event's place in the journal, and the moment in UTC."""

    seq: int
    template: str
    contact: str
    happened: datetime


class LoggedCall(NamedTuple):
    """What was logged beside a notice: its id, the way (call, letter, hand), and whose reference."""

    notice: str
    template: str
    happened: datetime
    how: str
    reference: str


def electronic(rules: Mapping[str, Deadline]) -> frozenset[str]:
    """The notices, by their id in the plan, that must be given electronically."""
    return frozenset(rules[name].met_by for name in _BREACH)


def clearing_rule(template: str, notice: str = "NOTICE") -> str:
    """What meets the clock of such a notice, in words with the commands."""
    return (
        "Only electronic notice clears it (19 CFR 111.21(b)): mail that the server takes (continuity "
        f"incident notify {template} --send), or mail or a portal entry recorded with its proof (continuity "
        f"incident sent {notice} --how mail|portal --evidence FILE). Calls and letters are only logged"
    )


def is_proved(body: NoticeSent) -> bool:
    """Whether it is electronic notice with its proof."""
    return bool(body.mail) or (body.how in WRITTEN and bool(body.attached))


def proven_notices(rows: Rows, incident: str, rules: Mapping[str, Deadline]) -> list[NoticeProof]:
    """Each telling of an incident's notices that counts, in the order of the journal."""
    strict = electronic(rules)
    return [proof for proof, body in _sent(rows, incident) if proof.template not in strict or is_proved(body)]


def sent_times(rows: Rows, incident: str, rules: Mapping[str, Deadline]) -> defaultdict[str, list[datetime]]:
    """When notices were given, by the template."""
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for proof in proven_notices(rows, incident, rules):
        times[proof.template].append(proof.happened)
    return times


def logged_calls(rows: Rows, incident: str, rules: Mapping[str, Deadline]) -> list[LoggedCall]:
    """What was logged beside notices, in the order of the journal. A call that an older version took
    for the sending of a breach notice is among them."""
    strict, calls = electronic(rules), list[LoggedCall]()
    for row in rows(_query(incident, NoticeCalled.kind, NoticeSent.kind)):
        body = read_body(row.kind, row.body)
        assert isinstance(body, NoticeCalled | NoticeSent)
        template = body.notice.split("/")[1]
        if isinstance(body, NoticeSent) and (template not in strict or is_proved(body)):
            continue
        moment = clock.parse(body.happened)
        calls.append(LoggedCall(body.notice, template, moment, body.how, body.reference))
    return calls


def _sent(rows: Rows, incident: str) -> Iterator[tuple[NoticeProof, NoticeSent]]:
    for row in rows(_query(incident, NoticeSent.kind)):
        body = read_body(row.kind, row.body)
        assert isinstance(body, NoticeSent)
        _, template, contact, *_ = body.notice.split("/")
        yield NoticeProof(row.seq, template, contact, clock.parse(body.happened)), body


def _query(incident: str, *names: str) -> sa.Select[tuple[int, str, str]]:
    return (
        sa.select(EVENTS.c.seq, EVENTS.c.kind, EVENTS.c.body)
        .where(EVENTS.c.kind.in_(names))
        .where(EVENTS.c.subject.startswith(f"notice/{incident}/", autoescape=True))
        .order_by(EVENTS.c.seq)
    )
