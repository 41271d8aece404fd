"""What ACE sends of its own accord: SO status, UC notices, and the SX of certified summaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress, notification_batch
from tasks.drill.ace_simulator.batches.input_records import build_record
from tasks.drill.ace_simulator.releases.release_filing import wire_number
from tasks.drill.ace_simulator.releases.release_status import address_of, status_records
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import NoticeRow

APPLICATIONS = ("SX", "SO", "UC")


def notify_summary(
    database: SimulatorState,
    number: str,
    disposition: str,
    *,
    source: str = "1",
    team: str = "",
    reason: str = "",
    line: str = "",
    day: date | None = None,
) -> None:
    """A UC notice about a summary (UC v30, third-party transcription).

    disposition: 1 invoice, 2 package, 3 documents, 4 rejected, 5 inactivated, 6 cancelled, 8 other
    filer's correction, P, Q, E, R, C, D. source: 1 manual, 2 automatic.
    """
    filer, digits = wire_number(number)
    summary = database.summary(number)
    record = build_record(
        record_layout("UC", "E1"),
        disposition_type_code=disposition,
        source=source,
        team_review_code=team,
        reason_code=reason,
        action_date=day or database.today,
        entry_filer_code=filer,
        entry_number=digits,
        line_id=line,
        broker_reference_number=summary.reference if summary else "",
    )
    address = summary.address if summary else ""
    database.put(NoticeRow("UC", number, disposition, at=database.tick(), body=record, address=address))
    database.add_event(number, "UC notice", f"{disposition} {reason}".strip())


def issue_notices(database: SimulatorState) -> list[tuple[str, bytes]]:
    """Batches of all that was not reported yet, one an application and sender; they count as reported then.

    Belongs in a `writing()`.
    """
    batches: list[tuple[str, bytes]] = []
    for application in APPLICATIONS:
        waiting = database.find(NoticeRow, "application = ? AND NOT issued ORDER BY id", application)
        for blocks in _by_sender(database, waiting):
            message_blocks = [
                (
                    address,
                    [line for number in _numbers(notices) for line in _message(database, application, number, notices)],
                )
                for address, notices in blocks
            ]
            batches.append((application, notification_batch(application, database.today, message_blocks)))
        for notice in waiting:
            notice.issued = True
            database.put(notice)
    return batches


def _by_sender(
    database: SimulatorState, waiting: Sequence[NoticeRow]
) -> Iterator[list[tuple[NotificationAddress, list[NoticeRow]]]]:
    blocks: dict[NotificationAddress, list[NoticeRow]] = defaultdict(list)
    for notice in waiting:
        blocks[_address(database, notice)].append(notice)
    senders: dict[tuple[str, str, str], list[tuple[NotificationAddress, list[NoticeRow]]]] = defaultdict(list)
    for address, notices in blocks.items():
        senders[address.site, address.sender, address.office].append((address, notices))
    yield from senders.values()


def _address(database: SimulatorState, notice: NoticeRow) -> NotificationAddress:
    entry, summary = database.entry(notice.number), database.summary(notice.number)
    port = (entry.port if entry else "") or (summary.port if summary else "")
    return address_of(notice.address, notice.number, port)


def _numbers(notices: Sequence[NoticeRow]) -> list[str]:
    return list(dict.fromkeys(notice.number for notice in notices))


def _message(database: SimulatorState, application: str, number: str, notices: Sequence[NoticeRow]) -> Iterator[str]:
    of_number = [notice for notice in notices if notice.number == number]
    if application != "SO":
        for notice in of_number:
            yield from notice.body.split("\n")
        return
    entry = database.entry(number)
    if entry:
        entry_notices = [notice for notice in of_number if not notice.bill]
        yield from status_records(database, entry, of_number, entry_notices, "SO", "SO")
