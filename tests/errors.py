"""Errors by what they are, never by their words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tasks.core.errors import ContinuityError, Problem


@dataclass
class Caught:
    """The error that was raised, once the block is over."""

    error: ContinuityError = field(default_factory=lambda: ContinuityError("nothing-raised"))

    @property
    def values(self) -> dict[str, Any]:
        return self.error.values

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.error.problems

    @property
    def codes(self) -> list[str]:
        """The codes of its problems, in order."""
        return [problem.code for problem in self.error.problems]


@contextmanager
def refused(code: str, kind: type[ContinuityError] = ContinuityError) -> Iterator[Caught]:
    """The block must raise an error of this code (and kind)."""
    caught = Caught()
    with pytest.raises(kind) as raised:
        yield caught
    caught.error = raised.value
    assert raised.value.code == code, f"{raised.value.code}: {raised.value}"
