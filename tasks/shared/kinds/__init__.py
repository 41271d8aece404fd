"""What the journal can say: one typed, versioned body for each kind of event, a module a subject.

A body never changes its meaning. A new meaning is a new version, and `read` keeps the old one.
"""

# Every kind is used as `kinds.Name`: a star keeps the list of them in one place, their own module.
# ruff: noqa: F403

from tasks.shared.kinds.ace import *
from tasks.shared.kinds.after import *
from tasks.shared.kinds.backup import *
from tasks.shared.kinds.base import Body, Origin, by_name, canonical, read, write
from tasks.shared.kinds.book import *
from tasks.shared.kinds.duties import *
from tasks.shared.kinds.entries import *
from tasks.shared.kinds.incident import *
from tasks.shared.kinds.kit import *
from tasks.shared.kinds.letters import *
from tasks.shared.kinds.mail import *
from tasks.shared.kinds.numbers import *
from tasks.shared.kinds.operations import *
from tasks.shared.kinds.people import *
from tasks.shared.kinds.pga import *
from tasks.shared.kinds.screening import *
from tasks.shared.kinds.settling import *

__all__ = ["Body", "Origin", "by_name", "canonical", "read", "write"]
