"""CBP's decisions on downtime, port by port (CBP 3609-0324 as the trade press tells it).

CBP authorizes case by case and rarely for all ports at once. A later decision counts for the ports that it names.
Downtime moves no deadline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tasks.core.errors import BadInput, Problem
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.entries.api import EntrySettings, code_meanings

_OPENS = ("incident.suspected", "incident.declared")
_DOWN = ("incident.declared", "incident.disconnected")
_GRANTS, _REFUSES = "incident.downtime_authorised", "incident.downtime_refused"
_ENDS = ("incident.closed", "incident.dismissed", "incident.reconnected")


@dataclass(frozen=True)
class LetterAuthorization:
    """What the journal holds of the open incident. `decisions`: CBP's on downtime, the newest last;
    `since`: when the systems went down, UTC text."""

    incident: str = ""
    since: str = ""
    reason: str = ""
    decisions: tuple[DowntimeDecision, ...] = ()

    def lacking(self, port: str, day: date) -> Problem | None:
        """Why a letter to this port may not go out today; None if it may."""
        at = Problem(column="authorisation", value=port)
        if not self.incident:
            return replace(at, code="downtime-without-incident")
        decision = decisions_for(self.decisions, port)
        if decision is None:
            ports = [port for grant in permissions_in_force(self.decisions) for port in grant.ports]
            if ports:
                return replace(at, code="downtime-not-authorized-here", values={"ports": ", ".join(ports)})
            return replace(at, code="downtime-not-authorized")
        if not decision.granted:
            return replace(at, code="downtime-refused", values={"on": decision.happened[:10]})
        if decision.until and day.isoformat() > decision.until:
            return replace(at, code="downtime-authorization-ended", values={"until": decision.until})
        return None

    def text(self, port: str) -> str:
        """The authorization as a letter to this port names it; empty if there is none."""
        decision = decisions_for(self.decisions, port)
        if decision is None or not decision.granted:
            return ""
        bounds = f", for {', '.join(decision.ports)}" if decision.ports else ""
        bounds += f", until {decision.until}" if decision.until else ""
        return f"{decision.reference or 'no reference given'}, of {decision.happened[:10]}{bounds}"


def letter_authorization(journal: Journal) -> LetterAuthorization:
    """The authorization of the incident that is open now. Steps are read by their names alone: a letter needs
    nothing else of the incident's room."""
    authorization = LetterAuthorization()
    for event in journal.events(kind="incident."):
        body = json.loads(event.body)
        happened = str(body.get("happened") or event.at)
        if event.kind in _OPENS and body.get("incident") != authorization.incident:
            authorization = LetterAuthorization(incident=str(body.get("incident", "")))
        if event.kind in _DOWN and not authorization.since:
            authorization = replace(authorization, since=happened, reason=str(body.get("note", "")))
        if event.kind in (_GRANTS, _REFUSES):
            authorization = replace(
                authorization, decisions=(*authorization.decisions, _decision(event.kind == _GRANTS, happened, body))
            )
        elif event.kind in _ENDS:
            authorization = LetterAuthorization()
    return authorization


def _decision(granted: bool, happened: str, body: Mapping[str, Any]) -> DowntimeDecision:
    return DowntimeDecision(
        granted, happened, str(body.get("reference", "")), tuple(body.get("ports", ())), str(body.get("until", ""))
    )


@dataclass(frozen=True)
class DowntimeDecision:
    """One word of CBP: a grant, or its refusal or end. `happened`: UTC text; `ports` (Schedule D) and
    `until` (a day) bound it, empty for no bound."""

    granted: bool
    happened: str
    reference: str = ""
    ports: tuple[str, ...] = ()
    until: str = ""

    def covers(self, port: str) -> bool:
        return not self.ports or port in self.ports


@dataclass(frozen=True)
class DowntimePermission:
    """A grant that still stands: its place among the words, the ports that it still counts for (empty
    for all), and those that were taken out of it since."""

    index: int
    ports: tuple[str, ...]
    but: tuple[str, ...] = ()


def decisions_for(decisions: Sequence[DowntimeDecision], port: str) -> DowntimeDecision | None:
    """The newest word that covers a port."""
    return next((decision for decision in reversed(decisions) if decision.covers(port)), None)


def permissions_in_force(decisions: Sequence[DowntimeDecision]) -> tuple[DowntimePermission, ...]:
    """The grants that still stand, in the order in which CBP gave them. Days are not looked at."""
    permissions: list[DowntimePermission] = []
    newer: dict[str, bool] = {}
    for index in reversed(range(len(decisions))):
        decision = decisions[index]
        ports = tuple(port for port in decision.ports if port not in newer)
        if decision.granted and (ports or not decision.ports):
            but = () if decision.ports else sorted(port for port, granted in newer.items() if not granted)
            permissions.append(DowntimePermission(index, ports, tuple(but)))
        if not decision.ports:
            break
        newer |= dict.fromkeys(ports, decision.granted)
    return tuple(reversed(permissions))


def require_bounds(settings: Settings, ports: Sequence[str], until: str) -> None:
    """Raises BadInput for a port that nobody knows and for a last day that is none: a letter would
    rely on them."""
    listed = {*code_meanings("port"), *settings(EntrySettings).further_ports}
    problems = [Problem(column="--port", value=port, code="port-not-listed") for port in ports if port not in listed]
    if until and not _is_day(until):
        problems.append(Problem(column="--until", value=until, code="moment-not-a-date"))
    if problems:
        raise BadInput("grant-not-recorded", problems)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
