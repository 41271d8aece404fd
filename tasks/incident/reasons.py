"""Why something is so, as data: a code and its facts. The words come from `data/messages`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field as column
from typing import Any

from tasks.shared import messages


@dataclass(frozen=True, init=False)
class Reason:
    """`code` names it, `subject` is what it is about (an entry, a contact, an item), `field` the value
    that it rests on; `values` fill the text."""

    code: str
    subject: str = ""
    field: str = ""
    values: Mapping[str, Any] = column(default_factory=dict, hash=False)

    def __init__(self, code: str, /, subject: str = "", field: str = "", **values: Any) -> None:
        for name, value in (
            ("code", code),
            ("subject", subject),
            ("field", field),
            ("values", values),
        ):
            object.__setattr__(self, name, value)

    @property
    def text(self) -> str:
        """For a person."""
        facts = {"subject": self.subject, "field": self.field, **self.values}
        return messages.text(self.code, facts)

    def __str__(self) -> str:
        return self.text

    def as_dict(self) -> dict[str, object]:
        """code, subject, field, values; a reason among the values in the same form."""
        return {
            "code": self.code,
            "subject": self.subject,
            "field": self.field,
            "values": {
                name: value.as_dict() if isinstance(value, Reason) else value
                for name, value in self.values.items()
            },
        }
