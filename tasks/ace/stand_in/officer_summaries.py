"""What CBP does with summaries: statements, collection, review, rejection, liquidation."""

from __future__ import annotations

from datetime import date
from typing import Any

from tasks.ace.stand_in import notices as stand_in_notices
from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.rows import Summary


class SummaryOfficer:
    """Raises KeyError where no summary is on file under the number."""

    _book: Book

    def print_statements(self, day: date | None = None) -> list[str]:
        """The night's statements: summaries of the day go under CBP control. Returns numbers."""
        book = self._book
        with book.writing():
            due = book.find(
                Summary,
                "control = 1 AND status = 1 AND NOT printed AND statement <= ? ORDER BY number",
                day or book.today,
            )
            for summary in due:
                summary.printed, summary.control = True, 2
                self._changed(summary, "statement printed")
        return [one.number for one in due]

    def collect(self, number: str) -> None:
        """Paid, by statement or by itself."""
        with self._book.writing():
            summary = self._summary(number)
            summary.collected, summary.control = self._book.today, 2
            self._changed(summary, "paid")

    def take_off_statement(self, number: str) -> None:
        """Back in trade control; the next replacement is a new major version (ESF p.206)."""
        with self._book.writing():
            summary = self._summary(number)
            summary.printed, summary.control, summary.statement = False, 1, None
            summary.revised = True
            self._changed(summary, "taken off statement")

    def request_documents(self, number: str, team: str = "", reason: str = "") -> None:
        """Review: CBP control, and UC 2 asks for the package."""
        with self._book.writing():
            summary = self._summary(number)
            summary.review, summary.control = True, 2
            self._changed(summary, "under review")
            stand_in_notices.tell(self._book, number, "2", team=team, reason=reason)

    def reject_summary(self, number: str, reason: str = "001", team: str = "") -> None:
        """An import specialist returns it: only a replacement is taken now (UC 4)."""
        with self._book.writing():
            summary = self._summary(number)
            summary.status, summary.control, summary.review = 2, 2, False
            summary.rejected = self._book.today
            self._changed(summary, "rejected by CBP", reason)
            stand_in_notices.tell(self._book, number, "4", team=team, reason=reason)

    def modify_summary(self, number: str) -> None:
        """A CBP user changes it: a minor version."""
        with self._book.writing():
            summary = self._summary(number)
            summary.version = f"{int(summary.version) + 1:05d}"
            self._changed(summary, "modified by CBP", summary.version)

    def mark_summary(self, number: str, **state: Any) -> None:
        """Set what else CBP can set: in_use, held, inactive, liquidation, control, collected."""
        with self._book.writing():
            summary = self._summary(number)
            for name, value in state.items():
                getattr(summary, name)
                setattr(summary, name, value)
            self._changed(summary, "marked by CBP", " ".join(state))

    def _changed(self, summary: Summary, event: str, detail: str = "") -> None:
        summary.changed = self._book.today
        self._book.put(summary)
        self._book.tell(summary.number, event, detail)

    def _summary(self, number: str) -> Summary:
        found = self._book.summary(number)
        if found is None:
            raise KeyError(number)
        return found
