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

_SAID = ("partner", "record", "name_matched", "partner_name", "score")


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
    event, said = _find(workspace, which)
    by = _screener(workspace, said.model)
    subjects = subjects_of(read_register(workspace.content, said.partners))
    now = sorted_hits(by.screen(subjects, records_screened(workspace.content, said.lists)))
    differ = _differences(_rows(screening_run.hits_of(workspace, said.content)), _rows(now))
    return ScreeningReplay(
        event.seq, event.at, event.actor, said.about, said.model, len(subjects), now.num_rows, tuple(differ)
    )


def _find(workspace: Workspace, which: str) -> tuple[Event, ScreeningDone]:
    done = [
        (event, event.said)
        for event in workspace.journal.events(kind=ScreeningDone.kind)
        if isinstance(event.said, ScreeningDone)
    ]
    found = [one for one in done if which == str(one[0].seq)]
    if not found and len(which) >= 4:
        found = [one for one in done if one[1].content.startswith(which)]
    if not found:
        raise Refused("screening-unknown", which=which)
    if len({_basis(said) for _, said in found}) > 1:  # who finds nothing finds the same
        events = ", ".join(str(event.seq) for event, _ in found)
        raise Refused("screening-name-ambiguous", which=which, events=events)
    event, said = found[-1]
    if said.scope == screening_run.NAME and not said.partners:
        raise Refused("screened-details-not-recorded", about=said.about)
    return event, said


def _basis(said: ScreeningDone) -> tuple[str, str, str, str]:
    return said.content, canonical(said.lists), said.partners, said.model


def _screener(workspace: Workspace, model: str) -> Screener:
    """The matching of that time: a model's version, and the second opinion if it was asked."""
    version, _, opinion = model.partition(", ")
    asked = second_opinion.logic_v2() if opinion else None
    if asked and asked.name != opinion:
        raise Refused("second-opinion-version-mismatch", opinion=opinion, name=asked.name)
    return Screener(workspace.settings(ScreeningSettings).threads, asked, version=version)


def _rows(found: pa.Table) -> dict[tuple[str, str], dict[str, object]]:
    rows = found.select(_SAID).to_pylist()
    return {(row["partner"], row["record"]): row for row in rows}


def _differences(
    before: dict[tuple[str, str], dict[str, object]], now: dict[tuple[str, str], dict[str, object]]
) -> list[Reason]:
    found = []
    for pair in sorted(before.keys() | now.keys()):
        old, new = before.get(pair), now.get(pair)
        partner, record = pair
        if old is None:
            found.append(Reason("hit-not-found-then", partner=partner, record=record))
        elif new is None:
            found.append(Reason("hit-not-found-now", partner=partner, record=record))
        elif old != new:
            found.append(
                Reason("hit-found-otherwise", partner=partner, record=record, before=old["score"], now=new["score"])
            )
    return found
