"""What other agencies want of each line, why we think so, and whether it is in hand.

Four sources, the stronger first: what the desk recorded; the flag of the tariff number; what this
client had to show before for these goods; the chapter of the tariff, which is a hint and holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from tasks.core.messages import Reason
from tasks.entries.api import refused_under
from tasks.incident.agencies import client_history
from tasks.incident.agencies.client_history import PastRequirement, past_requirements
from tasks.incident.agencies.flag_tables import FLAGS, FlagTable, table_in_force
from tasks.incident.data_tables import table
from tasks.incident.events import PgaLetGo, PgaPaper
from tasks.incident.letters.entry_case import EntryCase, Row
from tasks.incident.letters.letter_values import joined
from tasks.workspace import Workspace

FLAG = "flag"
REQUIRED, MAY, NOTED, HINT = ("required", "may be asked", "may be asked, nothing is held", "look it up")
IN_HAND, DISCLAIMED, LET_GO, HELD, OPEN = "in hand", "disclaimed", "let go", "HELD", "open"
_NEEDS = {"R": REQUIRED, "M": MAY, "N": NOTED}
_FILED_ELSEWHERE = ("C", "D")
"""Disclaimers that say the data went another way (PG01 position 80): these hold under any flag."""
_Noted = TypeVar("_Noted", PgaPaper, PgaLetGo)


@dataclass(frozen=True)
class AgencyDemand:
    """One agency on one line. `paper` and `route`: what stands in for its data; `have`: what is in
    hand; `source`: what it rests on; `why`: what the state rests on, None where it needs no reason;
    `mark`: how sure the rule is, with `as_of` of its source."""

    number: str
    line: int
    hts: str
    agency: str
    program: str
    need: str
    source: Reason
    paper: str
    route: str
    state: str
    have: str
    why: Reason | None
    mark: str
    as_of: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """Its fields; `source` and `why` without their texts."""
        why = self.why.facts if self.why else None
        return vars(self) | {"source": self.source.facts, "why": why}

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: its fields; `source` and `why` with their texts."""
        why = self.why.as_dict() if self.why else None
        return vars(self) | {"source": self.source.as_dict(), "why": why}


@dataclass(frozen=True)
class AgencyRules:
    """What is known of agencies here; read once, asked for many entries."""

    workspace: Workspace

    @cached_property
    def flags(self) -> FlagTable:
        return table_in_force(self.workspace, FLAGS)

    @cached_property
    def _meanings(self) -> dict[str, Row]:
        return {row["flag"]: row for row in table(self.workspace.settings.home, "pga", "flags.csv").rows}

    @cached_property
    def _by_hts(self) -> dict[str, list[str]]:
        flags_by_hts: dict[str, list[str]] = {}
        for row in self.flags.rows:
            flags_by_hts.setdefault(row["hts"], []).append(row["flag"])
        return flags_by_hts

    @cached_property
    def papers(self) -> tuple[dict[str, str], ...]:
        return table(self.workspace.settings.home, "pga", "papers.csv").rows

    @cached_property
    def chapters(self) -> tuple[dict[str, str], ...]:
        return table(self.workspace.settings.home, "pga", "chapters.csv").rows

    @cached_property
    def past(self) -> list[PastRequirement]:
        return past_requirements(self.workspace)

    @cached_property
    def _past_of(self) -> dict[tuple[str, str], list[PastRequirement]]:
        past_by_key: dict[tuple[str, str], list[PastRequirement]] = {}
        for requirement in self.past:
            past_by_key.setdefault((requirement.client, requirement.hts), []).append(requirement)
        return past_by_key

    @cached_property
    def papers_noted(self) -> dict[str, list[PgaPaper]]:
        return _by_number(self.workspace, PgaPaper)

    @cached_property
    def released(self) -> dict[str, list[PgaLetGo]]:
        return _by_number(self.workspace, PgaLetGo)

    def flags_of(self, hts: str) -> Iterator[Row]:
        """Flags of a tariff number: those of every longer or shorter number that it begins with."""
        for length in range(2, len(hts) + 1, 2):
            for flag in self._by_hts.get(hts[:length], ()):
                yield self._meanings[flag]

    def past_of(self, client: str, hts: str) -> list[PastRequirement]:
        """What this client showed for the number, or for its eight digits where a file gave only these."""
        # A number of eight digits is as long as its first eight: once, or all is there twice.
        heads = dict.fromkeys(hts[:length] for length in (10, 8, 6))
        return [requirement for head in heads for requirement in self._past_of.get((client, head), ())]

    def paper_for(self, agency: str, program: str) -> dict[str, str]:
        return next(row for row in self.papers if row["agency"] in ("", agency) and row["program"] in ("", program))


def _by_number(workspace: Workspace, struct: type[_Noted]) -> dict[str, list[_Noted]]:
    bodies: dict[str, list[_Noted]] = {}
    for event in workspace.journal.events(kind=struct.kind):
        if isinstance(body := event.said, struct):
            bodies.setdefault(body.number, []).append(body)
    return bodies


def agency_demands(rules: AgencyRules, case: EntryCase) -> list[AgencyDemand]:
    """Every agency that has, or may have, a say in this entry, by line."""
    demands: list[AgencyDemand] = []
    rows = {(row["line"], row["position"]): row for row in case.rows("tariffs")}
    lines = {line for line, _ in rows} | {row["line"] for row in case.rows("pga")}
    for line in sorted(lines):
        line_rows = [row for row in case.rows("pga") if row["line"] == line]
        numbers = [row["hts_number"] or "" for (at, _), row in sorted(rows.items()) if at == line]
        demands += _of_line(rules, case, line, numbers, line_rows, rows)
    return [_settled(rules, case, demand) for demand in demands]


@dataclass(frozen=True)
class AgencyHold:
    """What holds an entry: an agency, the lines (`1, 4-9`), why, and what would end it."""

    agency: str
    program: str
    lines: str
    reason: Reason
    paper: str
    route: str
    confidence: str


def agency_holds(demands_: Iterable[AgencyDemand]) -> list[AgencyHold]:
    """All that holds an entry, lines of one reason together."""
    lines: dict[tuple[str, str, Reason, str, str, str], list[int]] = {}
    for demand in demands_:
        if demand.state == HELD and demand.why:
            reason = (demand.agency, demand.program, demand.why, demand.paper, demand.route, demand.mark)
            lines.setdefault(reason, []).append(demand.line)
    return [
        AgencyHold(agency, program, line_spans(held_lines), why, paper, route, confidence)
        for (agency, program, why, paper, route, confidence), held_lines in lines.items()
    ]


def line_spans(lines: Iterable[int]) -> str:
    """`1, 4-9`."""
    spans: list[list[int]] = []
    for line in sorted(set(lines)):
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _of_line(
    rules: AgencyRules,
    case: EntryCase,
    line: int,
    numbers: list[str],
    pga_rows: list[Row],
    tariffs: Mapping[tuple[int, int], Row],
) -> Iterator[AgencyDemand]:
    covered: set[tuple[str, str]] = set()
    for row in pga_rows:
        hts = tariffs.get((line, row["position"]), {}).get("hts_number") or ""
        flags = [f for f in rules.flags_of(hts) if _same(f, row["agency"], row["program"])]
        need = max((_NEEDS[f["need"]] for f in flags), key=_weight, default=MAY)
        covered.add((row["agency"], row["program"]))
        yield _from_record(rules, case, line, hts, row, need, flags)
    for hts in numbers:
        for flag in rules.flags_of(hts):
            if not _covered(covered, flag["agency"], flag["program"]):
                covered.add((flag["agency"], flag["program"]))
                yield _blank(
                    rules,
                    case,
                    line,
                    hts,
                    flag["agency"],
                    flag["program"],
                    _NEEDS[flag["need"]],
                    Reason("demand-of-flag", flag=flag["flag"]),
                    flag["mark"],
                    rules.flags.as_of,
                )
        for past in rules.past_of(client_history.client_of(case.entry), hts):
            if not _covered(covered, past.agency, past.program):
                covered.add((past.agency, past.program))
                source = Reason("demand-of-earlier-entry", table=past.where, last=past.last)
                yield _blank(rules, case, line, hts, past.agency, past.program, MAY, source, "", past.last)
        for hint in rules.chapters:
            fits = hts[:2] in hint["chapters"].split()
            if fits and not _covered(covered, hint["agency"], ""):
                covered.add((hint["agency"], hint["program"]))
                yield _blank(
                    rules,
                    case,
                    line,
                    hts,
                    hint["agency"],
                    hint["program"],
                    HINT,
                    Reason("demand-of-chapter", note=hint["note"]),
                    hint["mark"],
                    "",
                )


def _weight(need: str) -> int:
    return (HINT, NOTED, MAY, REQUIRED).index(need)


def _same(flag: Row, agency: str, program: str) -> bool:
    return flag["agency"] == agency and flag["program"] in ("", program)


def _covered(covered: Iterable[tuple[str, str]], agency: str, program: str) -> bool:
    """A program that is not named is covered by any of its agency."""
    return any(a == agency and (not program or not p or p == program) for a, p in covered)


def _from_record(
    rules: AgencyRules, case: EntryCase, line: int, hts: str, row: Row, need: str, flags: list[Row]
) -> AgencyDemand:
    demand = _blank(
        rules, case, line, hts, row["agency"], row["program"] or "", need, Reason("demand-of-record"), "", ""
    )
    have = joined((row["form"], row["reference"]), " ")
    if row["disclaimer"]:
        why, confidence = _refused(row["disclaimer"], need, flags)
        return replace(
            demand, state=HELD if why else DISCLAIMED, have=f"disclaimer {row['disclaimer']}", why=why, mark=confidence
        )
    paper = rules.paper_for(row["agency"], row["program"] or "")
    if have and (row["reference"] or paper["number"] != "Y"):
        return replace(demand, state=IN_HAND, have=have, why=None)
    lacks = Reason("demand-number-missing") if have else Reason("demand-paper-missing")
    return replace(demand, have=have, why=lacks)


def _refused(code: str, need: str, flags: list[Row]) -> tuple[Reason | None, str]:
    """Why a disclaimer does not hold under the flags of the tariff, and how sure that is."""
    if need == REQUIRED and code not in _FILED_ELSEWHERE:
        named = joined(flag["flag"] for flag in flags)
        return Reason("disclaimer-not-accepted-under-flag", flags=named, disclaimer=code), "P"
    limits = [limit for flag in flags if (limit := refused_under(flag["flag"], code))]
    if not limits:
        return None, "P"
    detail = joined(limits, "; ")
    return Reason("disclaimer-outside-guide", disclaimer=code, detail=detail), "W"


def _blank(
    rules: AgencyRules,
    case: EntryCase,
    line: int,
    hts: str,
    agency: str,
    program: str,
    need: str,
    source: Reason,
    confidence: str,
    as_of: str,
) -> AgencyDemand:
    """A demand with nothing in hand."""
    paper = rules.paper_for(agency, program)
    why = None
    if need in (REQUIRED, MAY):
        why = Reason("demand-required" if need == REQUIRED else "demand-possible", source=source)
    state = HELD if need in (REQUIRED, MAY) else OPEN
    return AgencyDemand(
        case.number,
        line,
        hts,
        agency,
        program,
        need,
        source,
        paper["form"],
        paper["route"],
        state,
        "",
        why,
        confidence or paper["mark"],
        as_of,
    )


def _settled(rules: AgencyRules, case: EntryCase, demand: AgencyDemand) -> AgencyDemand:
    """With what was noted since the record: a paper that came, or a reason to go without."""
    if demand.state not in (HELD, OPEN):
        return demand
    for paper in rules.papers_noted.get(case.number, ()):
        fits = paper.line in (0, demand.line) and paper.agency == demand.agency
        if fits and (not paper.program or not demand.program or paper.program == demand.program):
            return replace(demand, state=IN_HAND, have=joined((paper.form, paper.reference), " "), why=None)
    for release in rules.released.get(case.number, ()):
        if release.line in (0, demand.line) and release.agency == demand.agency and demand.state == HELD:
            return replace(demand, state=LET_GO, have=release.reason, why=None)
    return demand
