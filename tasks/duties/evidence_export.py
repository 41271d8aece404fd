"""What an auditor asks for: per recommendation the evidence, with digests and dates, as CSV and PDF.

The auditor's evidence on paper: the ten lights, then every proof, and where each duty stands today.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tasks.core import clock, status_lines
from tasks.core.files import write_atomic
from tasks.core.journal.journal import is_drill
from tasks.core.journal.store import EVENTS
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import OTHER_SUBJECTS, RECOMMENDATIONS, StatusLine, recommendations
from tasks.documents.api import INNER_WIDTH, PageFrame, Paper, PaperColumn
from tasks.duties.duty_definition import SEVERITIES
from tasks.duties.duty_history import DutyProof, Item, catalog_of, proof_of
from tasks.duties.status import status_line
from tasks.duties.tables import PROOFS
from tasks.duties.term_schedule import DutyState, duty_states
from tasks.security.api import write_manifest
from tasks.workspace import Workspace

if TYPE_CHECKING:
    pass


_COLUMNS = (
    PaperColumn("Duty", 48),
    PaperColumn("Done on", 17),
    PaperColumn("Ends", 17),
    PaperColumn("Recorded, by, event", 37),
    PaperColumn("EvidenceItem", 64),
    PaperColumn("SHA-256", INNER_WIDTH - 183 - 10),
    PaperColumn("Rule", 10),
)


def render_evidence(workspace: Workspace, found: Sequence[EvidenceItem], said: Sequence[StatusLine]) -> bytes:
    broker, head = workspace.settings(BrokerSettings), workspace.journal.head()
    paper = Paper(
        PageFrame(
            title="EvidenceItem of cyber preparedness",
            left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            right=f"book at event {head.seq:,}, {head.digest[:12]}",
            foot=f"Made {clock.text()[:16]}Z from the book at event {head.seq}, SHA-256 {head.digest}",
            mark="DRILL" if is_drill(workspace.journal) else "",
            made=clock.now(),
        )
    )
    paper.page()
    paper.title("EvidenceItem of cyber preparedness")
    paper.text(_READING)
    _front(paper, said)
    for about, title in {**RECOMMENDATIONS, **OTHER_SUBJECTS, "": "Duties that left the catalogue"}.items():
        of_it = list(evidence_rows([one for one in found if one.about == about]))
        if about or of_it:
            paper.heading(f"{about if about in RECOMMENDATIONS else ''} {title}".strip())
            paper.table(_COLUMNS, of_it, 7, red=lambda row: isinstance(row, EvidenceRow) and row.red)
    for name, reason in catalog_of(workspace).without.items():
        paper.text(f"Left out of the catalogue: {name}: {reason}")
    return paper.bytes()


_READING = (
    "P1 to P10 are CBP's recommendations to customs brokers on cyber-attacks (2023), in our own words. "
    "Each proof lies in the broker's store under its SHA-256 and is named by an event of a hash-chained "
    "journal; the event's number is shown. Rule: P read in CBP's own text, S reliable secondary source, "
    "W weak source, G general knowledge or the broker's default. Under its newest proof stands where a duty "
    "stands today; what is red is printed so."
)


def _front(paper: Paper, said: Sequence[StatusLine]) -> None:
    columns = (
        PaperColumn("", 12),
        PaperColumn("Recommendation", 70),
        PaperColumn("", 18),
        PaperColumn("Because", INNER_WIDTH - 100),
    )
    rows = [[one.id, one.title, one.light, one.fact] for one in recommendations(said)]
    paper.table(columns, rows, 8, red=lambda row: row[2] == status_lines.RED)


class EvidenceRow(list[str]):
    """The texts of a row. `red`: the duty stands red for what this row says."""

    red = False


def evidence_rows(found: Sequence[EvidenceItem]) -> Iterator[EvidenceRow]:
    """A row a proof, with where the duty stands under the one on which that rests."""
    for one in found:
        title = f"{one.what}: {one.item}" if one.item else one.what
        rests = one.newest or not one.done_on
        stands = f"{one.standing}: {one.fact}" if rests else ""
        row = EvidenceRow([title, "never", "", "", one.fact, "", one.mark, one.rule])
        if one.done_on:
            state = "" if one.counts == "counts" else f" ({one.counts})"
            recorded = f"{one.recorded[:16]}Z, {one.by}, {one.event}"
            evidence = (one.file or f"Statement: {one.statement}") + state
            evidence += f"; {one.shared}" if one.shared else ""
            under = "; ".join(part for part in (stands, one.facts, one.findings, one.rule) if part)
            row = EvidenceRow([title, one.done_on, one.ends, recorded, evidence, one.sha256, one.mark, under])
        row.red = bool(rests) and one.standing == status_lines.RED
        yield row


CSV, PDF, PROOF_FOLDER = "evidence.csv", "evidence.pdf", "proofs"


Listed = list[tuple[DutyProof, str]]


@dataclass(frozen=True)
class EvidenceItem:
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


def gather_evidence(workspace: Workspace) -> list[EvidenceItem]:
    """Every proof of every duty, newest first, and each duty without one; also the proofs of what
    ended, or left the catalogue, since."""
    today, rows = workspace.today(), workspace.journal.rows
    found: list[EvidenceItem] = []
    given = _given(workspace)
    for standing in duty_states(rows, catalog_of(workspace), workspace.zone):
        said = status_line(standing, today)
        listed = given.pop((standing.duty.id, standing.item), [])
        head = EvidenceItem(
            about=said.about,
            duty=standing.duty.id,
            item=standing.item,
            what=standing.duty.what,
            standing=said.light,
            fact=said.fact,
            rule=standing.duty.source,
            mark=said.mark,
        )
        found += _proved(head, standing, listed)
    for (duty, item), listed in given.items():
        found += [_with(_past(workspace, duty, item), proof, counts) for proof, counts in listed]
    order = [*RECOMMENDATIONS, *OTHER_SUBJECTS, ""]
    return sorted(found, key=lambda one: order.index(one.about))


def _proved(head: EvidenceItem, standing: DutyState, given: Listed) -> list[EvidenceItem]:
    """A line for each proof; what a duty is done by itself stands first."""
    known = {proof.seq for proof, _ in given}
    own = [(proof, "counts") for proof in standing.proofs if proof.seq not in known]
    every = own + given
    if not every:
        return [head]
    last = standing.last.seq if standing.last else every[0][0].seq
    return [replace(_with(head, proof, counts), newest="yes" if proof.seq == last else "") for proof, counts in every]


def _past(workspace: Workspace, name: str, item: str) -> EvidenceItem:
    """The head of what is no duty any more; which recommendation it was of is not known of one that left
    the catalogue."""
    duty = catalog_of(workspace).duties.get(name)
    if duty is None:
        return EvidenceItem("", name, item, name, "", "not in the catalogue any more")
    fact = "ended, or no proof counts"
    return EvidenceItem(duty.about, name, item, duty.what, "", fact, rule=duty.source, mark=duty.mark)


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


def _with(head: EvidenceItem, proof: DutyProof, counts: str) -> EvidenceItem:
    return EvidenceItem(
        **{
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
        }
    )


def _findings(proof: DutyProof) -> str:
    if proof.scan is None:
        return ""
    scan = proof.scan
    said = [f"{scan.open[one]} {one} (oldest {scan.oldest[one]})" for one in SEVERITIES if scan.open.get(one)]
    return f"{scan.tool}: " + (", ".join(said) or "none open")


def export_evidence(workspace: Workspace, out: Path, *, proofs: bool, page: Sequence[StatusLine]) -> list[Path]:
    """Write CSV, PDF, with `proofs` the files themselves, and a signed manifest into a folder.
    `page`: the lines of the status page, of every package."""
    found = gather_evidence(workspace)
    written = [write_atomic(out / CSV, _csv(found)), write_atomic(out / PDF, render_evidence(workspace, found, page))]
    if proofs:
        for one in {(row.sha256, row.file) for row in found if row.sha256}:
            digest, name = one
            target = out / PROOF_FOLDER / f"{digest[:12]}-{safe_name(name)}"
            written.append(write_atomic(target, workspace.content.get(digest)))
    written.append(write_manifest(out, workspace.settings.home, "evidence of recurring duties"))
    return written


def safe_name(name: str) -> str:
    """A file name that every system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80] or "proof"


def _csv(found: Sequence[EvidenceItem]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([one.name for one in fields(EvidenceItem)])
    writer.writerows([_cell(value) for value in asdict(one).values()] for one in found)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(text: str) -> str:
    """A spreadsheet would run what begins with these as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def evidence_json(found: Sequence[EvidenceItem]) -> str:
    return json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False)
