"""The cover of an evidence pack: each item with its files, digests and origin, and how to verify it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasks.incident.moments import shown
from tasks.incident.state import Incident
from tasks.shared import clock
from tasks.shared.journal import Head
from tasks.shared.paper import INNER, Column, Frame, Paper
from tasks.workspace import Workspace

_COLUMNS = (
    Column("Item", 26), Column("What it shows", 60), Column("Evidence, where it came from", 74),
    Column("SHA-256", INNER - 160),
)  # fmt: skip


def render(
    workspace: Workspace, incident: Incident, listed: Mapping[str, Any], head: Head, key: str
) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    broker = workspace.settings.broker
    paper = Paper(
        Frame(
            title="Evidence of remediation",
            left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            right=f"incident {incident.id} · key {key}",
            foot=f"Book at event {head.seq}, SHA-256 {head.digest}",
            mark=f"{incident.mark}: an exercise" if incident.drill else "",
            made=clock.parse(listed["made"]),
        )
    )
    paper.page()
    paper.title("Evidence of remediation")
    open_ = [one["id"] for one in listed["items"] if one["open"]]
    paper.text(
        f"{_state(listed, open_)}. Made {listed['made'][:16]}Z for incident {incident.id}.",
        10,
        style="B",
    )
    paper.text(
        "Each file lies in the folder files under the first digits of its SHA-256. manifest.json names "
        "every file of this folder and is signed (Ed25519). To verify it with the public key alone: "
        f"continuity incident evidence verify FOLDER --key KEY. The key's fingerprint is {key}; ask the "
        "broker for it by telephone. head.json is the signed head of the broker's journal: later copies "
        "must hold the same event at that place, or their tail was cut."
    )
    paper.heading("The checklist")
    paper.table(_COLUMNS, list(_rows(listed)), 7.5, red=lambda row: row[2] == "MISSING")
    paper.heading("What happened")
    steps = [[one.state.replace("_", " "), shown(one.happened, workspace.zone), one.by,
              " ".join(filter(None, (one.reference, one.note)))] for one in incident.steps]  # fmt: skip
    columns = (
        Column("Step", 45),
        Column("When", 50),
        Column("By", 30),
        Column("Reference, note", INNER - 125),
    )
    paper.table(columns, steps, 7.5)
    return paper.bytes()


def _state(listed: Mapping[str, Any], open_: Sequence[str]) -> str:
    """Complete is only a pack in which each required item has its evidence; a waiver is none."""
    if open_:
        return f"INCOMPLETE, missing: {', '.join(open_)}"
    waived = [item["id"] for item in listed["items"] if item["waived_required"]]
    return f"NOT COMPLETE, waived: {', '.join(waived)}" if waived else "Complete"


def _rows(listed: Mapping[str, Any]) -> Iterator[list[str]]:
    for one in listed["items"]:
        head, under = [one["id"], one["what"]], one["rule"]
        if not one["files"]:
            yield [*head, one["words"], "", under]
        for place, file in enumerate(one["files"]):
            told = f"{file['given_as']} ({file['origin']}, {file['size']:,} bytes)"
            told += f"; {file['shared']}" if file["shared"] else ""
            yield [*(head if not place else ["", ""]), told, file["sha256"], "" if place else under]
