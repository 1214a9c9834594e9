"""`make demo`: demo vendors behind a real web server, worker and scheduler, until Ctrl-C."""

import atexit
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from portal import embedded
from portal.embedded import place as embedded_place
from portal.embedded import servers

HOST = "127.0.0.1"  # the demo's passwords are printed, so it serves this machine only
START_TIMEOUT = 60  # seconds
STOP_TIMEOUT = 15  # seconds; a task cut short is delivered again
POLL = 0.2  # seconds
MOST_DEATHS = 5  # of one program; what keeps dying has a reason to be read


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


class Command(BaseCommand):
    help = "Run the portal with demo vendors until Ctrl-C."
    requires_system_checks: list[str] = []  # the database they look at is only made below

    def add_arguments(self, parser: CommandParser) -> None:
        default = os.environ.get("PORT") or "8000"
        parser.add_argument("--port", type=int, default=int(default), help=f"default: PORT or {default}")
        parser.add_argument("--reset", action="store_true", help="start from an empty demo database")

    def handle(self, *, port: int, reset: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo needs DEMO=1 in the environment; its passwords are public.")
        _check_port_is_free(port)
        _take_the_terminal()
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            self.prepare(_base_url(port), reset=reset)
            self.serve(port, processes)
        except Stopped:
            self.stdout.write("\nStopping ...")
        finally:
            _end(list(processes.values()))
        self.stdout.write("Stopped. `make demo` resumes, `make demo-reset` starts afresh.")

    def prepare(self, base_url: str, *, reset: bool) -> None:
        if reset:
            self.step("Emptying the demo database", _empty_demo)
        self.step("Preparing the database", lambda: call_command("migrate", verbosity=0, interactive=False))
        self.step("Collecting static files", _collect_static)
        call_command("load_demo", base_url=base_url)
        connections.close_all()

    def serve(self, port: int, processes: dict[str, subprocess.Popen[bytes]]) -> None:
        logs = settings.VAR_DIR / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        programs, deaths = _programs(port), dict.fromkeys(_programs(port), 0)
        for name, argv in programs.items():
            processes[name] = _start(argv, logs / f"{name}.log", port)
        self.step("Starting web, worker and beat", lambda: _wait_for_web(port, processes, logs))
        self.announce(port)
        while True:
            for name in _dead(processes):
                deaths[name] += 1
                if deaths[name] > MOST_DEATHS:
                    _check_alive(processes, logs)
                self.stdout.write(f"{name} ended (status {processes[name].returncode}); starting it again")
                processes[name] = _start(programs[name], logs / f"{name}.log", port)
            time.sleep(POLL)

    def announce(self, port: int) -> None:
        self.stdout.write(
            self.style.SUCCESS(f"\nReady: {_base_url(port)}")
            + f"\nLogins are listed above and in {settings.VAR_DIR / 'demo.json'}; logs are in"
            + f" {settings.VAR_DIR / 'logs'}. Ctrl-C stops everything.\n"
        )

    def step(self, what: str, do: Callable[[], object]) -> None:
        self.stdout.write(f"{what} ... ", ending="")
        self.stdout.flush()
        started = time.monotonic()
        do()
        self.stdout.write(f"{time.monotonic() - started:.1f} s")


def _take_the_terminal() -> None:
    """Become the terminal's foreground group, so that Ctrl-C reaches us alone.

    GNU make ends by the signal it gets, whatever its command does; undisturbed, it ends with our status 0.
    """
    if not sys.stdin.isatty() or os.getpgrp() == os.getpid():
        return
    before = os.getpgrp()
    for stop in (signal.SIGTTOU, signal.SIGTSTP):  # nobody could wake us: make would still be waiting
        signal.signal(stop, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
    atexit.register(os.tcsetpgrp, sys.stdin.fileno(), before)


def _stop(signum: int, frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C must not interrupt the stopping.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Stopped


def _base_url(port: int) -> str:
    return f"http://localhost:{port}"


def _check_port_is_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise CommandError(f"Port {port}: {error}. Choose another one: make demo PORT=8001") from error


def _empty_demo() -> None:
    place = embedded_place.default_place()
    if os.environ["DATABASE_URL"] != place.addresses()["DATABASE_URL"]:
        raise CommandError("Only the embedded database is ever emptied; this one is named by DATABASE_URL.")
    embedded.empty_database()
    for folder in ("media", "mail", "logs"):
        shutil.rmtree(settings.VAR_DIR / folder, ignore_errors=True)
    (settings.VAR_DIR / "demo.json").unlink(missing_ok=True)


def _collect_static() -> None:
    """Collect and compress, which takes seconds, only when a file has changed."""
    mark = settings.STATIC_ROOT / ".collected"
    found = _static_fingerprint()
    if mark.exists() and mark.read_text() == found:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    mark.write_text(found)


def _static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _programs(port: int) -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    workers = (os.cpu_count() or 1) + 1
    return {
        "web": [
            *python,
            "gunicorn",
            "portal.wsgi",
            f"--bind={HOST}:{port}",
            f"--workers={workers}",
            "--worker-class=portal.worker.BufferingWorker",
            "--threads=4",
            "--preload",
            "--graceful-timeout=5",
            "--log-level=warning",
            "--no-control-socket",
        ],
        "worker": [*python, "celery", "--app=portal.celery", "worker", "--concurrency=2", "--loglevel=INFO"],
        "beat": [*python, "celery", "--app=portal.celery", "beat", "--loglevel=INFO", "--pidfile="],
    }


def _start(argv: list[str], log: Path, port: int) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches only us; tethered, so that it never outlives us."""
    with log.open("ab") as file:  # what was said before stays
        return subprocess.Popen(
            servers.tethered(argv),
            cwd=settings.BASE_DIR,
            env={**os.environ, "BASE_URL": _base_url(port)},  # for links in e-mails
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def _wait_for_web(port: int, processes: dict[str, subprocess.Popen[bytes]], logs: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not _answers(port):
        _check_alive(processes, logs)
        if time.monotonic() > deadline:
            raise CommandError(f"The web server does not answer.\n{_tail(logs / 'web.log')}")
        time.sleep(POLL)


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _dead(processes: dict[str, subprocess.Popen[bytes]]) -> list[str]:
    return [name for name, process in processes.items() if process.poll() is not None]


def _check_alive(processes: dict[str, subprocess.Popen[bytes]], logs: Path) -> None:
    for name in _dead(processes):
        log, status = logs / f"{name}.log", processes[name].returncode
        raise CommandError(f"{name} ended unexpectedly (status {status}).\n{_tail(log)}")


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join([*log.read_text(errors="replace").splitlines()[-lines:], f"(from {log})"])


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask politely, all at once; then end whole process groups."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
