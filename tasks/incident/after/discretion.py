"""CBP's discretion (R8): what it granted, which entries rest on it, and the document that it asks to be
attached to each summary: who the broker is, the dates, the reason. Terms set by statute never move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from tasks.entries import number as numbering
from tasks.incident.after.grant_days import days_of, outside
from tasks.incident.after.proofs import kept
from tasks.incident.letters.drawing import Box, LetterPaper
from tasks.incident.letters.tables import table
from tasks.shared import clock, manifest
from tasks.shared.errors import BadInput, Problem, Refused
from tasks.shared.files import write_atomic
from tasks.shared.journal import is_drill
from tasks.shared.kinds.after import DiscretionGranted, DiscretionRelied
from tasks.shared.paper import Frame
from tasks.shared.projections import ENTRIES, among
from tasks.workspace import Workspace

ON_PAPER = ("released", "provisional")


@dataclass(frozen=True)
class Relied:
    """One entry that rests on a grant. `path` is None where CBP asks for no attachment: the goods were
    released on the downtime procedure. `dated`: the book knows its day, and the grant covers it."""

    number: str
    act: str
    path: Path | None
    dated: bool


def grant(workspace: Workspace, reference: str, first: date, last: date, reason: str, acts: Sequence[str],
          proof: Path, actor: str) -> None:  # fmt: skip
    """Record what CBP granted. Raises BadInput for dates the wrong way round, an act that discretion never
    covers or that is not known, a reference that is taken; without reason or proof."""
    known = {
        row["act"]: row
        for row in table(workspace.settings.home, "letters", "discretion_acts.csv").rows
    }
    problems = [
        Problem(
            column="act",
            value=act,
            code="grant-act-never-covered",
            values={"source": known[act]["source"], "allowed": ", ".join(_covered(known))},
        )
        if act in known
        else Problem(
            column="act",
            value=act,
            code="grant-act-not-listed",
            values={"allowed": ", ".join(_covered(known))},
        )
        for act in acts
        if act not in _covered(known)
    ]
    if not acts:
        problems.append(
            Problem(column="act", right=", ".join(_covered(known)), code="grant-act-missing")
        )
    if last < first:
        problems.append(Problem(column="to", value=str(last), code="last-day-before-first-day"))
    if not reference.strip() or not reason.strip():
        problems.append(Problem(column="reference, reason", code="grant-reference-or-reason-empty"))
    if problems:
        raise BadInput("grant-not-recorded", problems)
    body = DiscretionGranted(reference=reference.strip(), first=first.isoformat(),
                                   last=last.isoformat(), reason=reason.strip(), acts=list(acts),
                                   proof=kept(workspace, proof, "CBP's own words"))  # fmt: skip
    subject = f"discretion/{reference.strip()}"
    if not workspace.journal.append(body, subject, actor, key=f"discretion:{reference.strip()}"):
        raise BadInput("grant-reference-taken", reference=reference)


def _covered(known: dict[str, dict[str, str]]) -> list[str]:
    return [act for act, row in known.items() if row["may_be_covered"] == "Y"]


def rely(workspace: Workspace, numbers: Sequence[str], reference: str, act: str, folder: Path, actor: str
         ) -> list[Relied]:  # fmt: skip
    """Note that entries rest on a grant, and write the attachment of each into an empty folder.

    An entry that was released on the downtime procedure needs none, as far as is known [S]. Numbers may be
    production's. Raises Refused for a grant that there is not, or with every entry that it does not cover,
    BadInput with every number that is not ours or wrong, or for a folder that is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadInput("attachment-folder-not-empty", folder=folder)
    given = next((one for one in grants(workspace) if one.reference == reference), None)
    if given is None:
        raise Refused("grant-unknown", reference=reference)
    if act not in given.acts:
        raise Refused(
            "grant-not-applicable", reference=reference, acts=", ".join(given.acts), act=act
        )
    written = [_ours(workspace, text) for text in numbers]
    known = days_of(workspace, written)
    if problems := list(outside(given, act, known)):
        raise Refused("grant-not-recorded", problems)
    query = sa.select(ENTRIES.c.number, ENTRIES.c.outcome)
    outcomes = dict(among(workspace.journal.rows, query, ENTRIES.c.number, written))
    paths = [
        _rely(workspace, given, one, act, outcomes.get(one, ""), folder, actor) for one in written
    ]
    if any(paths):
        drill = "DRILL " if is_drill(workspace.journal) else ""
        manifest.write(folder, workspace.settings.home, f"{drill}attachments under {reference}")
    return [Relied(one, act, path, one in known) for one, path in zip(written, paths, strict=True)]


def _ours(workspace: Workspace, text: str) -> str:
    filer = workspace.settings.broker.filer_code
    offsets = {filer: workspace.settings.numbers.check_digit_offset}
    found = numbering.parse(text, offsets=offsets)
    if found.filer != filer:
        problem = Problem(
            column="Entry number",
            value=text,
            code="entry-of-another-filer",
            values={"filer": filer},
        )
        raise BadInput("grant-not-recorded", [problem])
    return str(found)


def _rely(
    workspace: Workspace,
    given: DiscretionGranted,
    number: str,
    act: str,
    outcome: str,
    folder: Path,
    actor: str,
) -> Path | None:
    if outcome in ON_PAPER:
        body = DiscretionRelied(number=number, reference=given.reference, act=act, content="")
        path = None
    else:
        data = attachment(workspace, given, number, act)
        body = DiscretionRelied(number=number, reference=given.reference, act=act,
                                      content=workspace.content.put(data))  # fmt: skip
        path = write_atomic(folder / f"discretion-{number}-{act}.pdf", data)
    workspace.journal.append(
        body, f"entry/{number}", actor, key=f"relied:{number}:{given.reference}:{act}"
    )
    return path


def grants(workspace: Workspace) -> list[DiscretionGranted]:
    events = workspace.journal.events(kind=DiscretionGranted.kind)
    return [event.said for event in events if isinstance(event.said, DiscretionGranted)]


def relied(workspace: Workspace) -> list[dict[str, object]]:
    """A row an entry and act, in the order they were noted."""
    events = workspace.journal.events(kind=DiscretionRelied.kind)
    return [
        {"number": said.number, "act": said.act, "reference": said.reference, "noted": event.at[:10],
         "attachment": said.content, "released_on_paper": not said.content}
        for event in events if isinstance(said := event.said, DiscretionRelied)
    ]  # fmt: skip


def attachment(workspace: Workspace, given: DiscretionGranted, number: str, act: str) -> bytes:
    """The document for one summary: broker, dates and reason of the discretion (CBP 3609-0324 as the
    trade press tells it)."""
    broker, drill = workspace.settings.broker, is_drill(workspace.journal)
    titles = {row["act"]: row["title"] for row in
              table(workspace.settings.home, "letters", "discretion_acts.csv").rows}  # fmt: skip
    frame = Frame(
        title=f"Enforcement discretion, entry {number}",
        left=broker.name,
        right=f"filer {broker.filer_code} · licence {broker.licence or 'not set'}",
        foot=f"Attachment to the entry summary of {number} · {given.reference}",
        mark="DRILL: made-up entries" if drill else "",
        made=clock.now(),
    )
    paper = LetterPaper(frame)
    paper.page()
    paper.barcode(number)
    paper.beside([("ENFORCEMENT DISCRETION", 14, (20, 20, 20)),
                  ("Attachment to the entry summary", 10, (95, 95, 95))])  # fmt: skip
    paper.boxes([
        (Box(3, "", "Entry number", number), Box(5, "", "Broker", broker.name),
         Box(2, "", "Filer code", broker.filer_code), Box(2, "", "Licence", broker.licence or "not set")),
        (Box(3, "", "Discretion from", given.first), Box(3, "", "to", given.last),
         Box(6, "", "CBP's reference", given.reference)),
        (Box(1, "", "Reason", given.reason),),
        (Box(1, "", "What was done late", titles.get(act, act)),),
    ])  # fmt: skip
    paper.text("The broker named here could not transmit because of a cyber incident. CBP told it that "
               "it would use its discretion for the dates given. Interest is not affected. CBP's letter is "
               "kept by the broker and can be had at any time.", 9.5)  # fmt: skip
    return paper.bytes()
