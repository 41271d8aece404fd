"""What an answer says of one entry, brought down to a line of the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.shape import Condition, EntryAnswer
from tasks.ace.answers.tables import MONEY
from tasks.ace.condition_codes import look_up, meaning_of
from tasks.ace.response import Answer
from tasks.reconciliation.release import deciding
from tasks.shared import kinds

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


def entry_lines(answer: Answer, differ: Mapping[str, list[str]]) -> list[kinds.AnswerLine]:
    """A line for each time that an answer speaks of an entry."""
    if answer.application != "ER" or answer.by_head:
        return [entry_line(answer, one, differ) for one in answer.entries if one.entry_number]
    return [*_stored_lines(answer.table("entries"), differ)]


_PLAIN = ("code", "text", "release", "release_code", "release_date", "control", "summary",
          "version", "collection", "collected", "owed")  # fmt: skip
_OWED = ("duty", "tax", "fees", "ad_cvd")


def _stored_lines(told: pa.Table, differ: Mapping[str, list[str]]) -> Iterator[kinds.AnswerLine]:
    """The same, column by column, of summaries in ER of which no condition is told."""
    columns = {name: told[name] for name in _PLAIN[:-2]}
    columns |= {"collected": told["collection_date"], "owed": _sums(told)}
    texts = (pc.fill_null(pc.cast(columns[name], pa.string()), "").to_pylist() for name in _PLAIN)
    late = told["late"].to_pylist()
    heads = (told["entry_number"].to_pylist(), told["disposition"].to_pylist(), late)
    for number, disposition, is_late, *rest in zip(*heads, *texts, strict=True):
        if number:
            yield kinds.AnswerLine(
                number=number, disposition=disposition, late=is_late,
                differs=differ.get(number, []), **dict(zip(_PLAIN, rest, strict=True)),
            )  # fmt: skip


def _sums(told: pa.Table) -> pa.Array:
    """What is owed, in dollars; null where nothing is told of it."""
    parts = [told[name] for name in _OWED]
    whole = pa.scalar(Decimal(0), MONEY)
    for part in parts:
        whole = pc.add(whole, pc.fill_null(part, 0))
    some = pc.is_valid(pc.coalesce(*parts))
    return pc.if_else(some, pc.cast(whole, pa.string()), pa.scalar(None, pa.string()))


def entry_line(
    answer: Answer, one: EntryAnswer, differ: Mapping[str, list[str]]
) -> kinds.AnswerLine:
    number = one.entry_number or ""
    release, code = _stands(answer, one)
    return kinds.AnswerLine(
        number=number,
        disposition=one.disposition,
        code=(one.code or "") if answer.application == "UC" else _codes(one),
        text=_notice(one) if answer.application == "UC" else _texts(one),
        release=release,
        release_code=code,
        release_date=one.release_date.isoformat() if one.release_date else "",
        control=one.control or "",
        summary=one.summary or "",
        version=one.version or "",
        late=one.late,
        outside=_is_outside(one),
        owed=_owed(one),
        collection=one.collection or "",
        collected=one.collection_date.isoformat() if one.collection_date else "",
        differs=differ.get(number, []),
    )


def _notice(one: EntryAnswer) -> str:
    """What CBP did, then why: the type counts, the reason explains it."""
    told = [one.text, *(found.text for found in one.conditions if not found.final)]
    return "; ".join(dict.fromkeys(text for text in told if text))


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


def _codes(one: EntryAnswer) -> str:
    """The codes that say why, not the closing one (998 alone tells a desk nothing)."""
    return " ".join(dict.fromkeys(found.code for found in _reasons(one) if found.code)) or (
        one.code or ""
    )


def _texts(one: EntryAnswer) -> str:
    told = [
        f"{f'line {found.line}: ' if found.line else ''}{found.text}"
        for found in _reasons(one)
        if found.text
    ]
    return "; ".join(dict.fromkeys(told)) or (one.text or "")


def _reasons(one: EntryAnswer) -> list[Condition]:
    """Up to six conditions that are faults of the entry, in the order of the answer."""
    if one.is_held:
        return []
    return [found for found in one.conditions if not found.final and found.code][:6]
