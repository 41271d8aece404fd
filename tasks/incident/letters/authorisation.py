"""CBP's leave to work on paper. Downtime is authorised case by case, never automatic, and moves no
deadline (CBP 3609-0324 as the trade press tells it)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date

from tasks.shared.journal import Journal

_OPENS = ("incident.suspected", "incident.declared")
_DOWN = ("incident.declared", "incident.disconnected")
_GRANTS, _REFUSES = "incident.downtime_authorised", "incident.downtime_refused"
_ENDS = ("incident.closed", "incident.dismissed", "incident.reconnected")


@dataclass(frozen=True)
class Leave:
    """What the book holds of the open incident. `reference`: CBP's, or who said so; `ports` and
    `until` bound it, empty for no bound; `since`: when the systems went down; moments are UTC text."""

    incident: str = ""
    since: str = ""
    reason: str = ""
    granted: str = ""
    reference: str = ""
    ports: tuple[str, ...] = ()
    until: str = ""
    refused: str = ""

    def lacking(self, port: str, day: date) -> str:
        """Why a letter to this port may not go out today; empty if it may."""
        if not self.incident:
            return "no incident is open (continuity incident declare)"
        if self.refused:
            return f"CBP refused downtime or ended it on {self.refused[:10]}"
        if not self.granted:
            return "CBP has not authorised downtime, as far as the book knows"
        if self.ports and port not in self.ports:
            return f"CBP's authorisation is for {', '.join(self.ports)}, not for {port}"
        if self.until and day.isoformat() > self.until:
            return f"CBP's authorisation ended on {self.until}"
        return ""

    @property
    def words(self) -> str:
        """The authorisation as the letter names it; empty if there is none."""
        if not self.granted or self.refused:
            return ""
        bounds = f", for {', '.join(self.ports)}" if self.ports else ""
        bounds += f", until {self.until}" if self.until else ""
        return f"{self.reference or 'no reference given'}, of {self.granted[:10]}{bounds}"


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
        if event.kind == _GRANTS:
            found = replace(found, granted=happened, reference=str(said.get("reference", "")), refused="",
                            ports=tuple(said.get("ports", ())), until=str(said.get("until", "")))  # fmt: skip
        elif event.kind == _REFUSES:
            found = replace(found, refused=happened)
        elif event.kind in _ENDS:
            found = Leave()
    return found
