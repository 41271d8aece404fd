"""One summary sent to the simulator by hand, and what comes back."""

from __future__ import annotations

from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import NUMBERS, Rows, dashed, edited, envelope, having, summary

N = NUMBERS


FIRST = dashed(N[0])


ADDED, REPLACED, DELETED, REJECTED = "A 995", "A 996", "A 997", "RF998"


def send(ace: AceSimulator, rows: Rows, **more: str) -> bytes:
    (answer,) = ace.answer(envelope("AE", rows, **more))
    return answer


def version(answer: bytes) -> str:
    return having(answer, "E1A")[-1][63:68]


def wrong(digits: str, action: str = "R") -> Rows:
    """A summary whose duty total is not the sum (722)."""
    return edited(summary(digits, action), "90", (3, "      50001"))
