"""Why a list is red, a hit open, a partner not screened, a point counted: a code with values.

The words are in `data/messages/screening.toml`; whoever shows a reason asks for its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.shared import messages


class Reason:
    """`code`: what it is. `values`: its facts; a value may be a reason, or a tuple of texts or reasons."""

    def __init__(self, code: str, /, **values: Any) -> None:
        self.code = code
        self.values: Mapping[str, Any] = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Reason({self.code!r}, {self.values!r})"

    @property
    def _key(self) -> tuple[str, tuple[tuple[str, Any], ...]]:
        return self.code, tuple(self.values.items())

    @property
    def facts(self) -> dict[str, Any]:
        """The values as plain data, reasons among them as dictionaries without words."""
        return {name: _data(value) for name, value in self.values.items()}

    @property
    def text(self) -> str:
        """The words for a person."""
        return messages.text(
            self.code, {name: _plain(value) for name, value in self.values.items()}
        )

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: code, values, text."""
        return {"code": self.code, "values": self.facts, "text": self.text}


def text_of(reasons: Iterable[Reason]) -> str:
    """All of them on a line."""
    return "; ".join(reason.text for reason in reasons)


def _plain(value: Any) -> Any:
    if isinstance(value, Reason):
        return value.text
    if isinstance(value, tuple):
        mark = "; " if any(isinstance(part, Reason) for part in value) else ", "
        return mark.join(str(_plain(part)) for part in value)
    return value


def _data(value: Any) -> Any:
    if isinstance(value, Reason):
        return {"code": value.code, "values": value.facts}
    return [_data(part) for part in value] if isinstance(value, tuple) else value
