"""A screening of the past done again, with the lists, the register and the model that it names: what an
auditor asks for years later. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tasks.core.errors import Refused
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Event
from tasks.core.messages import Reason
from tasks.screening.events import ScreeningDone
from tasks.screening.hits import screening_run
from tasks.screening.lists.list_versions import records_screened
from tasks.screening.matching import second_opinion
from tasks.screening.matching.subject_screener import Screener, sorted_hits
from tasks.screening.partners.partner_register import read_register
from tasks.screening.partners.screening_subjects import subjects_of
from tasks.screening.settings import ScreeningSettings
from tasks.workspace import Workspace

_COMPARED = ("partner", "record", "name_matched", "partner_name", "score")


@dataclass(frozen=True)
class ScreeningReplay:
    """`hits`: how many were found now; `differ`: each hit (`partner`, `record`) that is not as it was.
    `about`: the name, of a screening of one name."""

    event: int
    at: str
    by: str
    about: str
    model: str
    screened: int
    hits: int
    differ: tuple[Reason, ...]


def replay_screening(workspace: Workspace, which: str) -> ScreeningReplay:
    """Do a screening again by its event's number, or the digest of what it found or its first letters.
    Raises Refused for none or several, an older one of a lone name, or a model that is not here."""
    event, screening = _find(workspace, which)
    by = _screener(workspace, screening.model)
    subjects = subjects_of(read_register(workspace.content, screening.partners))
    now = sorted_hits(by.screen(subjects, records_screened(workspace.content, screening.lists)))
    differ = _differences(_rows(screening_run.hits_of(workspace, screening.content)), _rows(now))
    return ScreeningReplay(
        event.seq, event.at, event.actor, screening.about, screening.model, len(subjects), now.num_rows, tuple(differ)
    )


def _find(workspace: Workspace, which: str) -> tuple[Event, ScreeningDone]:
    screenings = [
        (event, event.said)
        for event in workspace.journal.events(kind=ScreeningDone.kind)
        if isinstance(event.said, ScreeningDone)
    ]
    matches = [entry for entry in screenings if which == str(entry[0].seq)]
    if not matches and len(which) >= 4:
        matches = [entry for entry in screenings if entry[1].content.startswith(which)]
    if not matches:
        raise Refused("screening-unknown", which=which)
    if len({_basis(screening) for _, screening in matches}) > 1:  # who finds nothing finds the same
        events = ", ".join(str(event.seq) for event, _ in matches)
        raise Refused("screening-name-ambiguous", which=which, events=events)
    event, screening = matches[-1]
    if screening.scope == screening_run.NAME and not screening.partners:
        raise Refused("screened-details-not-recorded", about=screening.about)
    return event, screening


def _basis(screening: ScreeningDone) -> tuple[str, str, str, str]:
    return screening.content, canonical(screening.lists), screening.partners, screening.model


def _screener(workspace: Workspace, model: str) -> Screener:
    """The matching of that time: a model's version, and the second opinion if it was asked."""
    version, _, opinion = model.partition(", ")
    scorer = second_opinion.logic_v2() if opinion else None
    if scorer and scorer.name != opinion:
        raise Refused("second-opinion-version-mismatch", opinion=opinion, name=scorer.name)
    return Screener(workspace.settings(ScreeningSettings).threads, scorer, version=version)


def _rows(hits: pa.Table) -> dict[tuple[str, str], dict[str, object]]:
    rows = hits.select(_COMPARED).to_pylist()
    return {(row["partner"], row["record"]): row for row in rows}


def _differences(
    before: dict[tuple[str, str], dict[str, object]], now: dict[tuple[str, str], dict[str, object]]
) -> list[Reason]:
    differences = []
    for pair in sorted(before.keys() | now.keys()):
        old, new = before.get(pair), now.get(pair)
        partner, record = pair
        if old is None:
            differences.append(Reason("hit-not-found-then", partner=partner, record=record))
        elif new is None:
            differences.append(Reason("hit-not-found-now", partner=partner, record=record))
        elif old != new:
            differences.append(
                Reason("hit-found-otherwise", partner=partner, record=record, before=old["score"], now=new["score"])
            )
    return differences
