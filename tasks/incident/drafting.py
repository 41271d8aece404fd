"""A notice as it is written: facts and tables from the book, words from the plan."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from tasks.incident import deadlines, importers, notice_counts, notice_facts, tellings
from tasks.incident.contacts import Contact
from tasks.incident.notice_counts import Origin
from tasks.incident.notice_facts import COMPUTED, UNKNOWN, UNTOLD
from tasks.incident.notice_tables import TABLES, Filled
from tasks.incident.plan import Notice, Plan
from tasks.incident.state import Incident
from tasks.shared import clock
from tasks.shared.kinds.base import canonical
from tasks.workspace import Workspace

_NAMES = re.compile(r"\{([a-z-]+)\}")


class DraftTable(msgspec.Struct, frozen=True):
    """`heads` are words and shares of the width; `private`: the columns whose references are opened,
    in a notice with `numbers`."""

    title: str
    heads: list[tuple[str, float]]
    rows: list[list[str]]
    private: tuple[int, ...] = ()

    def opened(self, value: Callable[[str], str]) -> list[list[str]]:
        """The rows with `value` of each cell of a private column, and all others masked."""
        return [
            [value(cell) if place in self.private else importers.masked(cell)
             for place, cell in enumerate(row)] for row in self.rows
        ]  # fmt: skip


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What one notice says to one contact. `made` is UTC; `mark` is DRILL or empty. With `numbers` an
    SSN stands as a reference, which is opened only when the notice is written or sent."""

    incident: str
    template: str
    mark: str
    title: str
    channel: str
    to: list[str]
    mail: str
    made: str
    text: list[str]
    facts: list[tuple[str, str]]
    tables: list[DraftTable]
    signed: bool
    numbers: bool
    rule: str

    @property
    def telling(self) -> str:
        """Digest of what it says, without its time."""
        said = msgspec.to_builtins(self) | {"made": ""}
        return sha256(canonical(said).encode()).hexdigest()


@dataclass(frozen=True)
class Desk:
    """Everything that drafts are filled from, read once for many of them."""

    workspace: Workspace
    incident: Incident
    plan: Plan
    said: Mapping[str, str]
    _tables: dict[tuple[str, tuple[str, ...]], Filled] = field(default_factory=dict)
    _computed: dict[str, tuple[str, Origin]] = field(default_factory=dict)

    def table(self, name: str, to: Contact) -> Filled:
        """A table of the plan; it differs only by the ports of whom it goes to."""
        key = (name, to.ports)
        if key not in self._tables:
            self._tables[key] = TABLES[name](self.workspace, self.incident, to)
        return self._tables[key]

    def fact(self, name: str) -> tuple[str, str]:
        """Label and words of a fact; what nobody knows is said to be so."""
        label = self.plan.facts[name].label if name in self.plan.facts else COMPUTED[name][0]
        return label, self._value(name)[0]

    def _value(self, name: str) -> tuple[str, Origin]:
        """The words of a fact, and whose they are."""
        if name not in self.plan.facts:
            text, origin = self._of_book(name)
            return text or UNKNOWN, origin
        if stated := self.said.get(name):
            return stated, Origin.HAND
        if text := self._untold(name):
            return text, Origin.JOURNAL
        default = self.plan.facts[name].default
        return (default, Origin.PLAN) if default else (UNKNOWN, Origin.NOBODY)

    def _untold(self, name: str) -> str:
        find = UNTOLD.get(name)
        return find(self.workspace, self.incident) if find else ""

    def _of_book(self, name: str) -> tuple[str, Origin]:
        if name not in self._computed:
            self._computed[name] = self._found(name)
        return self._computed[name]

    def _found(self, name: str) -> tuple[str, Origin]:
        stated, find = self.said.get(name, ""), COMPUTED[name][1]
        if name in notice_counts.SILENT:
            return notice_counts.with_hand(name, find(self.workspace, self.incident), stated)
        if stated:
            return stated, Origin.HAND
        text = find(self.workspace, self.incident)
        return text, Origin.JOURNAL if text else Origin.NOBODY

    def sent(self, template: str) -> bool:
        """Whether this notice was sent to anybody, by the book or as a person says (`breach-sent`)."""
        rules = deadlines.load(self.workspace.settings.home)
        times = tellings.sent_times(self.workspace.journal.rows, self.incident.id, rules)
        return bool(times.get(template) or self.said.get(f"{template}-sent"))

    def facts(self) -> Iterator[tuple[str, str, str, Origin]]:
        """Every fact: its id, label, words, and whose these are."""
        for name in (*self.plan.facts, *COMPUTED):
            label, text = self.fact(name)
            yield name, label, text, self._value(name)[1]

    def fill(self, text: str) -> str:
        return _NAMES.sub(lambda found: self.fact(found[1])[1], text)


def desk_of(workspace: Workspace, incident: Incident, plan: Plan) -> Desk:
    return Desk(workspace, incident, plan, notice_facts.said(workspace, incident))


def compose(desk: Desk, notice: Notice, to: Contact) -> Draft:
    """The notice as it would go to this contact now."""
    tables = [desk.table(name, to) for name in notice.tables]
    seen = (lambda text: text) if notice.numbers else importers.masked
    return Draft(
        incident=desk.incident.id,
        template=notice.id,
        mark=desk.incident.mark,
        title=desk.fill(notice.title),
        channel=notice.channel,
        to=[line for line in (to.name, to.organisation, to.reach) if line],
        mail=to.mail,
        made=clock.text(),
        text=[desk.fill(text) for text in notice.text],
        facts=[desk.fact(name) for name in notice.facts],
        tables=[
            DraftTable(
                one.title,
                one.heads,
                [[seen(cell) for cell in row] for row in one.rows],
                one.private if notice.numbers else (),
            )
            for one in tables
        ],
        signed=notice.signed,
        numbers=notice.numbers,
        rule=f"{notice.source} [{notice.mark}]",
    )


def stored(draft: Draft) -> bytes:
    return canonical(msgspec.to_builtins(draft)).encode()


def loaded(data: bytes) -> Draft:
    return msgspec.convert(json.loads(data), Draft)
