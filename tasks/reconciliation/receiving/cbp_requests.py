"""What CBP asks of a summary that it has: the invoice, the package, papers that it names; a detention,
an extension denied (UC v30). It stays open until a person says how it was answered, with proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tasks.ace.api import look_up_code
from tasks.core.errors import BadInput, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.reconciliation.events import RequestAnswered
from tasks.reconciliation.tables import REQUESTS
from tasks.workspace import Workspace


@dataclass(frozen=True)
class CbpRequest:
    """`since`: when it was read; `how` it was answered, empty while it is open."""

    number: str
    since: str
    code: str
    what: str
    what_to_do: str
    how: str


def open_requests(journal: Journal, *, every: bool = False) -> list[CbpRequest]:
    """What is open, oldest first; `every`: also what was answered."""
    query = sa.select(REQUESTS, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == REQUESTS.c.seq)
    query = query if every else query.where(REQUESTS.c.how == "")
    return [
        CbpRequest(row.number, row.at, row.code, row.text, _to_do(row.code), row.how)
        for row in journal.rows(query.order_by(REQUESTS.c.seq, REQUESTS.c.number))
    ]


def _to_do(code: str) -> str:
    return look_up_code("UC", code, "notice").what_to_do


def answer_requests(
    workspace: Workspace, numbers: Sequence[str], how: str, proof: bytes, actor: str
) -> list[CbpRequest]:
    """Note how all that CBP asked of these entries was answered. Raises BadInput without words or
    proof, Refused for an entry of which nothing is asked."""
    if not how.strip() or not proof:
        raise BadInput("request-answer-incomplete")
    answered = [request for request in open_requests(workspace.journal) if request.number in numbers]
    if idle := sorted(set(numbers) - {request.number for request in answered}):
        raise Refused("cbp-request-not-open", idle=", ".join(idle))
    digest = workspace.content.put(proof)
    with workspace.journal.write(actor) as pen:
        for number in dict.fromkeys(request.number for request in answered):
            body = RequestAnswered(number=number, how=how.strip(), proof=digest)
            pen.append(body, f"entry/{number}")
    return answered
