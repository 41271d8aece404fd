"""What an auditor asks for: per recommendation the evidence, with digests and dates, as CSV and PDF."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import sqlalchemy as sa

from tasks.duties.duty import SEVERITIES
from tasks.duties.evidence_page import render
from tasks.duties.readiness import line
from tasks.duties.records import Item, Proof, catalogue_of, proof_of
from tasks.duties.terms import Standing, standings
from tasks.shared import clock, manifest
from tasks.shared.board import OTHERS, RECOMMENDATIONS, Line
from tasks.shared.duty_tables import PROOFS
from tasks.shared.files import write_atomic
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace

CSV, PDF, PROOF_FOLDER = "evidence.csv", "evidence.pdf", "proofs"


Listed = list[tuple[Proof, str]]


@dataclass(frozen=True)
class Evidence:
    """One proof of a duty, or a duty that has none. Days are the broker's, `recorded` is UTC.
    `newest`: yes for the proof on which `standing` and `fact` rest, the newest where none counts;
    `shared`: what else the file of the proof proves, and why."""

    about: str
    duty: str
    item: str
    what: str
    standing: str
    fact: str
    done_on: str = ""
    ends: str = ""
    recorded: str = ""
    by: str = ""
    event: str = ""
    file: str = ""
    sha256: str = ""
    statement: str = ""
    facts: str = ""
    findings: str = ""
    counts: str = ""
    rule: str = ""
    mark: str = ""
    newest: str = ""
    shared: str = ""


def gathered(workspace: Workspace) -> list[Evidence]:
    """Every proof of every duty, newest first, and each duty without one; also the proofs of what
    ended, or left the catalogue, since."""
    today, rows = workspace.today(), workspace.journal.rows
    found: list[Evidence] = []
    given = _given(workspace)
    for standing in standings(rows, catalogue_of(workspace), workspace.zone):
        said = line(standing, today)
        listed = given.pop((standing.duty.id, standing.item), [])
        head = Evidence(
            about=said.about, duty=standing.duty.id, item=standing.item, what=standing.duty.what,
            standing=said.light, fact=said.fact, rule=standing.duty.source, mark=said.mark,
        )  # fmt: skip
        found += _proved(head, standing, listed)
    for (duty, item), listed in given.items():
        found += [_with(_past(workspace, duty, item), proof, counts) for proof, counts in listed]
    order = [*RECOMMENDATIONS, *OTHERS, ""]
    return sorted(found, key=lambda one: order.index(one.about))


def _proved(head: Evidence, standing: Standing, given: Listed) -> list[Evidence]:
    """A line for each proof; what a duty is done by itself stands first."""
    known = {proof.seq for proof, _ in given}
    own = [(proof, "counts") for proof in standing.proofs if proof.seq not in known]
    every = own + given
    if not every:
        return [head]
    last = standing.last.seq if standing.last else every[0][0].seq
    return [
        replace(_with(head, proof, counts), newest="yes" if proof.seq == last else "")
        for proof, counts in every
    ]


def _past(workspace: Workspace, name: str, item: str) -> Evidence:
    """The head of what is no duty any more; which recommendation it was of is not known of one that left
    the catalogue."""
    duty = catalogue_of(workspace).duties.get(name)
    if duty is None:
        return Evidence("", name, item, name, "", "not in the catalogue any more")
    fact = "ended, or no proof counts"
    return Evidence(duty.about, name, item, duty.what, "", fact, rule=duty.source, mark=duty.mark)


def _given(workspace: Workspace) -> dict[Item, Listed]:
    """All proofs ever given, newest first, each with whether it counts."""
    query = (
        sa.select(PROOFS, EVENTS.c.at, EVENTS.c.actor)
        .join(EVENTS, EVENTS.c.seq == PROOFS.c.seq)
        .order_by(PROOFS.c.duty, PROOFS.c.item, PROOFS.c.seq.desc())
    )
    found: dict[Item, Listed] = {}
    for row in workspace.journal.rows(query):
        counts = "withdrawn" if row.withdrawn else "ended" if row.ended else "counts"
        found.setdefault((row.duty, row.item), []).append((proof_of(row, workspace.zone), counts))
    return found


def _with(head: Evidence, proof: Proof, counts: str) -> Evidence:
    return Evidence(**{
        **asdict(head),
        "done_on": proof.on.isoformat(),
        "ends": proof.until.isoformat() if proof.until else "",
        "recorded": clock.text(proof.at)[:19] + "Z",
        "by": proof.by,
        "event": str(proof.seq),
        "file": proof.file or ("" if proof.statement else "recorded by the house itself"),
        "sha256": proof.proof,
        "statement": proof.statement,
        "facts": "; ".join(f"{name}: {value}" for name, value in (proof.facts or {}).items()),
        "findings": _findings(proof),
        "counts": counts,
        "shared": proof.shared,
    })  # fmt: skip


def _findings(proof: Proof) -> str:
    if proof.scan is None:
        return ""
    scan = proof.scan
    said = [
        f"{scan.open[one]} {one} (oldest {scan.oldest[one]})"
        for one in SEVERITIES
        if scan.open.get(one)
    ]
    return f"{scan.tool}: " + (", ".join(said) or "none open")


def export(workspace: Workspace, out: Path, *, proofs: bool, page: Sequence[Line]) -> list[Path]:
    """Write CSV, PDF, with `proofs` the files themselves, and a signed manifest into a folder.
    `page`: the lines of the status page, of every package."""
    found = gathered(workspace)
    written = [
        write_atomic(out / CSV, _csv(found)),
        write_atomic(out / PDF, render(workspace, found, page)),
    ]
    if proofs:
        for one in {(row.sha256, row.file) for row in found if row.sha256}:
            digest, name = one
            target = out / PROOF_FOLDER / f"{digest[:12]}-{safe_name(name)}"
            written.append(write_atomic(target, workspace.content.get(digest)))
    written.append(manifest.write(out, workspace.settings.home, "evidence of recurring duties"))
    return written


def safe_name(name: str) -> str:
    """A file name that every system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80] or "proof"


def _csv(found: Sequence[Evidence]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([one.name for one in fields(Evidence)])
    writer.writerows([_cell(value) for value in asdict(one).values()] for one in found)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(text: str) -> str:
    """A spreadsheet would run what begins with these as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def as_json(found: Sequence[Evidence]) -> str:
    return json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False)
