"""What CBP said of downtime, port by port. It authorises case by case and rarely for all ports at once: a
later word counts for the ports that it names, and leaves what was said of others as it is.

CBP's leave to work on paper. Downtime is authorised case by case, never automatic, and moves no
deadline (CBP 3609-0324 as the trade press tells it).
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
    """What the book holds of the open incident. `said`: CBP's words on downtime, the newest last;
    `since`: when the systems went down, UTC text."""

    incident: str = ""
    since: str = ""
    reason: str = ""
    said: tuple[DowntimeDecision, ...] = ()

    def lacking(self, port: str, day: date) -> Problem | None:
        """Why a letter to this port may not go out today; None if it may."""
        at = Problem(column="authorisation", value=port)
        if not self.incident:
            return replace(at, code="downtime-without-incident")
        word = decisions_for(self.said, port)
        if word is None:
            ports = [port for grant in permissions_in_force(self.said) for port in grant.ports]
            if ports:
                return replace(at, code="downtime-not-authorized-here", values={"ports": ", ".join(ports)})
            return replace(at, code="downtime-not-authorized")
        if not word.granted:
            return replace(at, code="downtime-refused", values={"on": word.happened[:10]})
        if word.until and day.isoformat() > word.until:
            return replace(at, code="downtime-authorization-ended", values={"until": word.until})
        return None

    def words(self, port: str) -> str:
        """The authorisation as a letter to this port names it; empty if there is none."""
        one = decisions_for(self.said, port)
        if one is None or not one.granted:
            return ""
        bounds = f", for {', '.join(one.ports)}" if one.ports else ""
        bounds += f", until {one.until}" if one.until else ""
        return f"{one.reference or 'no reference given'}, of {one.happened[:10]}{bounds}"


def letter_authorization(journal: Journal) -> LetterAuthorization:
    """The leave of the incident that is open now. Steps are read by their names alone: a letter needs
    nothing else of the incident's room."""
    found = LetterAuthorization()
    for event in journal.events(kind="incident."):
        said = json.loads(event.body)
        happened = str(said.get("happened") or event.at)
        if event.kind in _OPENS and said.get("incident") != found.incident:
            found = LetterAuthorization(incident=str(said.get("incident", "")))
        if event.kind in _DOWN and not found.since:
            found = replace(found, since=happened, reason=str(said.get("note", "")))
        if event.kind in (_GRANTS, _REFUSES):
            found = replace(found, said=(*found.said, _word(event.kind == _GRANTS, happened, said)))
        elif event.kind in _ENDS:
            found = LetterAuthorization()
    return found


def _word(granted: bool, happened: str, said: Mapping[str, Any]) -> DowntimeDecision:
    return DowntimeDecision(
        granted, happened, str(said.get("reference", "")), tuple(said.get("ports", ())), str(said.get("until", ""))
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

    place: int
    ports: tuple[str, ...]
    but: tuple[str, ...] = ()


def decisions_for(said: Sequence[DowntimeDecision], port: str) -> DowntimeDecision | None:
    """The newest word that covers a port."""
    return next((one for one in reversed(said) if one.covers(port)), None)


def permissions_in_force(said: Sequence[DowntimeDecision]) -> tuple[DowntimePermission, ...]:
    """The grants that still stand, in the order in which CBP gave them. Days are not looked at."""
    found: list[DowntimePermission] = []
    newer: dict[str, bool] = {}
    for place in reversed(range(len(said))):
        one = said[place]
        ports = tuple(port for port in one.ports if port not in newer)
        if one.granted and (ports or not one.ports):
            but = () if one.ports else sorted(port for port, granted in newer.items() if not granted)
            found.append(DowntimePermission(place, ports, tuple(but)))
        if not one.ports:
            break
        newer |= dict.fromkeys(ports, one.granted)
    return tuple(reversed(found))


def require_bounds(settings: Settings, ports: Sequence[str], until: str) -> None:
    """Raises BadInput for a port that nobody knows and for a last day that is none: a letter would
    rely on them."""
    known = {*code_meanings("port"), *settings(EntrySettings).further_ports}
    problems = [Problem(column="--port", value=port, code="port-not-listed") for port in ports if port not in known]
    if until and not _is_day(until):
        problems.append(Problem(column="--until", value=until, code="moment-not-a-date"))
    if problems:
        raise BadInput("grant-not-recorded", problems)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
