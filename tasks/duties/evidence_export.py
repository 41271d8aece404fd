"""Evidence for an auditor, by recommendation, with digests and dates: CSV, PDF, and the proofs themselves."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import sqlalchemy as sa

from tasks.core import clock, status_lines
from tasks.core.files import write_atomic
from tasks.core.journal.journal import is_drill
from tasks.core.journal.store import EVENTS
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import OTHER_SUBJECTS, RECOMMENDATIONS, StatusLine, recommendations
from tasks.documents.api import INNER_WIDTH, PageFrame, Paper, PaperColumn
from tasks.duties.duty_definition import SEVERITIES
from tasks.duties.duty_history import DutyProof, ItemKey, catalog_of, proof_of
from tasks.duties.status import status_line
from tasks.duties.tables import PROOFS
from tasks.duties.term_schedule import DutyState, duty_states
from tasks.security.api import write_manifest
from tasks.workspace import Workspace

_COLUMNS = (
    PaperColumn("Duty", 48),
    PaperColumn("Done on", 17),
    PaperColumn("Ends", 17),
    PaperColumn("Recorded, by, event", 37),
    PaperColumn("Evidence", 64),
    PaperColumn("SHA-256", INNER_WIDTH - 183 - 10),
    PaperColumn("Rule", 10),
)


def render_evidence(workspace: Workspace, items: Sequence[EvidenceItem], lines: Sequence[StatusLine]) -> bytes:
    broker, head = workspace.settings(BrokerSettings), workspace.journal.head()
    paper = Paper(
        PageFrame(
            title="Evidence of cyber preparedness",
            left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            right=f"book at event {head.seq:,}, {head.digest[:12]}",
            foot=f"Made {clock.text()[:16]}Z from the book at event {head.seq}, SHA-256 {head.digest}",
            mark="DRILL" if is_drill(workspace.journal) else "",
            made=clock.now(),
        )
    )
    paper.page()
    paper.title("Evidence of cyber preparedness")
    paper.text(_READING)
    _recommendation_table(paper, lines)
    for about, title in {**RECOMMENDATIONS, **OTHER_SUBJECTS, "": "Duties that left the catalogue"}.items():
        of_it = list(evidence_rows([evidence_item for evidence_item in items if evidence_item.about == about]))
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


def _recommendation_table(paper: Paper, lines: Sequence[StatusLine]) -> None:
    columns = (
        PaperColumn("", 12),
        PaperColumn("Recommendation", 70),
        PaperColumn("", 18),
        PaperColumn("Because", INNER_WIDTH - 100),
    )
    rows = [[line.id, line.title, line.light, line.fact] for line in recommendations(lines)]
    paper.table(columns, rows, 8, red=lambda row: row[2] == status_lines.RED)


class EvidenceRow(list[str]):
    """The texts of a row. `red`: the duty's status is red because of this row."""

    red = False


def evidence_rows(items: Sequence[EvidenceItem]) -> Iterator[EvidenceRow]:
    """A row a proof; under the newest one the duty's state."""
    for evidence_item in items:
        title = f"{evidence_item.what}: {evidence_item.item}" if evidence_item.item else evidence_item.what
        rests = evidence_item.newest or not evidence_item.done_on
        stands = f"{evidence_item.standing}: {evidence_item.fact}" if rests else ""
        row = EvidenceRow([title, "never", "", "", evidence_item.fact, "", evidence_item.mark, evidence_item.rule])
        if evidence_item.done_on:
            state = "" if evidence_item.counts == "counts" else f" ({evidence_item.counts})"
            recorded = f"{evidence_item.recorded[:16]}Z, {evidence_item.by}, {evidence_item.event}"
            evidence = (evidence_item.file or f"Statement: {evidence_item.statement}") + state
            evidence += f"; {evidence_item.shared}" if evidence_item.shared else ""
            under = "; ".join(
                part for part in (stands, evidence_item.facts, evidence_item.findings, evidence_item.rule) if part
            )
            row = EvidenceRow(
                [
                    title,
                    evidence_item.done_on,
                    evidence_item.ends,
                    recorded,
                    evidence,
                    evidence_item.sha256,
                    evidence_item.mark,
                    under,
                ]
            )
        row.red = bool(rests) and evidence_item.standing == status_lines.RED
        yield row


CSV, PDF, PROOF_FOLDER = "evidence.csv", "evidence.pdf", "proofs"

RecordedProofs = list[tuple[DutyProof, str]]


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
    items: list[EvidenceItem] = []
    recorded = _recorded_proofs(workspace)
    for state in duty_states(rows, catalog_of(workspace), workspace.zone):
        line = status_line(state, today)
        proofs = recorded.pop((state.duty.id, state.item), [])
        head = EvidenceItem(
            about=line.about,
            duty=state.duty.id,
            item=state.item,
            what=state.duty.what,
            standing=line.light,
            fact=line.fact,
            rule=state.duty.source,
            mark=line.mark,
        )
        items += _proof_items(head, state, proofs)
    for (duty, item), proofs in recorded.items():
        items += [_with_proof(_former_duty(workspace, duty, item), proof, counts) for proof, counts in proofs]
    order = [*RECOMMENDATIONS, *OTHER_SUBJECTS, ""]
    return sorted(items, key=lambda entry: order.index(entry.about))


def _proof_items(head: EvidenceItem, state: DutyState, recorded: RecordedProofs) -> list[EvidenceItem]:
    """A line for each proof; what a duty is done by itself stands first."""
    listed_seqs = {proof.seq for proof, _ in recorded}
    own_proofs = [(proof, "counts") for proof in state.proofs if proof.seq not in listed_seqs]
    listed = own_proofs + recorded
    if not listed:
        return [head]
    last = state.last.seq if state.last else listed[0][0].seq
    return [
        replace(_with_proof(head, proof, counts), newest="yes" if proof.seq == last else "") for proof, counts in listed
    ]


def _former_duty(workspace: Workspace, name: str, item: str) -> EvidenceItem:
    """The head of a former duty; one that left the catalog belongs to no recommendation."""
    duty = catalog_of(workspace).duties.get(name)
    if duty is None:
        return EvidenceItem("", name, item, name, "", "not in the catalogue any more")
    fact = "ended, or no proof counts"
    return EvidenceItem(duty.about, name, item, duty.what, "", fact, rule=duty.source, mark=duty.mark)


def _recorded_proofs(workspace: Workspace) -> dict[ItemKey, RecordedProofs]:
    """All proofs ever given, newest first, each with whether it counts."""
    query = (
        sa.select(PROOFS, EVENTS.c.at, EVENTS.c.actor)
        .join(EVENTS, EVENTS.c.seq == PROOFS.c.seq)
        .order_by(PROOFS.c.duty, PROOFS.c.item, PROOFS.c.seq.desc())
    )
    proofs: dict[ItemKey, RecordedProofs] = {}
    for row in workspace.journal.rows(query):
        counts = "withdrawn" if row.withdrawn else "ended" if row.ended else "counts"
        proofs.setdefault((row.duty, row.item), []).append((proof_of(row, workspace.zone), counts))
    return proofs


def _with_proof(head: EvidenceItem, proof: DutyProof, counts: str) -> EvidenceItem:
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
    counts = [
        f"{scan.open[severity]} {severity} (oldest {scan.oldest[severity]})"
        for severity in SEVERITIES
        if scan.open.get(severity)
    ]
    return f"{scan.tool}: " + (", ".join(counts) or "none open")


def export_evidence(workspace: Workspace, out: Path, *, proofs: bool, page: Sequence[StatusLine]) -> list[Path]:
    """Write CSV, PDF, with `proofs` the files themselves, and a signed manifest into a folder.
    `page`: the lines of the status page, of every package."""
    items = gather_evidence(workspace)
    written = [write_atomic(out / CSV, _csv(items)), write_atomic(out / PDF, render_evidence(workspace, items, page))]
    if proofs:
        for digest, name in {(row.sha256, row.file) for row in items if row.sha256}:
            target = out / PROOF_FOLDER / f"{digest[:12]}-{safe_name(name)}"
            written.append(write_atomic(target, workspace.content.get(digest)))
    written.append(write_manifest(out, workspace.settings.home, "evidence of recurring duties"))
    return written


def safe_name(name: str) -> str:
    """A file name that every system takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80] or "proof"


def _csv(items: Sequence[EvidenceItem]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([evidence_item.name for evidence_item in fields(EvidenceItem)])
    writer.writerows([_cell(value) for value in asdict(evidence_item).values()] for evidence_item in items)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(text: str) -> str:
    """A spreadsheet would run what begins with these as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def evidence_json(items: Sequence[EvidenceItem]) -> str:
    return json.dumps([asdict(evidence_item) for evidence_item in items], indent=1, ensure_ascii=False)
