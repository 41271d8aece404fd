"""`python -m tasks.drill`: the drill in this process; exit 0 if it went through, 1 if something did not hold."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

from tasks.core import clock


def main() -> int:
    parser = argparse.ArgumentParser(prog="continuity drill")
    parser.add_argument("--home", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--start", help="start its clock then: 2026-11-30T14:00:00.0Z")
    arguments = parser.parse_args()
    if Path(arguments.out).exists() and any(Path(arguments.out).iterdir()):
        print(f"{arguments.out} is not empty; name a new folder with --out", file=sys.stderr)
        return 2
    # flows lie above this package: by name, as a deployment starts them
    drill = import_module("flows.drill").drill
    with clock.started(clock.parse(arguments.start)) if arguments.start else nullcontext():
        state = drill(arguments.home, arguments.out, return_state=True)
    if not state.is_completed():
        print(state.message, file=sys.stderr)
        return 1
    print(f"\nThe drill ended. Leaf through {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
