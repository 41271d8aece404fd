"""XML that comes in is hostile until read: no DTD and so no entities, a bounded size and depth, and
never more of it in memory than one element of the kind that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from tasks.core.errors import HostileFile, Problem

MIB = 1 << 20
MOST, DEEPEST, KEPT = 256 * MIB, 60, 200_000
"""Bytes of a report; elements inside each other; elements that are held at one time."""


def xml_elements(
    path: Path, open_: frozenset[str], wanted: frozenset[str], most: int = MOST
) -> Iterator[tuple[str, Element]]:
    """("start", element) for tags in `open_`, ("end", element) with its children for `wanted`.

    Raises HostileFile for a DTD or entity, for what is too big or too deep, and for what is no XML.
    """
    size = path.stat().st_size
    if size > most:
        raise refused_report(path, "scan-report-too-large", size=size / MIB, most=most // MIB)
    try:
        yield from _walk(path, open_, wanted)
    except ParseError as wrong:
        raise refused_report(path, "scan-report-not-xml", reason=wrong) from None
    except (ValueError, LookupError) as wrong:  # what defusedxml forbids, or an unknown encoding
        raise refused_report(path, "scan-report-unsafe", reason=_what(wrong)) from None


def _walk(path: Path, open_: frozenset[str], wanted: frozenset[str]) -> Iterator[tuple[str, Element]]:
    from defusedxml.ElementTree import iterparse

    above: list[Element] = []
    held = inside = 0
    with path.open("rb") as source:
        parsed: Any = iterparse(source, events=("start", "end"), forbid_dtd=True)
        for event, element in parsed:
            if event == "start":
                above.append(element)
                held += 1
                inside += element.tag in wanted
                if len(above) > DEEPEST or held > KEPT:
                    raise refused_report(path, "scan-report-too-deep", deepest=DEEPEST, kept=KEPT)
                if element.tag in open_:
                    yield "start", element
                continue
            above.pop()
            if element.tag in wanted:
                yield "end", element
                inside -= 1
            if not inside:
                element.clear()
                if above:
                    above[-1].remove(element)
                held = len(above)


def _what(wrong: Exception) -> str:
    return type(wrong).__name__ if type(wrong).__module__.startswith("defusedxml") else str(wrong)


def refused_report(path: Path, code: str, **values: object) -> HostileFile:
    """The error for a report that cannot be read; `code` and `values` say why."""
    problem = Problem(file=path.name, code=code, values=values)
    return HostileFile("scan-report-not-supported", [problem])
