"""What CBP set up for this filer, told from the settings: who may send, for whom, what."""

from __future__ import annotations

from tasks.ace.envelope_rules import FilerProfile
from tasks.shared.settings import Settings
