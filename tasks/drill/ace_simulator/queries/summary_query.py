"""Entry summary query: EQ in, ER out (ESQ v26 p.14-54).

By number (J1) in the order asked, or by a range of acceptance times (J2) in the order accepted;
with J0 the stored 10 to 90 records too, numbers padded with blanks. Only an owner of a summary,
or the filer whose number it is, sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.condition_texts import ER
from tasks.drill.ace_simulator.batches.input_records import WIDTH, InputRecord, build_record, moment_of
from tasks.drill.ace_simulator.queries.summary_image import summary_records
from tasks.drill.ace_simulator.releases.release_filing import hyphenated_number, wire_number
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import SummaryRow

MOST_DAYS = 31
_CRITERIA = {
    "AII": "0",
    "DOC": "review",
    "RCN": "0",
    "PSC": "psc IS NOT NULL",
    "LIQ": "liquidation IS NOT NULL AND liquidation <= :today",
    "NLQ": "liquidation IS NULL OR liquidation > :today",
    "EES": "1",
}


@dataclass(frozen=True)
class AnswerLimits:
    """Where an answer is cut off (ESQ p.52)."""

    summaries: int = 5_000
    size: int = 8_000_000


def answer(
    database: SimulatorState,
    origin: NotificationAddress,
    records: Sequence[InputRecord],
    limits: AnswerLimits = AnswerLimits(),
) -> list[str]:
    """The ER records of one query block."""
    detail = records[0].id == "J0"
    if detail and records[0]["return_detail_request_indicator"] != "Y":
        return [_condition(origin, "001")]
    requests = [record for record in records if record.id != "J0"]
    if not requests:
        return [_condition(origin, "002")]
    if requests[0].id == "J1":
        return _by_number(database, origin, requests, limits, detail=detail)
    return _by_date(database, origin, requests[0], limits, detail=detail)


def summary_query_failure(origin: NotificationAddress) -> list[str]:
    return [_condition(origin, "ZZZ")]


def _condition(origin: NotificationAddress, code: str, number: str = "") -> str:
    filer, digits = wire_number(number) if number else ("", "")
    return build_record(
        record_layout("EQ", "JZ"),
        condition_code=code,
        narrative_text=ER[code],
        entry_filer_code=filer,
        entry_number=digits,
        district_port_of_entry=origin.port,
    )


def _by_number(
    database: SimulatorState,
    origin: NotificationAddress,
    requests: Sequence[InputRecord],
    limits: AnswerLimits,
    *,
    detail: bool,
) -> list[str]:
    lines: list[str] = []
    count = 0
    for filer, digits in _numbers(requests):
        number = hyphenated_number(filer, digits)
        fault = "003" if not filer else "004" if not digits else ""
        summary = None if fault else database.summary(number)
        if fault or summary is None or not _permitted(origin, number, summary):
            code = fault or ("014" if summary or filer != origin.filer else "013")
            lines.append(_condition(origin, code, "" if fault else number))
            continue
        records = list(summary_records(database, summary, detail=detail))
        count += 1
        if count > limits.summaries or (len(lines) + len(records)) * WIDTH > limits.size:
            return [*lines, _condition(origin, "016")]
        lines += records
    return lines


def _numbers(requests: Sequence[InputRecord]) -> Iterator[tuple[str, str]]:
    for record in requests:
        pairs = [(record[f"entry_filer_code_{k}"], record[f"entry_number_{k}"]) for k in range(1, 6)]
        while len(pairs) > 1 and pairs[-1] == ("", ""):
            pairs.pop()
        yield from pairs


def _permitted(origin: NotificationAddress, number: str, summary: SummaryRow) -> bool:
    return origin.filer in (number[:3], summary.owner)


def _by_date(
    database: SimulatorState, origin: NotificationAddress, record: InputRecord, limits: AnswerLimits, *, detail: bool
) -> list[str]:
    fault = _criteria_fault(database, record)
    if fault:
        return [_condition(origin, fault)]
    head = build_record(
        record_layout("EQ", "JA"),
        criteria_query_type_code=record["criteria_query_type_code"],
        requested_from_date_time=record["requested_from_date_time"],
        requested_to_date_time=record["requested_to"],
    )
    lines, count = [head], 0
    for summary in _selected(database, origin, record):
        records = list(summary_records(database, summary, detail=detail))
        if count == limits.summaries or (len(lines) + len(records)) * WIDTH > limits.size:
            return [*lines, _condition(origin, "016")]
        lines, count = lines + records, count + 1
    return lines if count else [*lines, _condition(origin, "015")]


def _criteria_fault(database: SimulatorState, record: InputRecord) -> str:
    kind = record["criteria_query_type_code"]
    if not kind:
        return "005"
    if kind not in _CRITERIA:
        return "006"
    names = ("requested_from_date_time", "requested_to")
    for name, missing, unknown in zip(names, ("007", "009"), ("008", "010"), strict=True):
        if not record[name]:
            return missing
        if moment_of(record[name]) is None:
            return unknown
    first, last = (moment_of(record[name]) for name in names)
    assert first and last
    if last < first:
        return "011"
    if (last.date() - first.date()).days >= MOST_DAYS:
        return "012"
    return "017" if last.date() > database.today else ""


def _selected(database: SimulatorState, origin: NotificationAddress, record: InputRecord) -> list[SummaryRow]:
    first = moment_of(record["requested_from_date_time"])
    last = moment_of(record["requested_to"])
    assert first and last
    if not record["entry_summaries_flag"] and _other_flags(record):
        return []
    where = _CRITERIA[record["criteria_query_type_code"]].replace(":today", "?")
    values: list[date | datetime] = [database.today] * where.count("?")
    return [
        summary
        for summary in database.find(
            SummaryRow, f"accepted >= ? AND accepted <= ? AND ({where}) ORDER BY accepted, number", first, last, *values
        )
        if _permitted(origin, summary.number, summary)
    ]


def _other_flags(record: InputRecord) -> bool:
    names = ("fta_recon", "other_recon", "drawback", "duty_deferral")
    return any(record[f"{name}_summaries_flag"] for name in names)
