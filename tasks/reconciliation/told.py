"""What an answer says of one entry, brought down to a line of the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.shape import Condition, EntryAnswer
from tasks.ace.answers.tables import MONEY, SCHEMAS
from tasks.ace.condition_codes import look_up, meaning_of
from tasks.ace.response import Answer
from tasks.reconciliation.release import deciding
from tasks.shared.kinds.ace import AceReason, AnswerLine, Difference

OUTSIDE_MEANINGS = frozenset({"payment", "statement", "eBond", "retry"})
OUTSIDE_CODES = {
    "AX": frozenset(
        [
            "101",
            "104",
            "106",
            "108",
            "109",
            "111",
            "875",
            "113",
            "116",
            "752",
            "753",
            "754",
            "755",
            "756",
            "757",
            "758",
        ]
    ),
    "SX": frozenset(["014", "333"]),
}
"""Causes of a rejection that lie outside the record: payment is set when a batch is made, importers
and consignees are mended by a Form 5106, bonds by the surety. Then the same entry goes again."""

DATE_REMOVED = "99"
"""Release origin: the release date was taken off again (CQ v21 p.57)."""


def entry_lines(answer: Answer, differ: Mapping[str, Sequence[Difference]]) -> list[AnswerLine]:
    """A line for each time that an answer speaks of an entry."""
    if answer.application != "ER" or answer.by_head:
        return [entry_line(answer, one, differ) for one in answer.entries if one.entry_number]
    return [*_stored_lines(answer.table("entries"), differ)]


_STATED = tuple(name for name in AnswerLine.__struct_fields__ if name in SCHEMAS["entries"].names)
"""Facts that the journal keeps as the answer states them: days as YYYY-MM-DD, flags as they are, and
empty text where the answer states nothing."""

_FLAGS = frozenset(
    field.name for field in SCHEMAS["entries"] if field.name in _STATED and field.type == pa.bool_()
)
_OWED = ("duty", "tax", "fees", "ad_cvd")


def _stored_lines(
    entries: pa.Table, differ: Mapping[str, Sequence[Difference]]
) -> Iterator[AnswerLine]:
    """The same, column by column, of summaries in ER without a condition."""
    columns = {name: entries[name] for name in _STATED} | {"owed": _sums(entries)}
    values = (
        column if name in _FLAGS else pc.fill_null(pc.cast(column, pa.string()), "")
        for name, column in columns.items()
    )
    lists = (column.to_pylist() for column in values)
    for number, *rest in zip(entries["entry_number"].to_pylist(), *lists, strict=True):
        if number:
            yield AnswerLine(
                number=number,
                differs=tuple(differ.get(number, ())),
                **dict(zip(columns, rest, strict=True)),
            )


def _sums(told: pa.Table) -> pa.Array:
    """What is owed, in dollars; null where nothing is told of it."""
    parts = [told[name] for name in _OWED]
    whole = pa.scalar(Decimal(0), MONEY)
    for part in parts:
        whole = pc.add(whole, pc.fill_null(part, 0))
    some = pc.is_valid(pc.coalesce(*parts))
    return pc.if_else(some, pc.cast(whole, pa.string()), pa.scalar(None, pa.string()))


def entry_line(
    answer: Answer, one: EntryAnswer, differ: Mapping[str, Sequence[Difference]]
) -> AnswerLine:
    """What the answer states, with the codes that give the reason, and where the goods stand."""
    number = one.entry_number or ""
    release, release_code = _stands(answer, one)
    facts = {name: _stated(name, getattr(one, name)) for name in _STATED}
    facts |= {
        "reasons": _notice(one) if answer.application == "UC" else _why(one),
        "release": release,
        "release_code": release_code,
        "outside": _is_outside(one),
        "owed": _owed(one),
        "differs": tuple(differ.get(number, ())),
    }
    return AnswerLine(number=number, **facts)


def _stated(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return value
    return value.isoformat() if isinstance(value, date) else value or ""


def _notice(one: EntryAnswer) -> tuple[AceReason, ...]:
    """What CBP did, then why: the type counts, the reason explains it."""
    texts = [condition.text or "" for condition in one.conditions if not condition.final]
    explaining = (AceReason(text=text) for text in dict.fromkeys(texts) if text != one.text)
    lead = AceReason(code=one.code or "", text=one.text or "")
    return (lead, *(reason for reason in explaining if reason.text))


def _why(one: EntryAnswer) -> tuple[AceReason, ...]:
    """Why, without what closes the answer (998 alone tells a desk nothing)."""
    reasons = (
        AceReason(
            code=condition.code or "",
            text=condition.text or "",
            subject=f"line {condition.line}" if condition.line else "",
        )
        for condition in _reasons(one)
    )
    return tuple(dict.fromkeys(reasons))


def _owed(one: EntryAnswer) -> str:
    parts = [part for part in (one.duty, one.tax, one.fees, one.ad_cvd) if part is not None]
    return f"{sum(parts, Decimal(0)):.2f}" if parts else ""


def _stands(answer: Answer, one: EntryAnswer) -> tuple[str, str]:
    """Where the goods stand, in words and by its code; empty where this answer does not say."""
    if answer.application not in ("SO", "C1"):
        return one.release or "", one.release_code or ""
    if one.release_origin == DATE_REMOVED:
        return "release date removed", DATE_REMOVED
    said = deciding(one.conditions)
    if said is None:
        return "", ""
    return meaning_of("SO", said.place).get(said.code or "", said.text or ""), said.code or ""


def _is_outside(one: EntryAnswer) -> bool:
    """True if every reason of a rejection lies outside the record."""
    reasons = _reasons(one)
    return bool(reasons) and all(_lies_outside(found) for found in reasons)


def _lies_outside(found: Condition) -> bool:
    code = (found.code or "")[-3:]
    named = code in OUTSIDE_CODES.get(found.application, ())
    return named or look_up(found.application, code).meaning in OUTSIDE_MEANINGS


def _reasons(one: EntryAnswer) -> list[Condition]:
    """Up to six conditions that are faults of the entry, in the order of the answer."""
    if one.is_held:
        return []
    return [found for found in one.conditions if not found.final and found.code][:6]
