"""The desk's words with a server: a stand-in that answers as Prefect's does, and none at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tasks.cli.prefect_server import PrefectServer
from tasks.core.settings import Settings
from tasks.operations.settings import OperationsSettings

PLAN = "ab" * 32
RUN = {"id": "11111111-1111-1111-1111-111111111111", "name": "reconciliation-2026-01",
       "state": {"state_details": {"pause_key": f"{PLAN}-0f0f"}}}  # fmt: skip


class Answers(BaseHTTPRequestHandler):
    asked: list[tuple[str, Any, str]]
    token: str
    """The CSRF token that each POST must bear; empty for a server without such protection."""
    password: str
    """The Authorization header that each call must bear; empty for a server without a password."""
    status: int
    busy: list[int]
    """Codes that it answers with before it is itself again."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        self.asked.append((self.path, body, self.headers.get("Authorization", "")))
        if refused := self._refused():
            self.send_response(refused)
            self.end_headers()
            return
        said = [RUN] if self.path.endswith("/filter") else {"status": "ACCEPT"}
        self.send_response(self.busy.pop() if self.busy else self.status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def do_GET(self) -> None:
        known = self.path.startswith("/api/csrf-token?client=") and self.token
        denied = self.password and self.headers.get("Authorization") != self.password
        self.send_response(401 if denied else 200 if known else 422)
        self.end_headers()
        if known and not denied:
            type(self).client = self.path.partition("=")[2]
            self.wfile.write(json.dumps({"token": self.token, "client": self.client}).encode())

    def _refused(self) -> int:
        """As Prefect's server does: the token is looked at before the password."""
        sent = (self.headers.get("Prefect-Csrf-Token"), self.headers.get("Prefect-Csrf-Client"))
        if self.token and sent != (self.token, self.client):
            return 403
        return 401 if self.password and self.headers.get("Authorization") != self.password else 0

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def prefect() -> Iterator[tuple[str, type[Answers]]]:
    own = {"asked": [], "status": 200, "busy": [], "token": "", "password": "", "client": ""}
    answers = type("Own", (Answers,), own)
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api", answers
        server.shutdown()


def test_a_busy_server_is_asked_again(prefect) -> None:
    address, answers = prefect
    answers.busy = [503, 503]
    assert PrefectServer(address).plan_of(RUN["name"]) == PLAN and len(answers.asked) == 3


@pytest.mark.parametrize("word", [RUN["id"], RUN["name"]])
def test_a_run_is_known_by_id_or_name(prefect, word: str) -> None:
    address, _ = prefect
    assert PrefectServer(address).plan_of(word) == PLAN
    assert PrefectServer(address).plan_of("another") == ""


def test_only_the_run_that_waits_for_the_plan_is_woken(prefect) -> None:
    address, answers = prefect
    assert PrefectServer(address).wake("cd" * 32) == []
    assert PrefectServer(address).wake(PLAN) == [RUN["name"]]
    path, body, _ = answers.asked[-1]
    assert path == f"/api/flow_runs/{RUN['id']}/resume" and body == {"run_input": {}}


def test_the_password_goes_with_it(prefect, house: Settings, tmp_path) -> None:
    address, answers = prefect
    path = tmp_path / "auth"
    path.write_text("ops:secret\n")
    wanted = OperationsSettings(address=address, auth_file=path)
    PrefectServer.of(house.model_copy(update={"operations": wanted})).wake(PLAN)
    assert answers.asked[0][2] == "Basic b3BzOnNlY3JldA=="


def test_a_csrf_token_goes_with_it(prefect) -> None:
    address, answers = prefect
    answers.token = "0f" * 32
    server = PrefectServer(address)
    assert server.plan_of(RUN["name"]) == PLAN and server.wake(PLAN) == [RUN["name"]]
    assert server.refusal is None


def test_a_server_that_refuses_the_password_is_named_with_what_to_do(
    prefect, house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, answers = prefect
    answers.token, answers.password = "0f" * 32, "Basic b3BzOnNlY3JldA=="
    settings = house.model_copy(update={"operations": OperationsSettings(address=address)})
    server = PrefectServer.of(settings)
    assert server.plan_of(RUN["name"]) == "" and server.refusal
    assert server.refusal.code == "server-password-not-set"
    assert server.refusal.values["address"] == address
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ops:guess")
    server = PrefectServer.of(settings)
    assert server.wake(PLAN) == [] and server.refusal
    assert server.refusal.code == "server-password-refused"
    assert server.refusal.values["source"] == "PREFECT_API_AUTH_STRING"
    assert "guess" not in str(server.refusal)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ops:secret")
    server = PrefectServer.of(settings)
    assert server.plan_of(RUN["name"]) == PLAN and server.refusal is None
    # the server of this home is asked with this home's password, whatever the variable says
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "somebody:else")
    (house.home / "street").mkdir()
    (house.home / "street" / "password").write_text("ops:secret")
    assert PrefectServer.of(settings).plan_of(RUN["name"]) == PLAN


def test_without_a_server_nothing_is_known_and_nothing_fails(house: Settings, prefect) -> None:
    assert PrefectServer.of(house).wake(PLAN) == [] and PrefectServer.of(house).plan_of("x") == ""
    assert PrefectServer("http://127.0.0.1:1/api").wake(PLAN) == []
    address, answers = prefect
    answers.status = 500
    assert PrefectServer(address).wake(PLAN) == []


def test_this_machines_server_is_found_by_what_up_left(house: Settings, prefect) -> None:
    address, _ = prefect
    (house.home / "street").mkdir()
    (house.home / "street" / "up.address").write_text(address)
    assert PrefectServer.of(house).plan_of(RUN["name"]) == PLAN
