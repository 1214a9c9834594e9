"""`manage.py demo` with real processes: it starts, resumes, stops clean, and says what went wrong."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from portal import embedded
from tests.support.patience import patient
from tests.support.processes import place_of, servers_of, wait_until

PROJECT = Path(__file__).resolve().parents[2]
START = 120  # seconds until the page is there, on a machine that does nothing else

pytestmark = pytest.mark.xdist_group("demo")


class Demo:
    def __init__(self, var: Path, port: int) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in embedded.ADDRESSES}
        self.var, self.port = var, port
        self.output = var.parent / "demo-output"
        with self.output.open("wb") as output:
            self.process = psutil.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=PROJECT,
                env={**inherited, "PORTAL_VAR": str(var), "PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def until_ready(self) -> "Demo":
        wait_until(lambda: "Ready:" in self.said() or not self.is_running(), "the demo is ready", START)
        assert self.is_running(), self.said()
        return self

    def is_running(self) -> bool:
        return self.process.poll() is None

    def status(self, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=patient(30))
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def program(self, name: str) -> psutil.Process:
        """One of the supervised programs by a word of its command line."""
        return next(child for child in self.process.children() if name in child.cmdline())

    def family(self) -> list[psutil.Process]:
        return [*self.process.children(recursive=True), *servers_of(place_of(self.var))]


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests here: only the first start has to fill it."""
    return tmp_path_factory.mktemp("demo") / "var"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(var: Path, port: int) -> Iterator[Callable[[], Demo]]:
    demos: list[Demo] = []

    def run() -> Demo:
        demos.append(Demo(var, port))
        return demos[-1]

    yield run
    for demo in demos:
        family = demo.family() if demo.is_running() else []
        if demo.is_running():
            demo.process.kill()
            demo.process.wait()
        wait_until(lambda family=family: all_gone(family), "a killed demo leaves nothing behind")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serves_and_stops_clean(start, var, how):
    demo = start().until_ready()
    assert demo.status("/healthz") == 200
    logins = json.loads((var / "demo.json").read_text())["logins"]
    assert {"email", "password", "url", "role", "vendor"} <= set(logins[0])
    family = demo.family()
    assert len(family) > 8

    demo.process.send_signal(how)
    assert demo.process.wait(patient(60)) == 0
    wait_until(lambda: all_gone(family), "web, worker, beat and servers have gone")


def test_a_program_that_dies_is_named_and_started_again(start, var):
    demo = start().until_ready()
    log = var / "logs" / "worker.log"
    wait_until(lambda: log.stat().st_size > 0, "the worker has said something")
    before, worker = log.read_text(), demo.program("worker")
    worker.kill()
    wait_until(lambda: "worker ended" in demo.said(), "it is named")
    wait_until(lambda: demo.program("worker").pid != worker.pid, "there is another one")
    assert demo.status("/healthz") == 200
    assert log.read_text().startswith(before), "what it had said is still there"


def test_nothing_outlives_a_killed_demo(start):
    demo = start().until_ready()
    family = demo.family()
    demo.process.kill()
    wait_until(lambda: all_gone(family), "nothing is left after kill -9")


def test_a_port_in_use_is_reported_at_once(start, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        demo = start()
        assert demo.process.wait(patient(60)) == 1
    assert f"Port {port}" in demo.said()
    assert "PORT=" in demo.said()


def test_only_the_embedded_database_is_ever_emptied(tmp_path, port):
    result = subprocess.run(
        [sys.executable, "manage.py", "demo", "--reset"],
        cwd=PROJECT,
        # DATABASE_URL names the suite's server here, and PORTAL_VAR a folder without one.
        env={**os.environ, "PORTAL_VAR": str(tmp_path), "PORT": str(port)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 1
    assert "Only the embedded database is ever emptied" in result.stderr
