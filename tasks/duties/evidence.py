"""What an auditor asks for: per recommendation the evidence, with digests and dates, as CSV and PDF."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import sqlalchemy as sa

from tasks.duties.duty import SEVERITIES
from tasks.duties.readiness import line, lines
from tasks.duties.records import Office, Proof, proof_of
from tasks.duties.terms import Standing, standings
from tasks.shared import board, clock, manifest
from tasks.shared.board import OTHERS, RECOMMENDATIONS, Line
from tasks.shared.duty_tables import PROOFS
from tasks.shared.files import write_atomic
from tasks.shared.journal import is_drill
from tasks.shared.paper import INNER, Column, Frame, Paper
from tasks.shared.store import EVENTS

CSV, PDF, PROOF_FOLDER = "evidence.csv", "evidence.pdf", "proofs"


@dataclass(frozen=True)
class Evidence:
    """One proof of a duty, or a duty that has none. Days are the broker's, `recorded` is UTC."""

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


def gathered(office: Office) -> list[Evidence]:
    """Every proof of every duty, newest first, and each duty without one."""
    today, rows = office.today(), office.journal.rows
    found: list[Evidence] = []
    for standing in standings(rows, office.catalogue, office.zone):
        said = line(standing, today)
        listed = _proofs(office, standing)
        head = Evidence(
            about=said.about, duty=standing.duty.id, item=standing.item, what=standing.duty.what,
            standing=said.light, fact=said.fact, rule=standing.duty.source, mark=said.mark,
        )  # fmt: skip
        found += [_with(head, proof, counts) for proof, counts in listed] or [head]
    order = [*RECOMMENDATIONS, *OTHERS]
    return sorted(found, key=lambda one: order.index(one.about))


def _proofs(office: Office, standing: Standing) -> list[tuple[Proof, str]]:
    """All proofs ever given, newest first, with whether each counts; what a duty is done by itself
    stands first."""
    query = (
        sa.select(PROOFS, EVENTS.c.at, EVENTS.c.actor)
        .join(EVENTS, EVENTS.c.seq == PROOFS.c.seq)
        .where(PROOFS.c.duty == standing.duty.id, PROOFS.c.item == standing.item)
        .order_by(PROOFS.c.seq.desc())
    )
    given = [
        (proof_of(row, office.zone),
         "withdrawn" if row.withdrawn else "ended" if row.ended else "counts")
        for row in office.journal.rows(query)
    ]  # fmt: skip
    known = {proof.seq for proof, _ in given}
    own = [(proof, "counts") for proof in standing.proofs if proof.seq not in known]
    return own + given


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


def export(
    office: Office, out: Path, *, proofs: bool, said: Sequence[Line] | None = None
) -> list[Path]:
    """Write CSV, PDF, with `proofs` the files themselves, and a signed manifest into a folder.
    `said`: what stands behind the ten lights, of every room; without it that of the duties alone."""
    found = gathered(office)
    written = [
        write_atomic(out / CSV, _csv(found)),
        write_atomic(out / PDF, _pdf(office, found, lines(office) if said is None else said)),
    ]
    if proofs:
        for one in {(row.sha256, row.file) for row in found if row.sha256}:
            digest, name = one
            target = out / PROOF_FOLDER / f"{digest[:12]}-{safe_name(name)}"
            written.append(write_atomic(target, office.content.get(digest)))
    written.append(manifest.write(out, office.settings.home, "evidence of recurring duties"))
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


_COLUMNS = (
    Column("Duty", 48), Column("Done on", 17), Column("Ends", 17), Column("Recorded, by, event", 37),
    Column("Evidence", 64), Column("SHA-256", INNER - 183 - 10), Column("Rule", 10),
)  # fmt: skip


def _pdf(office: Office, found: Sequence[Evidence], said: Sequence[Line]) -> bytes:
    broker, head = office.settings.broker, office.journal.head()
    paper = Paper(
        Frame(
            title="Evidence of cyber preparedness",
            left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            right=f"book at event {head.seq:,}, {head.digest[:12]}",
            foot=f"Made {clock.text()[:16]}Z from the book at event {head.seq}, SHA-256 {head.digest}",
            mark="DRILL" if is_drill(office.journal) else "",
            made=clock.now(),
        )
    )
    paper.page()
    paper.title("Evidence of cyber preparedness")
    paper.text(_READING)
    _front(paper, said)
    for about, title in {**RECOMMENDATIONS, **OTHERS}.items():
        paper.heading(f"{about if about in RECOMMENDATIONS else ''} {title}".strip())
        rows = list(_rows([one for one in found if one.about == about]))
        paper.table(_COLUMNS, rows, 7, red=lambda row: row[1] == "never")
    for name, reason in office.catalogue.without.items():
        paper.text(f"Left out of the catalogue: {name}: {reason}")
    return paper.bytes()


_READING = (
    "P1 to P10 are CBP's recommendations to customs brokers on cyber-attacks (2023), in our own words. "
    "Each proof lies in the broker's store under its SHA-256 and is named by an event of a hash-chained "
    "journal; the event's number is shown. Rule: P read in CBP's own text, S reliable secondary source, "
    "W weak source, G general knowledge or the broker's default."
)


def _front(paper: Paper, said: Sequence[Line]) -> None:
    columns = (
        Column("", 12),
        Column("Recommendation", 70),
        Column("", 18),
        Column("Because", INNER - 100),
    )
    rows = [[one.id, one.title, one.light, one.fact] for one in board.page(said)]
    paper.table(columns, rows, 8, red=lambda row: row[2] == board.RED)


def _rows(found: Sequence[Evidence]) -> Iterator[list[str]]:
    for one in found:
        title = f"{one.what}: {one.item}" if one.item else one.what
        more = "; ".join(part for part in (one.facts, one.findings) if part)
        if not one.done_on:
            yield [title, "never", "", "", one.fact, "", one.mark, one.rule]
            continue
        state = "" if one.counts == "counts" else f" ({one.counts})"
        recorded = f"{one.recorded[:16]}Z, {one.by}, {one.event}"
        evidence = (one.file or f"Statement: {one.statement}") + state
        yield [
            title,
            one.done_on,
            one.ends,
            recorded,
            evidence,
            one.sha256,
            one.mark,
            more or one.rule,
        ]


def as_json(found: Sequence[Evidence]) -> str:
    return json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False)
