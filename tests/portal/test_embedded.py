"""The embedded servers with real processes: started, joined, orphaned, crashed, and gone at the end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

from portal import embedded
from portal.embedded import place
from portal.embedded.place import Place
from tests.support.patience import patient
from tests.support.processes import PATIENCE, place_of, servers_of, wait_until

PROJECT = Path(__file__).resolve().parents[2]
USER = """
import os, sys
from portal import embedded
embedded.join()
print(os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"], os.environ["REDIS_URL"], flush=True)
sys.stdin.read()
"""


class User:
    """A process that joins the servers below `var` and stays until its input is closed."""

    def __init__(self, var: Path, **environment: str) -> None:
        inherited = {k: v for k, v in os.environ.items() if k not in embedded.ADDRESSES}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER],
            cwd=PROJECT,
            env={**inherited, "PORTAL_VAR": str(var), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def addresses(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()

    def leave(self) -> None:
        self.process.communicate("", timeout=patient(PATIENCE))

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "var"
    yield folder
    if (folder / "embedded").exists():
        wait_until(lambda: not servers_of(place_of(folder)), "the servers are stopped at the end of the test")


@pytest.fixture
def join(var: Path) -> Iterator[Callable[..., User]]:
    users: list[User] = []

    def start(folder: Path = var, **environment: str) -> User:
        users.append(User(folder, **environment))
        return users[-1]

    yield start
    for user in users:
        with suppress(ProcessLookupError):
            user.kill()


def query(address: str, sql: str) -> list[tuple]:
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def can_query(address: str) -> bool:
    try:
        return query(address, "SELECT 1") == [(1,)]
    except psycopg2.OperationalError:
        return False


def test_both_database_roles_are_unprivileged_and_only_the_owner_owns(var, join):
    app, owner, _redis = join().addresses()
    rights = "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
    mine = f"{rights} FROM pg_roles WHERE rolname = current_user"
    assert query(app, mine) == [("portal_app", False, False, False, False)]
    assert query(owner, mine) == [("portal_owner", False, False, False, True)]
    assert query(app, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'portal'") == [
        ("portal_owner",)
    ]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(app, "CREATE TABLE mine (id int)")


def test_nothing_listens_on_the_network(var, join):
    join().addresses()
    listening = [c for p in servers_of(place_of(var)) for c in p.net_connections("inet")]
    assert listening == []


def test_second_user_joins_and_the_last_one_turns_off_the_light(var, join):
    first = join()
    addresses = first.addresses()
    postmaster = place_of(var).postmaster_pid()
    second = join()
    assert second.addresses() == addresses
    assert place_of(var).postmaster_pid() == postmaster

    first.leave()
    time.sleep(1)
    assert can_query(addresses[0])

    second.leave()
    wait_until(lambda: not servers_of(place_of(var)), "the servers have gone with their last user")


def test_many_starting_at_once_share_one_server(var, join):
    users = [join() for _ in range(6)]
    assert len({tuple(user.addresses()) for user in users}) == 1
    postmasters = [p for p in servers_of(place_of(var)) if "-D" in p.cmdline()]
    assert [p.pid for p in postmasters] == [place_of(var).postmaster_pid()]


def test_nothing_is_left_after_kill_9_of_the_last_user(var, join):
    user = join()
    user.addresses()
    assert servers_of(place_of(var))
    user.kill()
    wait_until(lambda: not servers_of(place_of(var)), "the servers have gone after kill -9 of their user")


def test_joining_while_the_servers_shut_down_gets_running_ones(var, join):
    for _ in range(3):
        user = join()
        app = user.addresses()[0]
        assert can_query(app)
        user.kill()  # the keeper notices within a moment; the next one joins right in it


@pytest.mark.parametrize("victim", [Place.postmaster_pid, Place.redis_pid], ids=["postgres", "redis"])
def test_a_killed_server_comes_back_with_its_data(var, join, victim):
    user = join()
    app, owner, redis_url = user.addresses()
    with closing(psycopg2.connect(owner)) as connection:
        connection.cursor().execute("CREATE TABLE kept AS SELECT 7 AS n")
        connection.commit()
    pid = victim(place_of(var))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: victim(place_of(var)) not in (None, pid), "the keeper has started the server again")
    wait_until(lambda: can_query(app), "PostgreSQL answers")
    assert query(owner, "SELECT n FROM kept") == [(7,)]
    assert join().addresses() == [app, owner, redis_url]


def test_servers_do_not_outlive_a_killed_keeper_and_the_next_user_starts_afresh(var, join):
    app = join().addresses()[0]
    keeper = next(p for p in servers_of(place_of(var)) if "portal.embedded.keeper" in p.cmdline())
    before = place_of(var).postmaster_pid()
    keeper.kill()
    join().addresses()
    assert can_query(app)
    assert place_of(var).postmaster_pid() != before
    assert len([p for p in servers_of(place_of(var)) if "-D" in p.cmdline()]) == 1


def test_a_long_path_moves_only_the_sockets(tmp_path, join):
    var = tmp_path / ("long-" * 24) / "var"
    user = join(var)
    app = user.addresses()[0]
    where = place_of(var)
    try:
        assert can_query(app)
        assert where.data.is_relative_to(var)
        assert len(bytes(where.redis_socket)) < place.LONGEST_SOCKET_PATH
        assert where.sockets.stat().st_mode & 0o077 == 0
    finally:
        user.kill()
        wait_until(lambda: not servers_of(where), "the servers have gone")
        where.sockets.rmdir()


def test_a_private_parent_folder_is_no_obstacle_and_stays_unlisted(tmp_path, join):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    user = join(private / "var")
    assert can_query(user.addresses()[0])
    assert private.stat().st_mode & 0o066 == 0
    user.kill()
    wait_until(lambda: not servers_of(place_of(private / "var")), "the servers have gone")


def test_an_interrupted_first_start_is_begun_again(var, join):
    unfinished = place_of(var).folder / "postgres.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("1")
    assert can_query(join().addresses()[0])
    assert not unfinished.exists()


def test_servers_that_cannot_start_are_reported_with_their_log(var, join, tmp_path):
    where = place_of(var)
    where.folder.mkdir(parents=True)
    where.sockets.symlink_to(tmp_path)  # a trap: the sockets would lie in a folder others can enter
    user = join()
    _, complaint = user.process.communicate(timeout=patient(PATIENCE))
    assert user.process.returncode != 0
    assert "EmbeddedError" in complaint
    assert "belongs to somebody else" in complaint, "the keeper's own words are shown"
    assert str(where.log) in complaint


def test_an_environment_that_names_servers_is_left_alone(var, monkeypatch):
    monkeypatch.setenv("PORTAL_VAR", str(var))
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/portal")
    embedded.join()
    assert os.environ["DATABASE_URL"] == "postgresql://elsewhere/portal"
    assert not var.exists()
