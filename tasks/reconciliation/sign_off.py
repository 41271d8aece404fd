"""Signing the accounting: possible only when every number has its final place."""

from __future__ import annotations

from typing import Any

from tasks.reconciliation.account import (
    FREE,
    NO_FILING,
    STRAY,
    Line,
    account,
    as_content,
    strays_in_words,
    unaccounted,
    unsettled,
)
from tasks.reconciliation.classify import Step, classify, taken_back
from tasks.reconciliation.facts import Paper, paper_of
from tasks.reconciliation.standings import standings
from tasks.shared import approval, kinds
from tasks.shared.content import ContentStore
from tasks.shared.errors import NotApproved, Unaccounted
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings
from tasks.workspace import Workspace


def require_accounted(lines: list[Line]) -> None:
    """Raises Unaccounted, naming desks and numbers, while a number has no place or a recorded
    entry is neither settled nor handed over nor burnt nor in need of no filing."""
    if stray := [line.number for line in lines if line.place == STRAY]:
        raise Unaccounted(
            "numbers-in-ace-not-in-record", reason=strays_in_words(stray), numbers=stray
        )
    missing = unaccounted(lines)
    if missing:
        told = "; ".join(
            f"{desk}: {len(numbers)} ({', '.join(numbers[:3])}{', ...' if numbers[3:] else ''})"
            for desk, numbers in sorted(missing.items())
        )
        numbers = [number for some in missing.values() for number in some]
        raise Unaccounted(
            "numbers-unaccounted-for", numbers_count=len(numbers), reason=told, numbers=numbers
        )
    if still := unsettled(lines):
        first = ", ".join(f"{line.number} ({line.place})" for line in still[:3])
        raise Unaccounted(
            "entries-not-settled",
            still_count=len(still),
            first=first,
            numbers=[line.number for line in still],
        )


def require_asked(journal: Journal) -> None:
    """Raises Unaccounted while ACE was not asked for an entry that needs no filing, or has it, or
    took a settled one back: nothing is final that ACE does not bear out."""
    open_ = {}
    for one in standings(journal):
        verdict = classify(one)
        if reason := taken_back(one):
            open_[one.number] = reason
        elif paper_of(one) is Paper.CLOSED and verdict.step not in (Step.NO_FILING, Step.SETTLE):
            open_[one.number] = f"{verdict.step}: {verdict.why}"
    if open_:
        first = "; ".join(f"{number} ({why})" for number, why in [*open_.items()][:3])
        raise Unaccounted(
            "entries-not-final-in-ace", open__count=len(open_), first=first, numbers=[*open_]
        )


def sign_off(
    journal: Journal, content: ContentStore, settings: Settings, preparer: str
) -> kinds.AccountingSigned:
    """Sign the accounting as it stands. Raises Unaccounted, or NotApproved after asking for the
    approval. Entries that need no filing become settled by the same act."""
    lines = account(journal)
    require_accounted(lines)
    if settings.ace.ask_first:
        require_asked(journal)
    digest = content.put(as_content(lines))
    approval.ask(journal, digest, f"accounting of {len(lines)} numbers", [digest], preparer)
    approval.require(journal, digest, [digest], settings.approval.persons)
    since = {one.number: one.since for one in standings(journal)}
    signed = kinds.AccountingSigned(accounting=digest, plan=digest, numbers=len(lines))
    with journal.write(preparer) as pen:
        for line in lines:
            if line.place == NO_FILING:
                settle = kinds.EntrySettled(number=line.number, how=line.outcome or "no filing",
                                            proof=digest)  # fmt: skip
                key = f"settled:{line.number}:{since[line.number]}"
                pen.append(settle, f"entry/{line.number}", key=key)
        pen.append(signed, "accounting", key=f"signed:{digest}")
    return signed


def try_to_end(workspace: Workspace, actor: str) -> dict[str, Any]:
    """What of the end is reached: `signed`; the `plan` of an accounting that waits for its approval;
    or only `words` on what is open. A book in which no number was used has no end."""
    lines = account(workspace.journal)
    if all(line.place == FREE for line in lines):
        return {"words": "no number was used"}
    try:
        done = sign_off(workspace.journal, workspace.content, workspace.settings, actor)
    except Unaccounted as open_:
        return {"words": str(open_)}
    except NotApproved as waits:
        return {"words": str(waits), "plan": workspace.content.put(as_content(lines))}
    words = f"the accounting is signed: {done.numbers} numbers, each in its final place"
    return {"words": words, "signed": done.accounting}
