"""What CBP said of downtime, port by port. It authorises case by case and rarely for all ports at once: a
later word counts for the ports that it names, and leaves what was said of others as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tasks.entries import codes
from tasks.shared.errors import BadInput, Problem
from tasks.shared.settings import Settings


@dataclass(frozen=True)
class Word:
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
class InForce:
    """A grant that still stands: its place among the words, the ports that it still counts for (empty
    for all), and those that were taken out of it since."""

    place: int
    ports: tuple[str, ...]
    but: tuple[str, ...] = ()


def about(said: Sequence[Word], port: str) -> Word | None:
    """The newest word that covers a port."""
    return next((one for one in reversed(said) if one.covers(port)), None)


def in_force(said: Sequence[Word]) -> tuple[InForce, ...]:
    """The grants that still stand, in the order in which CBP gave them. Days are not looked at."""
    found: list[InForce] = []
    newer: dict[str, bool] = {}
    for place in reversed(range(len(said))):
        one = said[place]
        ports = tuple(port for port in one.ports if port not in newer)
        if one.granted and (ports or not one.ports):
            but = (
                () if one.ports else sorted(port for port, granted in newer.items() if not granted)
            )
            found.append(InForce(place, ports, tuple(but)))
        if not one.ports:
            break
        newer |= dict.fromkeys(ports, one.granted)
    return tuple(reversed(found))


def require_bounds(settings: Settings, ports: Sequence[str], until: str) -> None:
    """Raises BadInput for a port that nobody knows and for a last day that is none: a letter would
    rely on them."""
    known = {*codes.meanings("port"), *settings.entries.further_ports}
    problems = [
        Problem(column="--port", value=port, code="port-not-listed")
        for port in ports if port not in known
    ]  # fmt: skip
    if until and not _is_day(until):
        problems.append(Problem(column="--until", value=until, code="moment-not-a-date"))
    if problems:
        raise BadInput("grant-not-recorded", problems)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
