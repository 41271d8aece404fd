"""Which function carries which kind of event into the tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from tasks.shared import kinds

_Kind = TypeVar("_Kind", bound=kinds.Body)
FOLDS: dict[type[kinds.Body], Callable[[sa.Connection, int, Any], None]] = {}


def fold(struct: type[_Kind]) -> Callable[..., Any]:
    """Registers the function that carries an event of this kind into the tables."""

    def register(apply: Callable[[sa.Connection, int, _Kind], None]) -> Any:
        FOLDS[struct] = apply
        return apply

    return register
