"""The reconciliation's chapters of the drill: approvals by the sample licence holder, the cycles
against the stand-in until it rests, the end, and what stays in the folder to leaf through."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pyotp.totp import TOTP

from tasks import approved_acts
from tasks.ace.check import check_bytes
from tasks.entries import sample
from tasks.reconciliation import (
    account as accounting,
    acts,
    bonds,
    cycle,
    drill_ace,
    report,
    sign_off,
)
from tasks.reconciliation.bond_words import in_words
from tasks.reconciliation.classify import Step
from tasks.reconciliation.terms import sending_day
from tasks.shared import clock, manifest, people
from tasks.shared.ace_tables import BATCHES
from tasks.shared.errors import ContinuityError, NotApproved, Refused
from tasks.shared.files import write_atomic
from tasks.shared.journal_check import verify
from tasks.shared.journal_copy import export
from tasks.shared.kinds.base import canonical
from tasks.workspace import Workspace

MOST_CYCLES = 40


def approve(workspace: Workspace, plan: str) -> str:
    """Approve by the code of the first enrolled license holder, as `continuity approve` does.
    Raises Refused in a house that is no drill."""
    journal = workspace.journal
    if not workspace.drill:
        raise Refused("license-code-drill-only")
    one = next(p for p in people.everyone(journal) if p.enrolled and people.APPROVER in p.roles)
    secret = (workspace.home / "keys" / "totp" / one.person).read_text(encoding="ascii")
    given_at = clock.now()
    # Each code counts once; one that was read off a little earlier is as good.
    while any(journal.events(key=f"code:{one.person}:{int(given_at.timestamp()) // people.STEP}")):
        given_at -= timedelta(seconds=people.STEP)
    code = TOTP(secret).at(given_at)
    approved_acts.approve(workspace, plan, one.person, code, given_at=given_at)
    return f"{one.name} (licence {one.licence})"


def exchange(workspace: Workspace) -> int:
    """The stand-in takes what lies in the outbound folder and answers; returns how many files."""
    with drill_ace.stand_in(workspace) as ace:
        folders, home = workspace.settings.ace, workspace.home
        inbox = Path(folders.inbox or home / "answers")
        done = ace.process_folder(Path(folders.outbound or home / "outbound"), inbox)
    return len(done.written)


def misbehave(workspace: Workspace) -> None:
    """The stand-in will reject a batch whole, lose an answer and send one twice."""
    with drill_ace.stand_in(workspace) as ace:
        ace.misbehave("reject", only="SE", skip=1, detail="X33")
        ace.misbehave("twice", only="SX")
        ace.misbehave("drop", only="AX")


def to_rest(workspace: Workspace, actor: str) -> dict[str, int]:
    """Cycles, each plan approved as it comes, until nothing moves; entries by step."""
    before: list[tuple[str, str, str]] = []
    for _ in range(MOST_CYCLES):
        last = cycle.run(workspace, actor, sending_day(workspace.settings))
        if last.waiting is not None:
            approve(workspace, last.waiting.digest)
        exchange(workspace)
        now = [(one.number, str(v.step), v.ask) for one, v in cycle.verdicts(workspace)]
        if last.waiting is None and now == before:
            return {step: len(numbers) for step, numbers in last.steps.items()}
        before = now
    raise ContinuityError("reconciliation-not-stable", before=before)


def why(workspace: Workspace, steps: tuple[str, ...]) -> list[str]:
    """Each entry at one of these steps, with the reason."""
    found = cycle.verdicts(workspace)
    return [f"{one.number}: {v.step}: {v.why}" for one, v in found if v.step in steps]


def sureties_act(workspace: Workspace, actor: str) -> list[str]:
    """Each surety that is waited for confirms its eBonds; in words."""
    told = []
    for one, verdict in cycle.verdicts(workspace):
        if verdict.step is Step.SURETY:
            notice = f"DRILL: the surety's notice that its eBond is on file for {one.number}"
            for surety in sorted({bond.surety for bond in one.open_bonds}):
                done = bonds.confirm(
                    workspace, one.number, notice.encode(), "notice.txt", actor, surety
                )
                names = "; ".join(map(in_words, done))
                told.append(f"{one.number}: the surety's eBond is confirmed: {names}")
    return told


def port_acts(workspace: Workspace) -> list[str]:
    """CBP takes the quota entry; in words."""
    told = []
    with drill_ace.stand_in(workspace) as ace:
        for number in sample.ace_facts()["quota"]["accepted"]:
            ace.accept_quota(number)
            told.append(f"{number}: CBP takes the quota entry")
    return told


def accept_differences(workspace: Workspace, actor: str) -> list[str]:
    """The licence holder accepts what officers keyed otherwise, each with a reason."""
    told = []
    for one, verdict in cycle.verdicts(workspace):
        if verdict.step is not Step.DIFFERS:
            continue
        how = f"keyed by CBP, difference accepted by the licence holder: {verdict.why}"
        proof = canonical({"number": one.number, "why": verdict.why}).encode()
        who = ""
        try:
            acts.settle(workspace, [one.number], how, proof, actor)
        except NotApproved as waits:
            who = approve(workspace, waits.plan)
        told.append(f"{one.number}: {verdict.why}; accepted by the licence holder {who}")
    return told


def try_to_sign(workspace: Workspace, actor: str) -> str:
    """Sign the accounting, or say why that is refused."""
    for _ in range(2):
        try:
            done = sign_off.sign_off(
                workspace.journal, workspace.content, workspace.settings, actor
            )
            return f"the accounting is signed: {done.numbers} numbers, each in its final place"
        except NotApproved as waits:
            approve(workspace, waits.plan)
        except ContinuityError as refused:
            return f"sign-off refused, as it must be: {refused}"
    return "the accounting waits for its approval"


def leave_results(workspace: Workspace, out: Path) -> dict[str, Any]:
    """Write report, accounting, batches and journal copy into `out`. The batches are in their
    stored form: without password, with placeholders for Social Security numbers."""
    lines = accounting.account(workspace.journal)
    accounting.write_workbook(lines, out / "accounting.xlsx", drill=True)
    write_atomic(out / "accounting.txt", _table(lines).encode())
    facts = report.build(workspace.journal, workspace.content, workspace.settings, "drill")
    report.write(facts, out / "report", workspace.home)
    words, passing = _leave_batches(workspace, out)
    head = export(workspace.journal, workspace.content, workspace.home, out / "journal")
    whole = verify(workspace.journal, workspace.content)
    words.append(f"the journal {'holds' if whole.ok else 'DOES NOT HOLD'}: {head.seq} events")
    words.append(once := _stands_once(workspace))
    files = sorted(
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.is_file() and "content" not in path.parts
    )
    good = passing and whole.ok and once.startswith("the stand-in's own book")
    summary = {"good": good, "numbers": len(lines)}
    return {"words": [*_table(lines).splitlines(), *words], "files": files, "summary": summary}


def _stands_once(workspace: Workspace) -> str:
    with drill_ace.stand_in(workspace) as ace:
        book = ace.book()
    twice = [number for number, held in book.items() if not held.stands_once or held.burnt]
    if twice:
        return f"NOT ONCE in the stand-in's book: {', '.join(twice)}"
    return f"the stand-in's own book holds each of {len(book)} entries once"


def _leave_batches(workspace: Workspace, out: Path) -> tuple[list[str], bool]:
    words: Counter[str] = Counter()
    passing = True
    for row in workspace.journal.rows(sa.select(BATCHES).order_by(BATCHES.c.file)):
        stored = workspace.content.get(row.content)
        write_atomic(out / "batches" / row.file, stored)
        result = check_bytes(stored)
        passing = passing and result.ok
        words[f"{row.application} batches {'pass' if result.ok else 'FAIL'} the check"] += 1
    return [f"{count} {text}" for text, count in sorted(words.items())], passing


def _table(lines: list[accounting.Line]) -> str:
    from io import StringIO

    from rich.console import Console
    from rich.table import Table

    rows = accounting.totals(lines)
    table = Table(title="Accounting (DRILL): every number, in exactly one place")
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    sink = StringIO()
    Console(file=sink, width=150).print(table)
    return sink.getvalue()


def seal_folder(workspace: Workspace, out: Path, text: str) -> None:
    """The story beside the results, then the signed manifest over everything."""
    write_atomic(out / "what-happened.txt", text.encode())
    manifest.write(out, workspace.home, "DRILL of the sample brokerage")
