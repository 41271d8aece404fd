"""The whole exercise on the sample brokerage: what a broker goes through, in the order she does.

Everything it makes is marked DRILL, nothing is sent outside: the ACE on the other side is the
simulator.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.runtime import deployment
from prefect.states import Failed

from flows.reconciliation import reconciliation
from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.drill.api import play_drill, without_broker_settings
from tasks.operations.api import report_failure
from tasks.status.steps import read_status


@flow(name="drill", flow_run_name="drill", description=__doc__, on_failure=[report_failure])
def drill(home: str = "", out: str = "", into: str = "") -> dict[str, Any] | State[Any]:
    """Runs every chapter; leaves report, accounting, batches, journal and the story in `out`. Ends
    failed if something did not hold, though every chapter was played.

    `home`: a folder that does not exist yet, for a made-up brokerage; empty: one that is gone
    afterwards. `out`: likewise, for a person to leaf through; empty: a dated one in `into`.
    """
    if deployment.id and not (out or into):
        # where a worker starts a run is gone when that ends
        raise BadInput("drill-output-folder-changed")
    out = out or str(Path(into or ".").absolute() / f"drill-{clock.stamp()}")
    if home and not deployment.id:
        summary = play_drill(home, out, reconciliation, read_status)
    else:
        with tempfile.TemporaryDirectory(prefix="continuity-drill-") as scratch, without_broker_settings():
            summary = play_drill(home or f"{scratch}/home", out, reconciliation, read_status)
    if summary["good"]:
        return summary
    return Failed(message=f"Something did not hold: read 'What came of it' in {out}/what-happened.txt")
