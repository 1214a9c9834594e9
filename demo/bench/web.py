"""A real web server in a process of its own, and clients that cost as little as can be."""

import gzip
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from portal.embedded import servers

HOST = "127.0.0.1"
START_TIMEOUT = 60  # seconds


class WebError(Exception):
    """The web server does not start, or answers with anything but the page."""


@dataclass(frozen=True, slots=True)
class Answer:
    ms: float  # within the server, from request to finished answer
    sql: int
    body: bytes

    @property
    def kb_gz(self) -> float:
        return len(gzip.compress(self.body, 6)) / 1000


@dataclass(frozen=True, slots=True)
class Crowd:
    """What many clients at once saw."""

    per_second: float
    ms: list[float]  # as each client waited


@contextmanager
def web_server(environment: dict[str, str]) -> Iterator[int]:
    """gunicorn with the workers of production; yields its port."""
    port = _free_port()
    workers = (os.cpu_count() or 1) + 1
    argv = [
        sys.executable, "-m", "gunicorn", "demo.bench.wsgi", f"--bind={HOST}:{port}",
        f"--workers={workers}", "--worker-class=portal.worker.BufferingWorker", "--threads=4",
        "--preload", "--log-level=warning", "--no-control-socket",
    ]  # fmt: skip
    log = Path(environment["PORTAL_VAR"]) / f"web-{port}.log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            servers.tethered(argv), cwd=settings.BASE_DIR, env=environment, stdout=file, stderr=file
        )
    try:
        _wait(server, port)
        yield port
    except WebError as error:
        raise WebError(f"{error}\n{log.read_text(errors='replace')[-4000:]}") from error
    finally:
        server.terminate()
        server.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise WebError("the web server does not start")


def request_bytes(path: str, session_key: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1", f"Host: {HOST}", f"Cookie: sessionid={session_key}", "Connection: close",
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def fetch(port: int, request: bytes) -> Answer:
    """One request on a connection of its own. WebError for anything but 200."""
    head, body = _exchange(port, request)
    status, *lines = head.decode("latin-1").split("\r\n")
    if status.split()[1] != "200":
        asked = request.split(b"\r\n", 1)[0].decode()
        raise WebError(
            f"{asked}: {status}\n{head.decode('latin-1')}\n{body[-3000:].decode(errors='replace')}"
        )
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(float(headers["x-bench-ms"]), int(headers["x-bench-sql"]), body)


def _exchange(port: int, request: bytes) -> tuple[bytes, bytes]:
    parts = []
    with socket.create_connection((HOST, port), timeout=60) as connection:
        connection.sendall(request)
        while part := connection.recv(262_144):
            parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    return head, body


def crowd(port: int, request: bytes, *, clients: int, seconds: float, most: int) -> Crowd:
    """So many clients at once, each asking again when answered; ends after the time or `most` answers."""
    waited: list[float] = []
    failed: list[Exception] = []
    started = time.perf_counter()
    deadline = started + seconds

    def client() -> None:
        while time.perf_counter() < deadline and len(waited) < most and not failed:
            asked = time.perf_counter()
            try:
                fetch(port, request)
            except (OSError, WebError) as error:
                failed.append(error)
                return
            waited.append(1000 * (time.perf_counter() - asked))

    threads = [threading.Thread(target=client, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return Crowd(len(waited) / (time.perf_counter() - started), waited)
