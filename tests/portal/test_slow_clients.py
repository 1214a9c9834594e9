"""gunicorn with our worker, on the loopback: slow, silent and huge clients do not hold up the others."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from tests.support.processes import wait_until

PROJECT = Path(__file__).resolve().parent.parent.parent
SLOW = 200
MB = 2**20


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("gunicorn") / "log").open("wb")
    server = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "tests.support.wsgi", f"--bind=127.0.0.1:{port}", "--workers=2",
            "--threads=4", "--worker-class=portal.worker.BufferingWorker", "--no-control-socket",
        ],
        cwd=PROJECT, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        wait_until(lambda: answers(port), "gunicorn answers")
        yield port
    finally:
        server.terminate()
        server.wait(30)


def answers(port: int) -> bool:
    try:
        return ask(port)[0] == 200
    except OSError:
        return False


def ask(port: int, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, "/here", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["silent", "half a head", "half a body", "half a chunk"],
)
def test_two_hundred_slow_connections_hold_nobody_up(port: int, said: bytes) -> None:
    with ExitStack() as open_ones:
        for _ in range(SLOW):
            slow = open_ones.enter_context(closing(connected(port)))
            slow.sendall(said)
        began = time.monotonic()
        for _ in range(5):
            assert ask(port) == (200, "GET /here 0")
        assert time.monotonic() - began < 5


def test_a_huge_upload_is_refused_before_it_is_sent(port: int) -> None:
    with closing(connected(port)) as client:
        client.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {200 * MB}\r\n\r\n".encode())
        client.sendall(b"x" * 10_000)
        answer = HTTPResponse(client)
        answer.begin()
        assert answer.status == 413
        assert "larger than the portal takes" in answer.read().decode()


def test_without_a_length_it_is_refused_once_it_is_too_large(port: int) -> None:
    with closing(connected(port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * MB + b"\r\n"
        sent = 0
        try:
            while sent < 200:
                client.sendall(chunk)
                sent += 1
        except OSError:  # refused meanwhile
            pass
        assert sent < 130


def test_a_head_without_end_is_refused(port: int) -> None:
    with closing(connected(port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000)
        answer = HTTPResponse(client)
        answer.begin()
        assert answer.status == 431


@pytest.mark.parametrize("size", [0, 1, 100_000, 5 * MB])
def test_bodies_arrive_whole(port: int, size: int) -> None:
    assert ask(port, "POST", b"x" * size) == (200, f"POST /here {size}")


def test_in_pieces_chunked_and_after_continue(port: int) -> None:
    with closing(connected(port)) as client:
        for piece in (b"POST /slow HTT", b"P/1.1\r\nHost: x\r\nContent-", b"Length: 4\r\n\r", b"\nab", b"cd"):
            client.sendall(piece)
            time.sleep(0.05)
        answer = HTTPResponse(client)
        answer.begin()
        assert answer.read() == b"POST /slow 4"
    with closing(connected(port)) as client:
        client.sendall(
            b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        )
        answer = HTTPResponse(client)
        answer.begin()
        assert answer.read() == b"POST /c 5"
    with closing(connected(port)) as client:
        client.sendall(b"POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"ab")
        answer = HTTPResponse(client)
        answer.begin()
        assert answer.read().endswith(b"POST /e 2")
