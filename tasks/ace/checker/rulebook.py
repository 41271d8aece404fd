"""Checks, each registered where it is written with the codes that it may raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

F = TypeVar("F")


@dataclass(frozen=True)
class CheckRule(Generic[F]):
    """One registered check of facts and the codes that it may raise."""

    codes: tuple[str, ...]
    check: Callable[[F], None]


class Rulebook(Generic[F]):
    """The rules of one application, in the order in which their modules were read."""

    def __init__(self) -> None:
        self.rules: list[CheckRule[F]] = []

    def __call__(self, *raised: str) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
        """Registers a check for the codes it raises."""

        def keep(check: Callable[[F], None]) -> Callable[[F], None]:
            self.rules.append(CheckRule(raised, check))
            return check

        return keep
