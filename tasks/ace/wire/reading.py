"""Reading files that may be damaged: as many records as there are, and what keeps the rest back."""

from __future__ import annotations

import numpy as np

from tasks.ace.codec import read_records
from tasks.ace.conditions import Finding, finding
from tasks.ace.layout import WIDTH
from tasks.ace.wire.classes import Bytes
from tasks.shared.errors import BadInput


def read_damaged(data: bytes) -> tuple[Bytes, list[Finding]]:
    """The (n, 80) records of a file and C001, C003 or X42 for what cannot be read of it.

    A short last record is left out. Of a file with a line over 80 characters nothing is read,
    since no record in it is sure.
    """
    nothing = np.empty((0, WIDTH), dtype=np.uint8)
    if not data.strip(b" \r\n\x1a\0\t"):
        return nothing, [finding(0, 0, "C001")]
    try:
        return read_records(data), []
    except BadInput as refused:
        problems = refused.problems
    # A finding has the text of its condition; what the problem says stands after it.
    if any(problem.code == "X42" for problem in problems):
        whole = len(data) // WIDTH
        matrix = np.frombuffer(data[: whole * WIDTH], dtype=np.uint8).reshape(-1, WIDTH)
        return matrix, [finding(whole, 0, "X42", detail=problems[0].wrong)]
    return nothing, [
        finding(problem.row - 1, 0, "C003", detail=problem.wrong) for problem in problems
    ]
