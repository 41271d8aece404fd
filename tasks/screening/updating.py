"""Bringing lists up to date: from a folder, or from their publishers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tasks.screening.lists import loading
from tasks.screening.lists.download import fetch, forget
from tasks.shared.errors import BadInput, NotFetched, Problem
from tasks.workspace import Workspace

FOLDER = "lists"
"""Of the home: where downloads lie. What is in force lies in the content store."""


@dataclass(frozen=True)
class Downloaded:
    """What was loaded, and which lists could not be fetched whole."""

    loaded: tuple[loading.Loaded, ...]
    missed: tuple[tuple[str, NotFetched], ...]


def download(workspace: Workspace, intake: loading.Intake) -> Downloaded:
    """Fetch and load every list that has an address. One that fails keeps no other back, and its
    version in force stays. Raises BadInput if no list has an address, or one cannot be used; Refused
    for an unnamed person who accepts faults."""
    loading.authorize(workspace, intake)
    settings = workspace.settings.screening
    if not settings.addresses:
        raise BadInput("all-list-addresses-missing")
    loaded, missed = [], []
    for list_ in sorted(settings.addresses):
        if list_ not in loading.READERS:
            raise BadInput("list-name-unknown", list=list_, readers=", ".join(loading.READERS))
        try:
            got = fetch(settings, list_, workspace.settings.home / FOLDER)
        except NotFetched as error:
            missed.append((list_, error))
            continue
        one = loading.load(workspace, replace(intake, as_of=got.as_of), list_, got.folder)
        if one.state == "refused":
            forget(got.folder)
        loaded.append(one)
    return Downloaded(tuple(loaded), tuple(missed))


def rows(
    loaded: tuple[loading.Loaded, ...] | list[loading.Loaded], *, passed: bool = False
) -> list[dict[str, Any]]:
    """A line a list; with `passed` also the files of it that were not read."""
    return [
        {
            "list": one.list,
            "state": one.state,
            "as_of": one.as_of,
            "dated_by": one.dated_by,
            "records": one.records,
            "names": one.names,
            "added": one.added,
            "removed": one.removed,
            "changed": one.changed,
            "left_out": sum(one.left_out.values()),
            "whole": not one.short,
            **({"not_read": list(one.passed)} if passed else {}),
        }
        for one in loaded
    ]


def problems(loaded: tuple[loading.Loaded, ...] | list[loading.Loaded]) -> list[Problem]:
    """The faults of the lists that were refused."""
    return [problem for one in loaded if one.state == "refused" for problem in one.problems]
