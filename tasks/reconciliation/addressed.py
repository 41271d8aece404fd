"""Whom an answer is for. A sender that serves several filers may put all answers into one folder, and
another filer's batch can bear the id of one of ours: ids are a day and a number."""

from __future__ import annotations

import sqlalchemy as sa

from tasks.ace.response import Answer
from tasks.reconciliation.asking import question_of
from tasks.shared.ace_tables import BATCHES
from tasks.shared.errors import Problem
from tasks.shared.projections import NUMBERS
from tasks.workspace import Workspace


def foreign(workspace: Workspace, answer: Answer, name: str) -> Problem | None:
    """Why an answer is not for us; None if it is. By the filer code of its blocks; one that has none,
    such as a batch rejected whole, by the sender of the batch that it echoes."""
    for block in answer.blocks:
        if block.filer_code and not _ours(workspace, block.filer_code):
            wrong = f"is for the filer {block.filer_code}, not for {workspace.settings.broker.filer_code}"
            return Problem(file=name, wrong=wrong)
    sender, known = answer.site_code + answer.sender_id, workspace.settings.ace
    if sender == known.site_code + known.sender_id:
        return None
    if (sent := _sender(workspace, answer)) and sender != sent:
        wrong = f"is for the sender {sender}, but {sent} sent batch {answer.batch_text.strip()}"
        return Problem(file=name, wrong=wrong)
    return None


def _ours(workspace: Workspace, filer: str) -> bool:
    """Also a filer code that the house had before."""
    if filer == workspace.settings.broker.filer_code:
        return True
    return bool(
        workspace.journal.rows(sa.select(NUMBERS.c.number).where(NUMBERS.c.filer == filer).limit(1))
    )


def _sender(workspace: Workspace, answer: Answer) -> str:
    """Site code and sender id of our batch or question that an answer echoes; empty if there is none."""
    batch = answer.batch_text.strip()
    if not batch:
        return ""
    rows = workspace.journal.rows(sa.select(BATCHES.c.content).where(BATCHES.c.batch == batch))
    said = question_of(workspace.journal, batch)
    content = rows[0].content if rows else said.content if said else ""
    return workspace.content.get(content)[1:8].decode("ascii") if content else ""
