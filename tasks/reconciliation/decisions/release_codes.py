"""What the status codes of a cargo release amount to (CQ v21 p.54-57; SO v36).

The last code that says where the goods stand decides. Codes that tell of a date, a request or an
agency (01, 22, 76, 86 ...) say nothing of that, so an exam followed by 01 is still an exam.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.ace.api import AnswerCondition


class GoodsStatus(StrEnum):
    """Where ACE has the goods."""

    RELEASED = "released"
    ADMISSIBLE = "admissible"
    STOPPED = "stopped"
    AT_RISK = "to be lost"
    CANCELED = "cancelled"
    REPLACED = "replaced"


CODES: dict[str, GoodsStatus] = {
    "98": GoodsStatus.RELEASED,
    "97": GoodsStatus.ADMISSIBLE,
    **dict.fromkeys(("03", "04", "29", "34", "84", "85", "90", "96", "99"), GoodsStatus.STOPPED),
    # Unless somebody corrects bill, port, quota or in-bond data, ACE drops the entry.
    **dict.fromkeys(("25", "26", "28", "33", "71", "74", "75", "79", "80", "81", "82", "89"), GoodsStatus.AT_RISK),
    **dict.fromkeys(("21", "23"), GoodsStatus.CANCELED),
    "88": GoodsStatus.REPLACED,
}
"""At the entry (SO60, WO60)."""

BILL_CODES: dict[str, GoodsStatus] = {
    **dict.fromkeys(("51", "52", "53"), GoodsStatus.STOPPED),
    **dict.fromkeys(("57", "58", "59", "61", "62", "63", "74"), GoodsStatus.AT_RISK),
}
"""At a bill (SO50, WO50): a hold or a bill that does not fit also keeps the entry. No bill match (91)
is not among them: after downtime manifests come late or on paper, and ACE says 26 at the entry before
it gives one up."""

_LIFTED = {GoodsStatus.STOPPED: ("54", "55", "56"), GoodsStatus.AT_RISK: ("92", "93", "94", "95")}
_FIRST = datetime.min


def goods_status(code: str) -> GoodsStatus | None:
    """What a code amounts to, wherever it stood; None if it does not say where the goods are."""
    return CODES.get(code) or BILL_CODES.get(code)


def deciding_condition(conditions: Iterable[AnswerCondition]) -> AnswerCondition | None:
    """The condition that says where the goods stand: the last one of the entry, unless a bill was
    stopped or lost after it. At the same minute the entry's own word counts."""
    last: AnswerCondition | None = None
    open_: dict[tuple[str, GoodsStatus], AnswerCondition] = {}
    for condition in sorted(conditions, key=lambda condition: (condition.at or _FIRST, condition.record_index)):
        code, bill = condition.code or "", condition.reference or ""
        if condition.level == "bill":
            for kind, lifting in _LIFTED.items():
                if code in lifting:
                    open_.pop((bill, kind), None)
            if code in BILL_CODES:
                open_[bill, BILL_CODES[code]] = condition
        elif condition.level == "entry" and code in CODES:
            last = condition
    since = (last.at or _FIRST) if last else None
    later = [condition for condition in open_.values() if since is None or (condition.at or _FIRST) > since]
    stopped = [condition for condition in later if BILL_CODES[condition.code or ""] is GoodsStatus.STOPPED]
    return (stopped or later or [last])[-1]
