"""The rules of the envelope, each with CBP's own condition code (Batch & Block v23 p.9-18, 32-34).

Rules that need CBP's profile of the filer (X09, X17, X18, X20, X27, X31) are raised only against
a `FilerProfile`, and only for what it states.

What CBP set up for this filer, told from the settings: who may send, for whom, what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.ace.settings import AceSettings
from tasks.ace.wire.batch_envelope import EnvelopeRows, Rows, applications, responses, split_envelope
from tasks.ace.wire.check_conditions import FileFinding, make_finding
from tasks.ace.wire.data_classes import BLANK_BYTE, Bytes, digit_bytes, impossible_date
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.api import FilerSettings, NumberSettings


def filer_profile(settings: Settings) -> FilerProfile:
    """The filer profile of this house. What the settings leave empty is not judged."""
    ace, filer = settings(AceSettings), settings(FilerSettings)
    return FilerProfile(
        senders=(ace.site_code + ace.sender_id,) if ace.site_code and ace.sender_id else (),
        filers=(settings(BrokerSettings).filer_code,),
        ports=filer.ports,
        applications=filer.applications,
        national_permit=filer.national_permit,
    )


def number_offsets(settings: Settings) -> dict[str, int]:
    """The filer's check digit factor, by filer code (CATAIR Appendix E item 6)."""
    return {settings(BrokerSettings).filer_code: settings(NumberSettings).check_digit_offset}


Mask = NDArray[np.bool_]
Fault = tuple[int, int, str]
"""Record index, column (0 = whole record), code."""

_A, _B, _Y, _Z = (ord(letter) for letter in "ABYZ")
_SENDER, _DATE, _OFFICE = slice(1, 8), slice(14, 20), slice(37, 39)


@dataclass(frozen=True)
class FilerProfile:
    """What CBP has on file, as far as the filer states it. An empty tuple is not judged.

    senders: site code and sender id together, seven characters (`2704B76`); filers: three
    characters; ports: four; applications: two; national_permit: None is not judged.
    """

    senders: tuple[str, ...] = ()
    filers: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    national_permit: bool | None = None


def envelope_findings(
    matrix: Bytes, parts: EnvelopeRows | None = None, profile: FilerProfile | None = None
) -> list[FileFinding]:
    """Every fault of the control records of a file, in the file's order.

    Class, filler and constant faults of A, B, Y and Z are not here: `codec.check` finds those.
    """
    parts = split_envelope(matrix) if parts is None else parts
    faults = [
        *_sequence(matrix, parts),
        *_batch_values(matrix, parts),
        *_block_values(matrix, parts),
        *_preparer(matrix, parts),
        *(_profile(matrix, parts, profile) if profile else ()),
    ]
    letter = {code: chr(code) for code in (_A, _B, _Y, _Z)}
    return [
        make_finding(row, column, code, record=letter.get(int(matrix[row, 0]), ""))
        for row, column, code in sorted(set(faults))
    ]


def is_rejected(matrix: Bytes, rows: Rows) -> Mask:
    """Which B, Y or Z records have the form ACE makes when it rejects a batch (p.24-28)."""
    return (matrix[rows, 79] == matrix[rows, 0]) & (matrix[rows, 1:12] == BLANK_BYTE).all(axis=1)


def _sequence(matrix: Bytes, parts: EnvelopeRows) -> Iterator[Fault]:
    """A then B; B, records, Y; Y then B or Z; Z then A or the end."""
    count = len(matrix)
    letters = matrix[:, 0]
    control = np.flatnonzero(np.isin(letters, (_A, _B, _Y, _Z)))
    if count and (not len(control) or control[0] > 0 or letters[0] != _A):
        yield 0, 0, "C002"
    if not len(control):
        return
    kind = letters[control]
    following = np.append(control[1:], count)
    follower = np.append(kind[1:], 0)
    adjacent = following == control + 1
    after = np.minimum(control + 1, count - 1)
    follower_row = np.minimum(following, count - 1)
    ends = follower == 0
    closing = kind != _Z
    yield from _at(after, (kind == _A) & ~((follower == _B) & adjacent), "X03")
    yield from _at(control, (kind == _B) & (follower == _Y) & adjacent, "X04")
    yield from _at(follower_row, (kind == _B) & (follower != _Y), "X05")
    stray = (kind == _Y) & (~adjacent | (follower == _Y))
    yield from _at(after, stray, "X03")
    yield from _at(follower_row, closing & (ends | (follower == _A)), "X06")
    opened = (follower == _A) | ends
    yield from _at(after, (kind == _Z) & ~(opened & adjacent), "C002")


def _batch_values(matrix: Bytes, parts: EnvelopeRows) -> Iterator[Fault]:
    """X07, X08, X10, X11, X12, X14."""
    a = parts.a
    answered = _rejected_batches(matrix, parts)
    yield from _at(a, _blank(matrix, a, slice(1, 5)), "X07", 2)
    yield from _at(a, _blank(matrix, a, slice(5, 8)), "X08", 6)
    dates = matrix[a, _DATE]
    dated = (dates != BLANK_BYTE).any(axis=1)
    unknown = dated & (~digit_bytes(dates).all(axis=1) | impossible_date(dates))
    yield from _at(a, unknown, "X10", 15)
    blank = _blank(matrix, a, slice(25, 27))
    yield from _at(a, blank & ~answered, "X11", 26)
    yield from _at(a, ~blank & ~_known(matrix, a, slice(25, 27)), "X12", 26)
    closed = parts.z >= 0
    a, z = a[closed], parts.z[closed]
    judged = ~is_rejected(matrix, z)
    for columns in (_SENDER, _DATE, _OFFICE):
        differs = (matrix[a, columns] != matrix[z, columns]).any(axis=1)
        yield from _at(z, differs & judged, "X14", columns.start + 1)


def _block_values(matrix: Bytes, parts: EnvelopeRows) -> Iterator[Fault]:
    """X11, X12, X15, X16, X19, X32."""
    b = parts.b
    judged = ~is_rejected(matrix, b)
    yield from _at(b, _blank(matrix, b, slice(3, 7)) & judged, "X15", 4)
    yield from _at(b, _blank(matrix, b, slice(7, 10)) & judged, "X16", 8)
    blank = _blank(matrix, b, slice(10, 12))
    yield from _at(b, blank & judged, "X11", 11)
    yield from _at(b, ~blank & ~_known(matrix, b, slice(10, 12)), "X12", 11)
    enclosed = parts.block_batch >= 0
    batch = parts.a[parts.block_batch[enclosed]] if enclosed.any() else np.empty(0, dtype=np.int64)
    differs = (matrix[b[enclosed], 10:12] != matrix[batch, 25:27]).any(axis=1)
    yield from _at(b[enclosed], differs & judged[enclosed], "X19", 11)
    closed = parts.y >= 0
    b, y, judged = b[closed], parts.y[closed], judged[closed]
    for columns in (slice(3, 12), slice(44, 46)):
        differs = (matrix[b, columns] != matrix[y, columns]).any(axis=1)
        yield from _at(y, differs & judged, "X32", columns.start + 1)


def _preparer(matrix: Bytes, parts: EnvelopeRows) -> Iterator[Fault]:
    """X21-X26: the preparer names another office of the same filer (p.14-17)."""
    b = parts.b[~is_rejected(matrix, parts.b)]
    indicator = matrix[b, 55]
    port, filer = ~_blank(matrix, b, slice(46, 50)), ~_blank(matrix, b, slice(50, 53))
    office = ~_blank(matrix, b, slice(53, 55))
    named = indicator == ord("1")
    yield from _at(b, ~named & (indicator != BLANK_BYTE), "X21", 56)
    yield from _at(b, (indicator == BLANK_BYTE) & (port | filer | office), "X22", 47)
    allowed = [code for code, row in applications().items() if row["preparer"] == "Y"]
    permitted = _among(matrix[b, 10:12], (*allowed, *(applications()[c]["response"] for c in allowed)))
    notice = _among(matrix[b, 10:12], ("SO", "MS"))
    yield from _at(b, named & ~permitted & ~notice, "X23", 56)
    yield from _at(b, named & ~port, "X24", 47)
    yield from _at(b, named & ~filer, "X25", 51)
    differs = (matrix[b, 50:53] != matrix[b, 7:10]).any(axis=1)
    yield from _at(b, named & filer & differs, "X26", 51)


def _profile(matrix: Bytes, parts: EnvelopeRows, profile: FilerProfile) -> Iterator[Fault]:
    """X09, X17, X18, X20, X27, X31: what CBP would refuse for this filer."""
    a, b = parts.a, parts.b
    named = matrix[b, 55] == ord("1")
    checks = (
        (a, _SENDER, profile.senders, "X09", np.ones(len(a), dtype=bool)),
        (b, slice(7, 10), profile.filers, "X17", np.ones(len(b), dtype=bool)),
        (b, slice(3, 7), profile.ports, "X18", ~named),
        (b, slice(10, 12), profile.applications, "X20", np.ones(len(b), dtype=bool)),
        (b, slice(46, 50), profile.ports, "X31", named),
    )
    for rows, columns, allowed, code, judged in checks:
        if allowed:
            filled = ~_blank(matrix, rows, columns)
            unknown = ~_among(matrix[rows, columns], allowed)
            yield from _at(rows, judged & filled & unknown, code, columns.start + 1)
    if profile.national_permit is False:
        yield from _at(b, named, "X27", 56)


def _rejected_batches(matrix: Bytes, parts: EnvelopeRows) -> Mask:
    """Batches whose blocks are all of the form ACE makes for a rejection."""
    rejected_batches = np.zeros(len(parts.a), dtype=bool)
    enclosed = parts.block_batch >= 0
    rejected = is_rejected(matrix, parts.b[enclosed])
    rejected_batches[parts.block_batch[enclosed][rejected]] = True
    rejected_batches[parts.block_batch[enclosed][~rejected]] = False
    return rejected_batches


def _known(matrix: Bytes, rows: Rows, columns: slice) -> Mask:
    return _among(matrix[rows, columns], (*applications(), *responses()))


def _among(view: Bytes, values: tuple[str, ...]) -> Mask:
    """Which rows spell one of the values."""
    width = view.shape[1]
    padded = np.array([value.ljust(width).encode("ascii") for value in values], dtype=f"S{width}")
    return np.isin(np.ascontiguousarray(view).view(f"S{width}").ravel(), padded)


def _blank(matrix: Bytes, rows: Rows, columns: slice) -> Mask:
    return (matrix[rows, columns] == BLANK_BYTE).all(axis=1)


def _at(rows: Rows, where: Mask, code: str, column: int = 0) -> Iterator[Fault]:
    for row in rows[where]:
        yield int(row), column, code
