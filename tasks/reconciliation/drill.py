"""The reconciliation's chapter of the drill: the sample licence holder's approval, and what stays
in the folder for a person to leaf through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pyotp.totp import TOTP

from tasks.ace.check import check_bytes
from tasks.reconciliation import account as accounting, sign_off
from tasks.shared import approval, clock, manifest, opening, people
from tasks.shared.errors import ContinuityError, Refused
from tasks.shared.files import write_atomic
from tasks.shared.journal import is_drill
from tasks.shared.journal_check import verify
from tasks.shared.journal_copy import export
from tasks.shared.projections import BATCHES
from tasks.shared.settings import Settings


def approve(settings: Settings, plan: str) -> str:
    """Approve by the code of the first enrolled licence holder, through the one approval function.
    Raises Refused in a house that is no drill."""
    journal = opening.journal(settings)
    if not is_drill(journal):
        raise Refused("Only a drill may take a licence holder's code from the host's own folder")
    one = next(p for p in people.everyone(journal) if p.enrolled and people.APPROVER in p.roles)
    secret = (settings.home / "keys" / "totp" / one.person).read_text(encoding="ascii")
    code = TOTP(secret).at(clock.now())
    approval.grant(journal, settings.home, plan, one.person, code,
                   persons=settings.approval.persons)  # fmt: skip
    return f"{one.name} (licence {one.licence})"


def leave_results(settings: Settings, out: Path, actor: str) -> dict[str, Any]:
    """Write accounting, batches and journal copy into `out`. The batches are in their stored form:
    without password, with placeholders for Social Security numbers."""
    journal, content = opening.journal(settings), opening.content(settings)
    lines = accounting.account(journal)
    accounting.write_workbook(lines, out / "accounting.xlsx", drill=True)
    write_atomic(out / "accounting.txt", _table(lines).encode())
    words, passing = _leave_batches(settings, out)
    head = export(journal, content, settings.home, out / "journal")
    whole = verify(journal, content)
    words.append(f"the journal {'holds' if whole.ok else 'DOES NOT HOLD'}: {head.seq} events")
    words += _try_to_sign(settings, lines, actor)
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*")
                   if path.is_file() and "content" not in path.parts)  # fmt: skip
    summary = {"batches_pass": passing and whole.ok, "numbers": len(lines)}
    return {"words": [*_table(lines).splitlines(), *words], "files": files, "summary": summary}


def _leave_batches(settings: Settings, out: Path) -> tuple[list[str], bool]:
    journal, content = opening.journal(settings), opening.content(settings)
    words, passing = [], True
    for row in journal.rows(sa.select(BATCHES).order_by(BATCHES.c.file)):
        stored = content.get(row.content)
        write_atomic(out / "batches" / row.file, stored)
        result = check_bytes(stored)
        passing = passing and result.ok
        words.append(
            f"{row.file}: {'passes' if result.ok else 'FAILS'} the check ({result.summary})"
        )
    return words, passing


def _try_to_sign(settings: Settings, lines: list[accounting.Line], actor: str) -> list[str]:
    journal, content = opening.journal(settings), opening.content(settings)
    try:
        sign_off.sign_off(journal, content, settings, actor)
    except ContinuityError as refused:
        return [f"sign-off refused, as it must be: {refused}"]
    return ["the accounting is signed"]


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


def seal_folder(settings: Settings, out: Path, text: str) -> None:
    """The story beside the results, then the signed manifest over everything."""
    write_atomic(out / "what-happened.txt", text.encode())
    manifest.write(out, settings.home, "DRILL of the sample brokerage")
