"""What the packages declare: modules of events and projections, status lines, approved acts, settings.

`tasks/packages.py` names all packages. It is imported by its name and when it is first needed, so that `core`
knows no package and a command pays for no module that it does not use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.core.settings import Settings

_PACKAGES = "tasks.packages"


@dataclass(frozen=True)
class Package:
    """A package, by the names of what it declares.

    `events`: modules of event types; `projections`: modules that carry them into tables. `status`: the
    function that gives its status lines, `module:function`. `acts`: module that declares each act, by
    the act's name. `adoption`: class that rules on events of another copy of the journal, `module:class`.
    """

    name: str
    events: tuple[str, ...] = ()
    projections: tuple[str, ...] = ()
    status: str = ""
    acts: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    adoption: str = ""


def packages() -> tuple[Package, ...]:
    """All packages, in the order in which their status lines stand."""
    return import_module(_PACKAGES).PACKAGES


def settings_class() -> type[Settings]:
    """The class that has every package's settings table as a field."""
    return import_module(_PACKAGES).HomeSettings


@cache
def load_events() -> None:
    """Import every event type, so that each body of a journal can be read."""
    for package in packages():
        for module in package.events:
            import_module(module)


@cache
def load_projections() -> None:
    """Import every projection with its tables, so that a journal can be written and rebuilt."""
    load_events()
    for package in packages():
        for module in package.projections:
            import_module(module)


def resolve(name: str) -> Any:
    """The function or constant behind `module:name`."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
