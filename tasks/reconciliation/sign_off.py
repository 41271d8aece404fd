"""Signing the accounting: possible only when every number has its final place."""

from __future__ import annotations

from tasks.reconciliation.account import (
    NO_FILING,
    Line,
    account,
    as_content,
    unaccounted,
    unsettled,
)
from tasks.shared import approval, kinds
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadInput, Unaccounted
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings


def require_accounted(lines: list[Line]) -> None:
    """Raises Unaccounted, naming desks and numbers, while a number has no place or a recorded
    entry is neither settled nor handed over nor burnt nor in need of no filing."""
    missing = unaccounted(lines)
    if missing:
        told = "; ".join(
            f"{desk}: {len(numbers)} ({', '.join(numbers[:3])}{', ...' if numbers[3:] else ''})"
            for desk, numbers in sorted(missing.items())
        )
        numbers = [number for some in missing.values() for number in some]
        raise Unaccounted(f"{len(numbers)} number(s) are unaccounted for. Ask the desks: {told}",
                          numbers)  # fmt: skip
    if still := unsettled(lines):
        first = ", ".join(f"{line.number} ({line.place})" for line in still[:3])
        raise Unaccounted(f"{len(still)} entries are not settled yet: {first}",
                          [line.number for line in still])  # fmt: skip


def sign_off(
    journal: Journal, content: ContentStore, settings: Settings, preparer: str
) -> kinds.AccountingSigned:
    """Sign the accounting as it stands. Raises Unaccounted, or NotApproved after asking for the
    approval. Entries that need no filing become settled by the same act."""
    lines = account(journal)
    require_accounted(lines)
    digest = content.put(as_content(lines))
    approval.ask(journal, digest, f"accounting of {len(lines)} numbers", [digest], preparer)
    approval.require(journal, digest, [digest], settings.approval.persons)
    signed = kinds.AccountingSigned(accounting=digest, plan=digest, numbers=len(lines))
    with journal.write(preparer) as pen:
        for line in lines:
            if line.place == NO_FILING:
                settle = kinds.EntrySettled(number=line.number, how=line.outcome or "no filing",
                                            proof=digest)  # fmt: skip
                pen.append(settle, f"entry/{line.number}", key=f"settled:{line.number}")
        pen.append(signed, "accounting", key=f"signed:{digest}")
    return signed


def settle(
    journal: Journal, content: ContentStore, numbers: list[str], how: str, proof: bytes, actor: str
) -> str:
    """Settle recorded entries by proof kept as content; returns its digest. Raises BadInput
    without words or proof, NumberUnavailable if a number is not recorded."""
    if not how.strip() or not proof:
        raise BadInput("An entry is settled with a word on how, and a proof that is not empty")
    digest = content.put(proof)
    with journal.write(actor) as pen:
        for number in numbers:
            body = kinds.EntrySettled(number=number, how=how, proof=digest)
            pen.append(body, f"entry/{number}", key=f"settled:{number}")
    return digest
