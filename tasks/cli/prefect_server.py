"""The desk's few words with a Prefect server, where one runs: which run waits for which plan, and that
it may go on. Plain HTTP, since the desk has no Prefect; without a server nothing is lost.

The server wants a password on each call, and on each POST a CSRF token besides, which it hands out to
the client id that asks for it (Prefect 3.8 `server/api/csrf_token.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tasks.core.messages import Reason
from tasks.operations.api import ServerAccess

if TYPE_CHECKING:
    from tasks.core.settings import Settings

_SECONDS = 5.0


@dataclass(frozen=True)
class WaitingRun:
    """A run that is suspended, and the plan it waits for."""

    id: str
    name: str
    plan: str


class PrefectServer:
    """The server at `address`, the API's; empty if none is known here. `refusal`: why
    the server refuses the password of this machine; None if it does not, or was not asked yet."""

    def __init__(self, address: str, access: ServerAccess | None = None, ca_file: Path | None = None) -> None:
        self._address, self._ca = address, str(ca_file) if ca_file else None
        self._access, self._client, self._token = access or ServerAccess(), str(uuid4()), ""
        self.refusal: Reason | None = None

    @classmethod
    def of(cls, settings: Settings) -> PrefectServer:
        """The server of `[operations] address`, else the one that runs on this machine."""
        from tasks.operations.api import OperationsSettings

        table = settings(OperationsSettings)
        address = table.address or _here(settings.home)
        return cls(address, ServerAccess.of(settings), table.ca_file)

    def plan_of(self, run: str) -> str:
        """The plan that a run waits for, by the run's name or id; empty if none is known so."""
        plans = [waiting.plan for waiting in self._waiting() if run in (waiting.id, waiting.name)]
        return plans[0] if len(set(plans)) == 1 else ""

    def wake(self, plan: str) -> list[str]:
        """Let the runs that wait for this plan look again; returns their names."""
        woken: list[str] = []
        for run in self._waiting():
            if run.plan == plan and self._post(f"/flow_runs/{run.id}/resume", {"run_input": {}}):
                woken.append(run.name)
        return woken

    def _waiting(self) -> list[WaitingRun]:
        query = {"flow_runs": {"state": {"name": {"any_": ["Suspended"]}}}, "limit": 200}
        runs: list[dict[str, Any]] = self._post("/flow_runs/filter", query) or []
        return [WaitingRun(flow_run["id"], flow_run["name"], _plan(flow_run)) for flow_run in runs]

    def _post(self, path: str, body: Any) -> Any:
        """The answer as JSON; None if there is no server, it does not answer, or refuses."""
        if not self._address or self.refusal:
            return None
        import urllib3

        try:
            # a busy server says 503, or lets one wait; one that is gone is asked once
            again = urllib3.Retry(
                connect=0,
                read=2,
                redirect=0,
                status=3,
                other=0,
                status_forcelist=[503],
                allowed_methods=None,
                backoff_factor=1,
                raise_on_status=False,
            )
            with urllib3.PoolManager(ca_certs=self._ca, retries=again, timeout=_SECONDS) as pool:
                answer = pool.request("POST", self._address + path, body=json.dumps(body), headers=self._headers(pool))
            return json.loads(answer.data) if self._taken(answer.status) else None
        except (urllib3.exceptions.HTTPError, ValueError):
            return None

    def _headers(self, pool: Any) -> dict[str, str]:
        """Password and CSRF token. A server without CSRF protection has no token to give."""
        headers = {"Content-Type": "application/json", **self._access.headers()}
        if not self._token:
            url = f"{self._address}/csrf-token?client={self._client}"
            answer = pool.request("GET", url, headers=headers)
            self._token = json.loads(answer.data)["token"] if self._taken(answer.status) else ""
        if self._token:
            headers |= {"Prefect-Csrf-Token": self._token, "Prefect-Csrf-Client": self._client}
        return headers

    def _taken(self, status: int) -> bool:
        if status == 401:
            self.refusal = self._access.refused_by(self._address)
        return status < 300


def _plan(run: dict[str, Any]) -> str:
    state: dict[str, Any] = run.get("state") or {}
    details: dict[str, Any] = state.get("state_details") or {}
    return str(details.get("pause_key") or "").partition("-")[0]


def _here(home: Path) -> str:
    """What `continuity up` left about where it listens."""
    try:
        return (home / "street" / "up.address").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
