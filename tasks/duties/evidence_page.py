"""The auditor's evidence on paper: the ten lights, then every proof, and where each duty stands today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tasks.duties.records import catalogue_of
from tasks.shared import board, clock
from tasks.shared.board import OTHERS, RECOMMENDATIONS, Line
from tasks.shared.journal import is_drill
from tasks.shared.paper import INNER, Column, Frame, Paper
from tasks.workspace import Workspace

if TYPE_CHECKING:
    from tasks.duties.evidence import Evidence

_COLUMNS = (
    Column("Duty", 48), Column("Done on", 17), Column("Ends", 17), Column("Recorded, by, event", 37),
    Column("Evidence", 64), Column("SHA-256", INNER - 183 - 10), Column("Rule", 10),
)  # fmt: skip


def render(workspace: Workspace, found: Sequence[Evidence], said: Sequence[Line]) -> bytes:
    broker, head = workspace.settings.broker, workspace.journal.head()
    paper = Paper(
        Frame(
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
    _front(paper, said)
    for about, title in {**RECOMMENDATIONS, **OTHERS, "": "Duties that left the catalogue"}.items():
        of_it = list(rows([one for one in found if one.about == about]))
        if about or of_it:
            paper.heading(f"{about if about in RECOMMENDATIONS else ''} {title}".strip())
            paper.table(_COLUMNS, of_it, 7, red=lambda row: isinstance(row, Row) and row.red)
    for name, reason in catalogue_of(workspace).without.items():
        paper.text(f"Left out of the catalogue: {name}: {reason}")
    return paper.bytes()


_READING = (
    "P1 to P10 are CBP's recommendations to customs brokers on cyber-attacks (2023), in our own words. "
    "Each proof lies in the broker's store under its SHA-256 and is named by an event of a hash-chained "
    "journal; the event's number is shown. Rule: P read in CBP's own text, S reliable secondary source, "
    "W weak source, G general knowledge or the broker's default. Under its newest proof stands where a duty "
    "stands today; what is red is printed so."
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


class Row(list[str]):
    """The texts of a row. `red`: the duty stands red for what this row says."""

    red = False


def rows(found: Sequence[Evidence]) -> Iterator[Row]:
    """A row a proof, with where the duty stands under the one on which that rests."""
    for one in found:
        title = f"{one.what}: {one.item}" if one.item else one.what
        rests = one.newest or not one.done_on
        stands = f"{one.standing}: {one.fact}" if rests else ""
        row = Row([title, "never", "", "", one.fact, "", one.mark, one.rule])
        if one.done_on:
            state = "" if one.counts == "counts" else f" ({one.counts})"
            recorded = f"{one.recorded[:16]}Z, {one.by}, {one.event}"
            evidence = (one.file or f"Statement: {one.statement}") + state
            evidence += f"; {one.shared}" if one.shared else ""
            under = "; ".join(part for part in (stands, one.facts, one.findings, one.rule) if part)
            row = Row(
                [title, one.done_on, one.ends, recorded, evidence, one.sha256, one.mark, under]
            )
        row.red = bool(rests) and one.standing == board.RED
        yield row
