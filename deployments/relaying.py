"""The relay that `up` runs: what the desk wrote is told to the server within seconds."""

from __future__ import annotations

import sys

from deployments.street import Street
from tasks.operations.steps import relay_from
from tasks.shared import opening


class Relaying:
    """Carries news turn by turn. A server that does not answer is asked again the next turn."""

    def __init__(self, street: Street) -> None:
        self._path = street.folder / "relay.json"
        self._journal = opening.journal(street.settings)
        self._broken = ""

    def turn(self) -> None:
        """Carry what is new. Says once that it cannot, and once that it can again."""
        try:
            relay_from(self._journal, self._path)
        except Exception as wrong:
            if not self._broken:
                print(f"News cannot be carried: {wrong}", file=sys.stderr, flush=True)
            self._broken = str(wrong)
            return
        if self._broken:
            print("News are carried again", flush=True)
        self._broken = ""
