"""Where one pair of servers lives, who may enter, and which lock says what."""

import fcntl
import hashlib
import os
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2.extensions import connection

DATABASE = "portal"
OWNER_ROLE = "portal_owner"
APP_ROLE = "portal_app"
ROLES = {
    OWNER_ROLE: "LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS",
    APP_ROLE: "LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS",
}
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 108 on Linux and 104 on macOS


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
        return read_pid(self.data / "postmaster.pid")

    def redis_pid(self) -> int | None:
        return read_pid(self.redis / "redis.pid")


def var_folder() -> Path:
    """Where everything this checkout keeps at run time lives: `var/`, or what PORTAL_VAR names."""
    named = os.environ.get("PORTAL_VAR")
    folder = Path(named) if named else Path(__file__).resolve().parent.parent.parent / "var"
    return folder.expanduser().resolve()


def default_place() -> Place:
    return Place(var_folder() / "embedded")


def provision(place: Place) -> None:
    """Create the roles, then the database: once it can be entered, everything is there."""
    with closing(place.connect()) as superuser, superuser.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        known = {name for (name,) in cursor.fetchall()}
        for role, rights in ROLES.items():
            cursor.execute(f"{'ALTER' if role in known else 'CREATE'} ROLE {role} {rights}")
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.rowcount == 0:
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")


def answers(place: Place) -> bool:
    """True when both servers answer as the application will ask them."""
    try:
        place.connect(APP_ROLE, DATABASE).close()
        return ask_redis(place, "PING") == b"+PONG"
    except (psycopg2.OperationalError, OSError):
        return False


def ask_redis(place: Place, command: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(place.redis_socket))
        client.sendall(f"{command}\r\n".encode())
        return client.recv(64).strip()


def log_tail(place: Place, lines: int = 15) -> str:
    text = place.log.read_text(errors="replace") if place.log.exists() else ""
    return "\n".join([*text.splitlines()[-lines:], f"(from {place.log})"])


def lock(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def try_lock(path: Path) -> int | None:
    try:
        return lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
