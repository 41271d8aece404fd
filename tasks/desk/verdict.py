"""What is said of a signed folder that was looked at."""

from __future__ import annotations

from typing import Any

import typer

from tasks.desk.context import say, show


def tell(found: Any, head: dict[str, int], *, known: bool, as_json: bool) -> None:
    """Say an `evidence_verify.Verdict` and end with 1 where it does not hold. `head`: what is told
    beside it, by name; `known`: the signer's key was given, got another way."""
    if as_json:
        show([{"ok": found.ok, "what": found.what, "made": found.made, "key": found.key, **head,
               "problems": [one.as_dict() for one in found.problems]}], as_json=True)  # fmt: skip
    else:
        more = "".join(f", journal {name} {value}" for name, value in head.items())
        say(f"{found.what}, made {found.made[:16]}Z{more}")
        for problem in found.problems:
            say(f"  {problem}")
        say("DOES NOT HOLD" if found.problems else f"holds; signed with the key {found.key}")
        if not known:
            say("No key was given: make sure by telephone that this fingerprint is the broker's")
    raise typer.Exit(0 if found.ok else 1)
