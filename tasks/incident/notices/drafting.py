"""A notice as it is written: facts and tables from the journal, words from the plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from tasks.core import clock
from tasks.core.journal.bodies import canonical
from tasks.entries.api import masked_importer
from tasks.incident.notices import fact_sources, proof_of_notice
from tasks.incident.notices.contact_list import Contact
from tasks.incident.notices.draft_tables import TABLES, DraftTable
from tasks.incident.notices.fact_sources import COMPUTED, UNKNOWN, UNTOLD, FactOrigin, combined_fact, recorded_facts
from tasks.incident.notices.notice_plan import NoticePlan, PlanNotice
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import Incident
from tasks.workspace import Workspace

_NAMES = re.compile(r"\{([a-z-]+)\}")
_TableKey = tuple[str, tuple[str, ...]]
"""A table's name and the ports of whom it goes to."""


class NoticeDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What one notice says to one contact. `drafted_at` is UTC; `drill_label` is DRILL or empty. With `numbers` an
    SSN stands as a reference, which is opened only when the notice is written or sent."""

    incident: str
    template: str
    drill_label: str
    title: str
    channel: str
    to: list[str]
    mail: str
    drafted_at: str
    text: list[str]
    facts: list[tuple[str, str]]
    tables: list[DraftTable]
    signed: bool
    numbers: bool
    rule: str

    @property
    def telling(self) -> str:
        """Digest of what it says, without its time."""
        content = msgspec.to_builtins(self) | {"drafted_at": ""}
        return sha256(canonical(content).encode()).hexdigest()


@dataclass(frozen=True)
class DraftingContext:
    """Everything that drafts are filled from, read once for many of them."""

    workspace: Workspace
    incident: Incident
    plan: NoticePlan
    stated_facts: Mapping[str, str]
    _tables: dict[_TableKey, DraftTable] = field(default_factory=dict[_TableKey, DraftTable])
    _computed: dict[str, tuple[str, FactOrigin]] = field(default_factory=dict[str, tuple[str, FactOrigin]])

    def table(self, name: str, to: Contact) -> DraftTable:
        """A table of the plan; it differs only by the ports of whom it goes to."""
        key = (name, to.ports)
        if key not in self._tables:
            self._tables[key] = TABLES[name](self.workspace, self.incident, to)
        return self._tables[key]

    def fact(self, name: str) -> tuple[str, str]:
        """Label and words of a fact; what nobody knows is said to be so."""
        label = self.plan.facts[name].label if name in self.plan.facts else COMPUTED[name][0]
        return label, self._value(name)[0]

    def _value(self, name: str) -> tuple[str, FactOrigin]:
        """The words of a fact, and whose they are."""
        if name not in self.plan.facts:
            text, origin = self._of_book(name)
            return text or UNKNOWN, origin
        if stated := self.stated_facts.get(name):
            return stated, FactOrigin.HAND
        if text := self._untold(name):
            return text, FactOrigin.JOURNAL
        default = self.plan.facts[name].default
        return (default, FactOrigin.PLAN) if default else (UNKNOWN, FactOrigin.NOBODY)

    def _untold(self, name: str) -> str:
        find = UNTOLD.get(name)
        return find(self.workspace, self.incident) if find else ""

    def _of_book(self, name: str) -> tuple[str, FactOrigin]:
        if name not in self._computed:
            self._computed[name] = self._compute(name)
        return self._computed[name]

    def _compute(self, name: str) -> tuple[str, FactOrigin]:
        stated, find = self.stated_facts.get(name, ""), COMPUTED[name][1]
        if name in fact_sources.SILENT:
            return combined_fact(name, find(self.workspace, self.incident), stated)
        if stated:
            return stated, FactOrigin.HAND
        text = find(self.workspace, self.incident)
        return text, FactOrigin.JOURNAL if text else FactOrigin.NOBODY

    def sent(self, template: str) -> bool:
        """Whether this notice was sent to anybody, by the journal or as a person says (`breach-sent`)."""
        rules = load_deadlines(self.workspace.settings.home)
        times = proof_of_notice.sent_times(self.workspace.journal.rows, self.incident.id, rules)
        return bool(times.get(template) or self.stated_facts.get(f"{template}-sent"))

    def facts(self) -> Iterator[tuple[str, str, str, FactOrigin]]:
        """Every fact: its id, label, words, and whose these are."""
        for name in (*self.plan.facts, *COMPUTED):
            label, text = self.fact(name)
            yield name, label, text, self._value(name)[1]

    def fill(self, text: str) -> str:
        return _NAMES.sub(lambda match: self.fact(match[1])[1], text)


def drafting_context(workspace: Workspace, incident: Incident, plan: NoticePlan) -> DraftingContext:
    return DraftingContext(workspace, incident, plan, recorded_facts(workspace, incident))


def compose(desk: DraftingContext, notice: PlanNotice, to: Contact) -> NoticeDraft:
    """The notice as it would go to this contact now."""
    tables = [desk.table(name, to) for name in notice.tables]
    visible = str if notice.numbers else masked_importer
    return NoticeDraft(
        incident=desk.incident.id,
        template=notice.id,
        drill_label=desk.incident.mark,
        title=desk.fill(notice.title),
        channel=notice.channel,
        to=[line for line in (to.name, to.organisation, to.reach) if line],
        mail=to.mail,
        drafted_at=clock.text(),
        text=[desk.fill(text) for text in notice.text],
        facts=[desk.fact(name) for name in notice.facts],
        tables=[
            DraftTable(
                table.title,
                table.heads,
                [[visible(cell) for cell in row] for row in table.rows],
                table.private if notice.numbers else (),
            )
            for table in tables
        ],
        signed=notice.signed,
        numbers=notice.numbers,
        rule=f"{notice.source} [{notice.mark}]",
    )


def draft_bytes(draft: NoticeDraft) -> bytes:
    return canonical(msgspec.to_builtins(draft)).encode()


def draft_from_bytes(data: bytes) -> NoticeDraft:
    return msgspec.convert(json.loads(data), NoticeDraft)
