"""What was found, as data: a code, what it is about, and its facts. Words are made where it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tasks.core.errors import ContinuityError, Problem
from tasks.core.messages import message_text

_LONGEST = 500  # characters of a value: an error of a library may quote a whole file


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was found. `code` names it in `data/messages`, `subject` is what it is about (a
    path, a label, a source), `values` are the facts that its text shows."""

    code: str
    subject: str = ""
    values: dict[str, str | int | float] = {}

    @property
    def message(self) -> str:
        """The text, without the subject."""
        return message_text(self.code, self.values)

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message

    def about(self, subject: str) -> Finding:
        """The same of a wider subject: `desk1:3: papers`."""
        joined = f"{subject}: {self.subject}" if self.subject else subject
        return msgspec.structs.replace(self, subject=joined)

    def problem(self) -> Problem:
        """The same among the problems of an error."""
        return Problem(file=self.subject, code=self.code, values=self.values)

    def as_dict(self) -> dict[str, object]:
        """For `--json`: code, subject, values, message."""
        return {"code": self.code, "subject": self.subject, "values": self.values, "message": self.message}


def make_finding(code: str, subject: str = "", **values: str | int | float) -> Finding:
    """A finding with its facts as keywords."""
    return Finding(code, subject, values)


def finding_of_error(error: Exception, subject: str = "") -> Finding:
    """An error as a finding; what it found itself, its `problems`, is left out."""
    if isinstance(error, ContinuityError):
        return Finding(error.code, subject, _plain(error.values))
    kind, reason = type(error).__name__, str(error)[:_LONGEST]
    return make_finding("unexpected-error", subject, kind=kind, reason=reason)


def all_findings(error: Exception) -> list[Finding]:
    """An error and each of its problems."""
    return [finding_of_error(error), *(_of_problem(problem) for problem in getattr(error, "problems", ()))]


def finding_problems(findings: Iterable[Finding]) -> list[Problem]:
    """Findings as the problems of an error."""
    return [finding.problem() for finding in findings]


def _of_problem(problem: Problem) -> Finding:
    row = str(problem.row or "")
    subject = ", ".join(filter(None, (problem.file, problem.sheet, row, problem.column)))
    return Finding(problem.code, subject, _plain(problem.values))


def _plain(values: Mapping[str, object]) -> dict[str, str | int | float]:
    return {name: value if isinstance(value, int | float) else str(value)[:_LONGEST] for name, value in values.items()}
