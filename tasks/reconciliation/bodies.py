"""What one answer of ACE says, as events of the book: what it is about, a line for each entry or party,
and why a batch was dropped whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tasks.ace.answers.shape import Condition
from tasks.ace.response import Answer
from tasks.reconciliation import importers, restored, seen
from tasks.reconciliation.asking import question_of
from tasks.reconciliation.bills import bill_lines
from tasks.reconciliation.compare import ByEntry
from tasks.reconciliation.importers import Row
from tasks.reconciliation.told import entry_lines
from tasks.reconciliation.view import (
    ACTION,
    BILL,
    IMPORTER,
    NOTICE,
    RANGE,
    RELEASE,
    REQUEST,
    SUMMARY,
)
from tasks.shared.kinds.ace import AceReason, AnswerLine, AnswerRead
from tasks.shared.private import is_reference
from tasks.workspace import Workspace

ABOUT = {"ER": SUMMARY, "AX": SUMMARY, "C1": RELEASE, "SX": RELEASE, "KR": IMPORTER, "UC": ACTION}
DECISIVE = ("4", "5", "6", "8", "R")
"""UC types by which a summary no longer stands as it stood; the others ask for something or tell
of an agency or a quota (UC v30)."""


def bodies(
    workspace: Workspace, answer: Answer, digest: str, name: str, differ: ByEntry
) -> Iterator[AnswerRead]:
    """The events of one answer of the file `name`, whose SHA-256 is `digest`; `differ`: what its stored
    summaries have otherwise than our record."""
    about = _about(workspace, answer)
    content = f"file:{digest}"
    if about == RANGE and answer.whole and not answer.rejected:
        content = workspace.content.put(seen.kept(answer))
    lines = [*_lines(workspace, answer, about, differ)] if answer.whole else []
    for part, some in _parted(about, lines):
        yield AnswerRead(
            application=answer.application,
            about=part,
            batch=answer.batch_text.strip(),
            content=content,
            rejected=answer.rejected,
            lines=some,
            reasons=_why_rejected(answer) if answer.rejected else (),
            file=name,
        )


def _parted(about: str, lines: list[AnswerLine]) -> Iterator[tuple[str, list[AnswerLine]]]:
    """What CBP did with summaries apart from what it merely asks for or tells."""
    if about != ACTION:
        yield about, lines
        return
    for part, decisive in ((ACTION, True), (REQUEST, False)):
        if some := [line for line in lines if (line.code in DECISIVE) is decisive]:
            yield part, some


def _why_rejected(answer: Answer) -> tuple[AceReason, ...]:
    """Up to six faults for which CBP dropped the batch whole, each with where it is in our batch;
    else the closing code."""
    told = [one for one in answer.conditions if not one.final] or list(answer.conditions)
    return tuple(dict.fromkeys(map(_reason, told[:6])))


def _reason(condition: Condition) -> AceReason:
    subject = condition.reference or ""
    if condition.sent_record:
        column = f" column {condition.position}" if condition.position else ""
        subject = f"record {condition.sent_record}{column}"
    return AceReason(code=condition.code or "", text=condition.text or "", subject=subject.strip())


def _about(workspace: Workspace, answer: Answer) -> str:
    said = question_of(workspace.journal, answer.batch_text)
    return said.about if said else ABOUT.get(answer.application, NOTICE)


def _lines(
    workspace: Workspace, answer: Answer, about: str, differ: ByEntry
) -> Iterable[AnswerLine]:
    if about == IMPORTER:
        return _importers(workspace, answer)
    if about == BILL:
        return bill_lines(workspace, answer)
    if about == RANGE:
        said = question_of(workspace.journal, answer.batch_text)
        return restored.lines(answer, said.asked) if said else ()
    return entry_lines(answer, differ)


def _importers(workspace: Workspace, answer: Answer) -> Iterator[AnswerLine]:
    """A line for each number as it was asked, with all its bonds. One person's Social Security number
    stands behind a reference of its own in each entry."""
    asked = _as_asked(workspace, answer)
    rows: dict[str, list[Row]] = {}
    for row in answer.table("importers").to_pylist():
        rows.setdefault(row["importer_number"] or "", []).append(row)
    for number, own in rows.items():
        plain = workspace.vault.open(number) if is_reference(number) else number
        for name in asked.get(_whole(plain), [number]):
            yield importers.line(name, own)


def _as_asked(workspace: Workspace, answer: Answer) -> dict[str, list[str]]:
    """The names under which a number was asked, by the whole number."""
    said = question_of(workspace.journal, answer.batch_text)
    found: dict[str, list[str]] = {}
    for name in said.asked if said else ():
        plain = workspace.vault.open(name) if is_reference(name) else name
        found.setdefault(_whole(plain), []).append(name)
    return found


def _whole(number: str) -> str:
    """An IRS number with its suffix; without one it counts as `00` (KI v7 p.10)."""
    return f"{number}00" if _NO_SUFFIX.fullmatch(number) else number


_NO_SUFFIX = re.compile(r"\d{2}-\d{7}")
