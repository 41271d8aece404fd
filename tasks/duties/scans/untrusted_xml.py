"""XML from outside: no DTD and so no entities, a bounded size and depth, and never more of it in memory than
one element of the tags asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from tasks.core.errors import HostileFile, Problem

MIB = 1 << 20
MAX_BYTES, MAX_DEPTH, MAX_HELD = 256 * MIB, 60, 200_000
"""Bytes of a report; elements inside each other; elements that are held at one time."""


def xml_elements(
    path: Path, containers: frozenset[str], leaves: frozenset[str], most: int = MAX_BYTES
) -> Iterator[tuple[str, Element]]:
    """("start", element) for tags in `open_`, ("end", element) with its children for `wanted`.

    Raises HostileFile for a DTD or entity, for what is too big or too deep, and for what is no XML.
    """
    size = path.stat().st_size
    if size > most:
        raise refused_report(path, "scan-report-too-large", size=size / MIB, most=most // MIB)
    try:
        yield from _walk(path, containers, leaves)
    except ParseError as error:
        raise refused_report(path, "scan-report-not-xml", reason=error) from None
    except (ValueError, LookupError) as error:  # what defusedxml forbids, or an unknown encoding
        raise refused_report(path, "scan-report-unsafe", reason=_reason(error)) from None


def _walk(path: Path, containers: frozenset[str], leaves: frozenset[str]) -> Iterator[tuple[str, Element]]:
    from defusedxml.ElementTree import iterparse

    above: list[Element] = []
    held_count = inside = 0
    with path.open("rb") as source:
        parsed: Any = iterparse(source, events=("start", "end"), forbid_dtd=True)
        for event, element in parsed:
            if event == "start":
                above.append(element)
                held_count += 1
                inside += element.tag in leaves
                if len(above) > MAX_DEPTH or held_count > MAX_HELD:
                    raise refused_report(path, "scan-report-too-deep", deepest=MAX_DEPTH, kept=MAX_HELD)
                if element.tag in containers:
                    yield "start", element
                continue
            above.pop()
            if element.tag in leaves:
                yield "end", element
                inside -= 1
            if not inside:
                element.clear()
                if above:
                    above[-1].remove(element)
                held_count = len(above)


def _reason(error: Exception) -> str:
    return type(error).__name__ if type(error).__module__.startswith("defusedxml") else str(error)


def refused_report(path: Path, code: str, **values: object) -> HostileFile:
    """The error for a report that cannot be read; `code` and `values` say why."""
    problem = Problem(file=path.name, code=code, values=values)
    return HostileFile("scan-report-not-supported", [problem])
