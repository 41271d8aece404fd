"""Due diligence on IT providers: attestations that fade before they end, the breach notice in the
contract, the questionnaire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from tasks.core.messages import Reason

ROLE = "it_provider"


def provider_reasons(table: Mapping[str, Any], row: Mapping[str, Any], today: date) -> Iterator[tuple[Reason, int]]:
    """(reason, points) for a partner that is an IT provider; nothing for any other."""
    if row["role"] != ROLE:
        return
    yield _attested(table, row, today)
    yield _breach_notice(table["breach_notice"], row["breach_notice_hours"])
    yield _questionnaire(table["questionnaire"], row["questionnaire"], today)


def attestation_worth(expires: date, today: date, fades_days: int) -> float:
    """1 while an attestation has `fades_days` or more left, then in a straight line down to 0 on the
    day it ends."""
    return max(0.0, min(1.0, (expires - today).days / fades_days))


def _attested(table: Mapping[str, Any], row: Mapping[str, Any], today: date) -> tuple[Reason, int]:
    best, reason = 0.0, Reason("attestation-missing")
    for one in row["attestations"]:
        expires = date.fromisoformat(one["expires"])
        value = attestation_worth(expires, today, table["fades_days"]) * _weight(table, one["name"])
        if value > best or not best:
            left = (expires - today).days
            best = max(best, value)
            if left >= 0:
                reason = Reason("attestation-ends", name=one["name"], days=left)
            else:
                reason = Reason("attestation-ended", name=one["name"], days=-left)
    return reason, round(table["missing"] * (1 - best))


def _weight(table: Mapping[str, Any], name: str) -> float:
    plain = name.lower()
    return max((w for key, w in table["attestations"].items() if key in plain), default=0.0)


def _breach_notice(table: Mapping[str, int], hours: int | None) -> tuple[Reason, int]:
    if hours is None:
        return Reason("breach-notice-missing"), table["none"]
    late = hours > table["best_hours"]
    return Reason("breach-notice-hours", hours=hours), table["late"] if late else 0


def _questionnaire(table: Mapping[str, int], answered: str, today: date) -> tuple[Reason, int]:
    if not answered:
        return Reason("questionnaire-missing"), table["missing"]
    old = date.fromisoformat(answered) < today - timedelta(days=table["days"])
    return Reason("questionnaire-answered", date=answered), table["old"] if old else 0
