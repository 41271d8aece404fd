"""CBP's side: what it knows, what officers key in, post, hold and decide, and what becomes of
summaries (statements, collection, review, rejection, liquidation).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tasks.drill.ace_simulator.batches.input_records import WIDTH, input_layout
from tasks.drill.ace_simulator.releases.release_filing import FiledBill, FiledLine, ReleaseFiling
from tasks.drill.ace_simulator.releases.release_processing import cancel_filing, replace_filing
from tasks.drill.ace_simulator.releases.release_status import (
    CLEARED_BY,
    OUTCOMES,
    bill_key,
    entries_of,
    link_bills,
    note_status,
    release_entry,
    settle_entry,
)
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import (
    BillRow,
    BondRow,
    EntryRow,
    FilerRow,
    ImporterRow,
    SummaryRow,
    TransactionBondRow,
)
from tasks.drill.ace_simulator.status_notices import notify_summary


class SummaryOfficer:
    """Raises KeyError where no summary is on file under the number."""

    _database: SimulatorState

    def print_statements(self, day: date | None = None) -> list[str]:
        """The night's statements: summaries of the day go under CBP control. Returns numbers."""
        database = self._database
        with database.writing():
            due = database.find(
                SummaryRow,
                "control = 1 AND status = 1 AND NOT printed AND statement <= ? ORDER BY number",
                day or database.today,
            )
            for summary in due:
                summary.printed, summary.control = True, 2
                self._changed(summary, "statement printed")
        return [printed.number for printed in due]

    def collect(self, number: str) -> None:
        """Paid, by statement or by itself."""
        with self._database.writing():
            summary = self._summary(number)
            summary.collected, summary.control = self._database.today, 2
            self._changed(summary, "paid")

    def take_off_statement(self, number: str) -> None:
        """Back in trade control; the next replacement is a new major version (ESF p.206)."""
        with self._database.writing():
            summary = self._summary(number)
            summary.printed, summary.control, summary.statement = False, 1, None
            summary.revised = True
            self._changed(summary, "taken off statement")

    def request_documents(self, number: str, team: str = "", reason: str = "") -> None:
        """Review: CBP control, and UC 2 asks for the package."""
        with self._database.writing():
            summary = self._summary(number)
            summary.review, summary.control = True, 2
            self._changed(summary, "under review")
            notify_summary(self._database, number, "2", team=team, reason=reason)

    def reject_summary(self, number: str, reason: str = "001", team: str = "") -> None:
        """An import specialist returns it: only a replacement is taken now (UC 4)."""
        with self._database.writing():
            summary = self._summary(number)
            summary.status, summary.control, summary.review = 2, 2, False
            summary.rejected = self._database.today
            self._changed(summary, "rejected by CBP", reason)
            notify_summary(self._database, number, "4", team=team, reason=reason)

    def modify_summary(self, number: str) -> None:
        """A CBP user changes it: a minor version."""
        with self._database.writing():
            summary = self._summary(number)
            summary.version = f"{int(summary.version) + 1:05d}"
            self._changed(summary, "modified by CBP", summary.version)

    def mark_summary(self, number: str, **state: Any) -> None:
        """Set what else CBP can set: in_use, on_hold, inactive, liquidation, control, collected."""
        with self._database.writing():
            summary = self._summary(number)
            for name, value in state.items():
                getattr(summary, name)
                setattr(summary, name, value)
            self._changed(summary, "marked by CBP", " ".join(state))

    def _changed(self, summary: SummaryRow, event: str, detail: str = "") -> None:
        summary.changed = self._database.today
        self._database.put(summary)
        self._database.add_event(summary.number, event, detail)

    def _summary(self, number: str) -> SummaryRow:
        summary = self._database.summary(number)
        if summary is None:
            raise KeyError(number)
        return summary


class Officer(SummaryOfficer):
    """Seeds and officers' actions. Numbers are `XXX-NNNNNNN-C`.

    Raises KeyError where an action needs an entry or a summary that is not on file.
    """

    _database: SimulatorState

    def seed_filer(self, code: str, **profile: Any) -> None:
        """A filer's profile; the fields of `Filer`. Once one is seeded, others are unknown."""
        with self._database.writing():
            self._database.put(FilerRow(code, **profile))

    def seed_importer(self, number: str, **facts: Any) -> None:
        """An importer; the fields of `Importer`. Once one is seeded, others are unknown."""
        with self._database.writing():
            self._database.put(ImporterRow(number, **facts))

    def seed_bond(self, number: str, importer: str, surety: str, **facts: Any) -> None:
        """A continuous bond; the fields of `Bond`."""
        with self._database.writing():
            self._database.put(BondRow(number, importer, surety, **facts))

    def seed_transaction_bond(
        self, entry: str, importer: str, surety: str, amount: int, entry_type: str, **facts: Any
    ) -> None:
        """A surety's eBond under an entry number; the fields of `TransactionBond`."""
        with self._database.writing():
            self._database.put(TransactionBondRow(entry, importer, surety, amount, entry_type, **facts))

    def seed_port(self, code: str, *, active: bool = True, no_informal_fee: bool = False) -> None:
        with self._database.writing():
            values = (code, active, no_informal_fee)
            self._database.run("INSERT OR REPLACE INTO ports VALUES (?, ?, ?)", *values)

    def seed_bill(self, issuer: str, number: str, **facts: Any) -> None:
        """A bill on a manifest; the fields of `Bill`. Entries that wait for it are settled."""
        with self._database.writing():
            self._database.put(BillRow(issuer, number, **facts))
            for entry in entries_of(self._database, issuer, number):
                settle_entry(self._database, entry)

    def bill_arrives(self, issuer: str, number: str, day: date | None = None) -> None:
        database = self._database
        with database.writing():
            bill = database.first(BillRow, "issuer = ? AND number = ?", issuer, number)
            if bill is None:
                raise KeyError(number)
            bill.arrived, bill.hold = day or database.today, ""
            database.put(bill)
            for entry in entries_of(database, issuer, number):
                settle_entry(database, entry)

    def expect(self, number: str, outcome: str) -> None:
        """What CBP will decide on an entry not filed yet: a key of `OUTCOMES`, or release."""
        if outcome not in (*OUTCOMES, "release"):
            raise ValueError(f"{outcome} is none of {', '.join(OUTCOMES)}, release")
        with self._database.writing():
            sql = "INSERT OR REPLACE INTO expected VALUES (?, ?, NULL, NULL)"
            self._database.run(sql, number, outcome)

    def seed_paper_release(self, number: str, released: date, origin: str = "06") -> None:
        """The port posts the paper's release date: at once, or as soon as the entry is filed.

        An entry that ACE released with another date gets status 22, release date update.
        """
        database = self._database
        with database.writing():
            sql = "INSERT OR REPLACE INTO expected VALUES (?, '', ?, ?)"
            database.run(sql, number, released, origin)
            entry = database.entry(number)
            if entry and entry.status == "on file":
                settle_entry(database, entry)
            elif entry and entry.released != released:
                entry.released, entry.origin = released, "09"
                note_status(database, entry, "22", released=released, origin="09")
                database.add_event(number, "release date updated", str(released))
                database.put(entry)

    def seed_officer_entry(
        self,
        number: str,
        *,
        port: str,
        released: date | None,
        entry_type: str = "01",
        importer: str = "",
        mode: str = "",
        origin: str = "06",
        value: int = 0,
        bills: Sequence[tuple[str, str, str, int]] = (),
        lines: Sequence[tuple[str, str]] = (),
        notified: bool = False,
        summary: bytes | None = None,
        control: str = "cbp",
    ) -> None:
        """An officer keyed a paper entry: on file, released, and no notice of it over ABI.

        bills: (type, issuer, number, quantity); lines: (country of origin, tariff number);
        `notified`: its status was reported to the filer, so that CQ shows it; `summary`: AE records
        10 to 90 (n x 80) of the summary that was keyed with it, in `cbp` or `trade` control.
        """
        database = self._database
        filing = ReleaseFiling(
            number,
            entry_type=entry_type,
            importer=importer,
            mode=mode,
            value=value,
            port=port,
            bills=[FiledBill(k, *bill) for k, bill in enumerate(bills, 1)],
            lines=[FiledLine(f"{k:03d}", country, [hts]) for k, (country, hts) in enumerate(lines, 1)],
        )
        with database.writing():
            entry = EntryRow(
                number,
                source="officer",
                port=port,
                entry_type=entry_type,
                importer=importer,
                mode=mode,
                filing=filing.text(),
                created=database.tick(),
            )
            database.put(entry)
            link_bills(database, entry)
            database.add_event(number, "officer keyed", entry_type)
            if released:
                release_entry(database, entry, released, origin)
            database.run("UPDATE notices SET issued = ? WHERE number = ?", notified, number)
            if not notified:
                # Reported to nobody, now or later: it was never issued by selectivity (CQ p.42).
                database.run("DELETE FROM notices WHERE number = ?", number)
            if summary is not None:
                self._keyed_summary(number, summary, port, entry_type, control)

    def _keyed_summary(self, number: str, data: bytes, port: str, entry_type: str, control: str) -> None:
        database = self._database
        text = data.decode("ascii").replace("\n", "")
        records = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
        content = next((record for record in records if record.startswith("11")), " " * WIDTH)
        head = input_layout("AE", records[0], 1)
        database.put(
            SummaryRow(
                number,
                owner=number[:3],
                source="officer",
                port=port,
                entry_type=entry_type,
                importer=content[2:14].strip(),
                mode=head["mode_of_transport"] if head else "",
                reference=head["broker_reference_number"] if head else "",
                control=2 if control == "cbp" else 1,
                accepted=database.tick(),
                changed=database.today,
                filed=database.today,
                image="\n".join(records),
            )
        )
        database.add_event(number, "summary keyed by officer")

    def stop(self, number: str, outcome: str = "exam") -> None:
        """CBP takes a release back, or holds what is not released yet: a key of `OUTCOMES`."""
        database = self._database
        with database.writing():
            entry = self._entry(number)
            entry.status, entry.released, entry.outcome = "on file", None, outcome
            bills = ReleaseFiling.read(entry.filing).lowest if outcome == "hold" else ()
            for bill in bills:
                note_status(database, entry, OUTCOMES[outcome], bill=bill_key(bill))
            if not bills:
                note_status(database, entry, OUTCOMES[outcome])
            database.add_event(number, "stopped", outcome)
            database.put(entry)

    def cancel_entry(self, number: str, reason: str = "01") -> None:
        """CBP cancels an entry, and the summary with it: the number is canceled (23)."""
        with self._database.writing():
            cancel_filing(self._database, self._entry(number), reason)

    def clear(self, number: str, released: date | None = None) -> None:
        """Exam, review, hold or documents done with: the goods are released."""
        database = self._database
        with database.writing():
            entry = self._entry(number)
            origin = CLEARED_BY.get(entry.outcome, "06")
            release_entry(database, entry, released or database.today, origin)

    def decide(self, number: str, grant: bool, reason: str = "13") -> None:
        """An officer decides a correction or cancellation request (statuses 88, 23, 86, 87)."""
        database = self._database
        with database.writing():
            entry = self._entry(number)
            kind, filing = entry.request, ReleaseFiling.read(entry.requested)
            if grant and kind == "correction":
                replace_filing(database, entry, filing)
            elif grant:
                cancel_filing(database, entry, filing.reason)
            else:
                entry.request = entry.requested = ""
                note_status(database, entry, "86" if kind == "correction" else "87", extra=reason)
                database.put(entry)

    def accept_quota(self, number: str) -> None:
        """Quota accepted: the entry can be released (statuses 73 and 98)."""
        database = self._database
        with database.writing():
            entry = self._entry(number)
            entry.quota = "accepted"
            note_status(database, entry, "73")
            settle_entry(database, entry)

    def notify(self, number: str, disposition: str, **details: Any) -> None:
        """A UC notice, put down and issued with the next ones."""
        with self._database.writing():
            notify_summary(self._database, number, disposition, **details)

    def _entry(self, number: str) -> EntryRow:
        entry = self._database.entry(number)
        if entry is None:
            raise KeyError(number)
        return entry
