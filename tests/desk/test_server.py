"""The desk's words with a server: a stand-in that answers as Prefect's does, and none at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tasks.desk.server import Server
from tasks.shared.settings import Operations, Settings

PLAN = "ab" * 32
RUN = {"id": "11111111-1111-1111-1111-111111111111", "name": "reconciliation-2026-01",
       "state": {"state_details": {"pause_key": f"{PLAN}-0f0f"}}}  # fmt: skip


class Answers(BaseHTTPRequestHandler):
    asked: list[tuple[str, Any, str]]
    status: int
    busy: list[int]
    """Codes that it answers with before it is itself again."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        self.asked.append((self.path, body, self.headers.get("Authorization", "")))
        said = [RUN] if self.path.endswith("/filter") else {"status": "ACCEPT"}
        self.send_response(self.busy.pop() if self.busy else self.status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def prefect() -> Iterator[tuple[str, type[Answers]]]:
    answers = type("Own", (Answers,), {"asked": [], "status": 200, "busy": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api", answers
        server.shutdown()


def test_a_busy_server_is_asked_again(prefect) -> None:
    address, answers = prefect
    answers.busy = [503, 503]
    assert Server(address).plan_of(RUN["name"]) == PLAN and len(answers.asked) == 3


@pytest.mark.parametrize("word", [RUN["id"], RUN["name"]])
def test_a_run_is_known_by_id_or_name(prefect, word: str) -> None:
    address, _ = prefect
    assert Server(address).plan_of(word) == PLAN
    assert Server(address).plan_of("another") == ""


def test_only_the_run_that_waits_for_the_plan_is_woken(prefect) -> None:
    address, answers = prefect
    assert Server(address).wake("cd" * 32) == []
    assert Server(address).wake(PLAN) == [RUN["name"]]
    path, body, _ = answers.asked[-1]
    assert path == f"/api/flow_runs/{RUN['id']}/resume" and body == {"run_input": {}}


def test_the_password_goes_with_it(prefect, house: Settings, tmp_path) -> None:
    address, answers = prefect
    path = tmp_path / "auth"
    path.write_text("ops:secret\n")
    wanted = Operations(address=address, auth_file=path)
    Server.of(house.model_copy(update={"operations": wanted})).wake(PLAN)
    assert answers.asked[0][2] == "Basic b3BzOnNlY3JldA=="


def test_without_a_server_nothing_is_known_and_nothing_fails(house: Settings, prefect) -> None:
    assert Server.of(house).wake(PLAN) == [] and Server.of(house).plan_of("x") == ""
    assert Server("http://127.0.0.1:1/api").wake(PLAN) == []
    address, answers = prefect
    answers.status = 500
    assert Server(address).wake(PLAN) == []


def test_this_machines_server_is_found_by_what_up_left(house: Settings, prefect) -> None:
    address, _ = prefect
    (house.home / "street").mkdir()
    (house.home / "street" / "up.address").write_text(address)
    assert Server.of(house).plan_of(RUN["name"]) == PLAN
