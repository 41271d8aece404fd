"""CBP's leave to work on paper. Downtime is authorised case by case, never automatic, and moves no
deadline (CBP 3609-0324 as the trade press tells it)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tasks.incident.downtime import Word, about, in_force
from tasks.shared.errors import Problem
from tasks.shared.journal import Journal

_OPENS = ("incident.suspected", "incident.declared")
_DOWN = ("incident.declared", "incident.disconnected")
_GRANTS, _REFUSES = "incident.downtime_authorised", "incident.downtime_refused"
_ENDS = ("incident.closed", "incident.dismissed", "incident.reconnected")


@dataclass(frozen=True)
class Leave:
    """What the book holds of the open incident. `said`: CBP's words on downtime, the newest last;
    `since`: when the systems went down, UTC text."""

    incident: str = ""
    since: str = ""
    reason: str = ""
    said: tuple[Word, ...] = ()

    def lacking(self, port: str, day: date) -> Problem | None:
        """Why a letter to this port may not go out today; None if it may."""
        at = Problem(column="authorisation", value=port)
        if not self.incident:
            return replace(at, code="downtime-without-incident")
        word = about(self.said, port)
        if word is None:
            ports = [port for grant in in_force(self.said) for port in grant.ports]
            if ports:
                return replace(
                    at, code="downtime-not-authorized-here", values={"ports": ", ".join(ports)}
                )
            return replace(at, code="downtime-not-authorized")
        if not word.granted:
            return replace(at, code="downtime-refused", values={"on": word.happened[:10]})
        if word.until and day.isoformat() > word.until:
            return replace(at, code="downtime-authorization-ended", values={"until": word.until})
        return None

    def words(self, port: str) -> str:
        """The authorisation as a letter to this port names it; empty if there is none."""
        one = about(self.said, port)
        if one is None or not one.granted:
            return ""
        bounds = f", for {', '.join(one.ports)}" if one.ports else ""
        bounds += f", until {one.until}" if one.until else ""
        return f"{one.reference or 'no reference given'}, of {one.happened[:10]}{bounds}"


def leave(journal: Journal) -> Leave:
    """The leave of the incident that is open now. Steps are read by their names alone: a letter needs
    nothing else of the incident's room."""
    found = Leave()
    for event in journal.events(kind="incident."):
        said = json.loads(event.body)
        happened = str(said.get("happened") or event.at)
        if event.kind in _OPENS and said.get("incident") != found.incident:
            found = Leave(incident=str(said.get("incident", "")))
        if event.kind in _DOWN and not found.since:
            found = replace(found, since=happened, reason=str(said.get("note", "")))
        if event.kind in (_GRANTS, _REFUSES):
            found = replace(found, said=(*found.said, _word(event.kind == _GRANTS, happened, said)))
        elif event.kind in _ENDS:
            found = Leave()
    return found


def _word(granted: bool, happened: str, said: Mapping[str, Any]) -> Word:
    return Word(granted, happened, str(said.get("reference", "")), tuple(said.get("ports", ())),
                str(said.get("until", "")))  # fmt: skip
