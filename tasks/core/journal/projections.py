"""Which function takes which type of event: into the tables, or into what a reader of the journal
gathers. The one dispatch over typed events that there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from tasks.core import registry
from tasks.core.journal.bodies import Body

_Apply = TypeVar("_Apply", bound=Callable[..., None])
_PROJECTIONS: dict[type[Any], dict[type[Body], Callable[[Any, Any, Any], None]]] = {}
_OF_ALL: list[Callable[[sa.Connection, int, Body], None]] = []


def projection(*structs: type[Body], into: type[Any] = sa.Connection) -> Callable[[_Apply], _Apply]:
    """Register the function that carries an event of these types into the tables, or into a target
    of the type `into`. It is called with the target, the event's number, and its body. Raises
    ValueError for a second function of one type and target."""

    def register(apply_event: _Apply) -> _Apply:
        registered = _PROJECTIONS.setdefault(into, {})
        if twice := registered.keys() & set(structs):
            raise ValueError(f"two projections into {into.__name__}: {sorted(map(str, twice))}")
        registered |= dict.fromkeys(structs, apply_event)
        return apply_event

    return register


def projection_of_all(apply_event: _Apply) -> _Apply:
    """Register a function that is called with every event, after the projection of its type."""
    _OF_ALL.append(apply_event)
    return apply_event


def projections(into: type[Any] = sa.Connection) -> Mapping[type[Body], Callable[..., None]]:
    """What takes each type of event into a target."""
    return MappingProxyType(_PROJECTIONS.get(into, {}))


def apply(target: Any, where: Any, body: Body) -> None:
    """Carry one event into a target; nothing happens where it takes no event of this type. `where`:
    the event's number for tables, what the target needs to know of the event for others."""
    into = cast("type[Any]", type(target))
    if apply_event := _PROJECTIONS.get(into, {}).get(type(body)):
        apply_event(target, where, body)


def project(connection: sa.Connection, seq: int, body: Body) -> None:
    """Carry one event into the tables. Raises IntegrityError, or what a package's projection raises,
    if it cannot be true after the events before it."""
    registry.load_projections()
    apply(connection, seq, body)
    for apply_event in _OF_ALL:
        apply_event(connection, seq, body)
