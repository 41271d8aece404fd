"""Which function takes which type of event: into the tables, or into what a reader of the journal
gathers. The one dispatch over typed events that there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import sqlalchemy as sa

from tasks.shared.kinds.base import Body

_Apply = TypeVar("_Apply", bound=Callable[..., None])
_FOLDS: dict[type[Any], dict[type[Body], Callable[[Any, Any, Any], None]]] = {}


def fold(*structs: type[Body], into: type[Any] = sa.Connection) -> Callable[[_Apply], _Apply]:
    """Registers the function that carries an event of these types into the tables, or into a target
    of the type `into`. It is called with the target, where the event stands, and its body. Raises
    ValueError for a second function of one type and target."""

    def register(apply_: _Apply) -> _Apply:
        own = _FOLDS.setdefault(into, {})
        if twice := own.keys() & set(structs):
            raise ValueError(f"two folds into {into.__name__}: {sorted(map(str, twice))}")
        own |= dict.fromkeys(structs, apply_)
        return apply_

    return register


def folds(into: type[Any] = sa.Connection) -> Mapping[type[Body], Callable[..., None]]:
    """What takes each type of event into a target."""
    return MappingProxyType(_FOLDS.get(into, {}))


def apply(target: Any, where: Any, body: Body) -> None:
    """Carry one event into a target; nothing happens where it takes no event of this type. `where`:
    the event's number for tables, what the target needs to know of the event for others."""
    if found := _FOLDS.get(type(target), {}).get(type(body)):
        found(target, where, body)
