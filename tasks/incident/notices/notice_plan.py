"""The notification plan as data: stage, recipients, content and channel; which notices are due, and to whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tasks.core import clock
from tasks.core.errors import BadInput, Problem
from tasks.core.status_lines import GREEN
from tasks.incident import toml_data
from tasks.incident.notices import proof_of_notice
from tasks.incident.notices.contact_list import ROLES, Contact, contacts_with_roles, load_contacts
from tasks.incident.notices.draft_tables import TABLES
from tasks.incident.notices.fact_sources import COMPUTED
from tasks.incident.notices.proof_of_notice import proven_notices
from tasks.incident.timeline import step_graph
from tasks.incident.timeline.deadline_clocks import running_clocks
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import Incident
from tasks.incident.toml_data import Mark, TomlTable, Words, merge_tables, parse_table, shipped_text, toml_error
from tasks.workspace import Workspace


def due_notices(workspace: Workspace, incident: Incident, plan: NoticePlan) -> list[PlanNotice]:
    """The notices of the plan whose time it is, by stage."""
    rules = load_deadlines(workspace.settings.home)
    sent = proof_of_notice.sent_times(workspace.journal.rows, incident.id, rules)
    now = clock.now()
    # A later fact goes out as soon as it is known; what is told on a day, when that day is near.
    soon = {
        running.rule.met_by
        for running in running_clocks(workspace, incident)
        if running.rule.id == "BR72+" or running.status(now) != GREEN
    }
    fit = (
        notice
        for notice in plan.notices.values()
        if _is_due(notice, incident, sent, soon, lambda notice: _untold(workspace, incident, notice))
    )
    return sorted(fit, key=lambda notice: notice.stage)


def _is_due(
    notice: PlanNotice,
    incident: Incident,
    sent: Mapping[str, Sequence[datetime]],
    soon: Collection[str],
    untold: Callable[[PlanNotice], bool],
) -> bool:
    if not incident.states & set(notice.after) or incident.states & set(notice.until):
        return False
    if notice.breach and not incident.breaches:
        return False
    if notice.follows and not sent.get(notice.follows):
        return False
    if notice.repeat and (sent.get(notice.id) or notice.follows):
        return notice.id in soon
    return not sent.get(notice.id) or untold(notice)


def _untold(workspace: Workspace, incident: Incident, notice: PlanNotice) -> bool:
    """Whether somebody of its roles was not told. A faulty list of contacts is told where notices are
    written; it must not take the clocks away, which are read with this."""
    try:
        contacts = load_contacts(workspace).values()
    except BadInput:
        return False
    return bool(contacts_without_notice(workspace, incident, notice, contacts_with_roles(contacts, notice.to)))


def contacts_without_notice(
    workspace: Workspace, incident: Incident, notice: PlanNotice, to: Sequence[Contact]
) -> list[Contact]:
    """Those whom nobody told it yet; all, where it is told again and again."""
    if notice.repeat:
        return list(to)
    rules = load_deadlines(workspace.settings.home)
    notified = {
        proof.contact
        for proof in proven_notices(workspace.journal.rows, incident.id, rules)
        if proof.template == notice.id
    }
    return [contact for contact in to if contact.id not in notified]


NOTICE_PLAN_FILE = "plan.toml"
_ID = r"^[a-z][a-z-]{1,29}$"
_NAMES = re.compile(r"\{([a-z-]+)\}")


class PlanFact(TomlTable):
    """Something that a person says of the incident. `default`: what is said until then."""

    id: Annotated[str, Field(pattern=_ID)]
    label: Words
    default: str = ""
    replaces: bool = False


class PlanNotice(TomlTable):
    """One notice of the plan; `source` and `mark` say where its content comes from."""

    id: Annotated[str, Field(pattern=_ID)]
    stage: Annotated[int, Field(ge=0, le=6, strict=True)]
    title: Words
    to: tuple[str, ...]
    channel: Literal["call", "mail", "letter"]
    after: tuple[str, ...]
    until: tuple[str, ...] = ()
    follows: str = ""
    breach: bool = False
    repeat: bool = False
    numbers: bool = False
    facts: tuple[str, ...]
    tables: tuple[str, ...] = ()
    text: tuple[Words, ...]
    signed: bool
    source: Words
    mark: Mark
    replaces: bool = False

    @model_validator(mode="after")
    def _require_known(self) -> PlanNotice:
        wrong = [name for name in self.to if name not in ROLES]
        wrong += [name for name in (*self.after, *self.until) if name not in step_graph.STEPS]
        wrong += [name for name in self.tables if name not in TABLES]
        if wrong:
            raise toml_error(code="plan-name-unknown", values={"names": ", ".join(wrong)})
        if self.numbers and not self.breach:
            raise toml_error(code="plan-numbers-without-breach", values={})
        return self


class _NoticePlanFile(TomlTable):
    title: str = ""
    source: str = ""
    dated: date | None = None
    notice: tuple[PlanNotice, ...] = ()
    fact: tuple[PlanFact, ...] = ()


@dataclass(frozen=True)
class NoticePlan:
    """Notices and the facts that a person says, by their ids."""

    notices: Mapping[str, PlanNotice]
    facts: Mapping[str, PlanFact]

    def label(self, fact: str) -> str:
        """What a fact is called. Raises KeyError for one that there is not."""
        return self.facts[fact].label if fact in self.facts else COMPUTED[fact][0]

    def notice(self, name: str) -> PlanNotice:
        """Raises BadInput for an id that is not in it."""
        if name in self.notices:
            return self.notices[name]
        raise BadInput("plan-notice-unknown", name=name, notices=", ".join(self.notices))


@cache
def _shipped() -> _NoticePlanFile:
    return parse_table(shipped_text(NOTICE_PLAN_FILE), f"data/incident/{NOTICE_PLAN_FILE}", _NoticePlanFile)


def load_notice_plan(home: Path) -> NoticePlan:
    """The shipped plan with the broker's own. Raises BadInput, naming every fault."""
    path, ours = home / NOTICE_PLAN_FILE, _shipped()
    text = toml_data.own_text(path)
    replaced = parse_table(text, str(path), _NoticePlanFile)
    plan = NoticePlan(
        merge_tables(ours.notice, replaced.notice, "notice", text, str(path)),
        merge_tables(ours.fact, replaced.fact, "fact", text, str(path)),
    )
    if problems := _unknown(plan, str(path)):
        raise BadInput("incident-plan-invalid", problems)
    return plan


def _unknown(plan: NoticePlan, name: str) -> list[Problem]:
    """Facts that a notice names and nobody gives."""
    facts = plan.facts.keys() | COMPUTED.keys()
    return [
        Problem(
            file=name,
            column=notice.id,
            value=fact,
            code="notice-fact-unknown",
            values={"allowed": ", ".join(sorted(facts))},
        )
        for notice in plan.notices.values()
        for fact in [*notice.facts, *_NAMES.findall(" ".join([notice.title, *notice.text]))]
        if fact not in facts
    ]
