"""docker-compose.yml against the compose specification, and against what we promise about it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import psycopg2
import pytest
import yaml

from portal import embedded
from portal.embedded import place as embedded_place
from portal.embedded import servers

PROJECT = Path(__file__).resolve().parent.parent
FILLED_IN = {
    "SECRET_KEY": "k9vX2mQ7" * 8,
    "POSTGRES_PASSWORD": "superuser0secret",
    "PORTAL_OWNER_PASSWORD": "owner0secret",
    "PORTAL_APP_PASSWORD": "app0secret",
    "BASE_URL": "https://portal.example.com",
    "ALLOWED_HOSTS": "portal.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://portal.example.com",
    "BEHIND_PROXY": "1",
}
RUNS_THE_APP = ["web", "worker", "beat"]


def interpolate(text: str, values: dict[str, str]) -> str:
    """`${NAME}`, `${NAME:-default}` and `${NAME:?message}` as compose replaces them."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match["name"], match["operator"], match["rest"]
        if values.get(name):
            return values[name]
        assert operator == ":-", f"{name} is required: {rest}"
        return rest

    pattern = r"\$\{(?P<name>\w+)(?:(?P<operator>:[-?])(?P<rest>[^}]*))?\}"
    return re.sub(pattern, value, text).replace("$$", "$")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(interpolate((PROJECT / "docker-compose.yml").read_text(), FILLED_IN))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())


def test_follows_the_compose_specification(compose, schema):
    jsonschema.validators.validator_for(schema)(schema).validate(compose)


def test_the_specification_would_catch_a_mistake(compose, schema):
    broken = {**compose, "services": {**compose["services"], "web": {"imagine": "portal"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(schema)(schema).validate(broken)


def test_every_service_that_stays_up_has_a_health_check(compose):
    lasting = {name for name, service in compose["services"].items() if service["restart"] != "no"}
    assert lasting == {"db", "redis", "proxy", *RUNS_THE_APP}
    assert {name for name in lasting if "healthcheck" not in compose["services"][name]} == set()
    assert "/healthz" in str(compose["services"]["web"]["healthcheck"]["test"])


def test_only_the_proxy_is_reached_from_outside_and_it_buffers(compose):
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    config = (PROJECT / "docker/nginx.conf.template").read_text()
    for line in ("proxy_request_buffering on;", "proxy_buffering on;", "client_header_timeout 15s;"):
        assert line in config
    assert "client_max_body_size ${REQUEST_LIMIT_MB}m;" in config
    (network,) = compose["networks"]["default"]["ipam"]["config"]
    assert compose["services"]["web"]["environment"]["TRUSTED_PROXIES"] == network["subnet"]
    assert f"set_real_ip_from {network['subnet']};" in config


def test_web_runs_the_worker_that_reads_whole_requests():
    assert '"--worker-class=portal.worker.BufferingWorker"' in (PROJECT / "Dockerfile").read_text()


def test_every_image_names_its_version(compose):
    images = [service["image"] for service in compose["services"].values()]
    base = re.search(r"^FROM (\S+)", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)[1]
    for image in [*images, base]:
        assert re.search(r":(?!latest$)[\w.-]+$", image), image


def test_the_app_knows_only_the_unprivileged_role(compose):
    for name in RUNS_THE_APP:
        service = compose["services"][name]
        assert "//portal_app:" in service["environment"]["DATABASE_URL"]
        assert FILLED_IN["PORTAL_OWNER_PASSWORD"] not in json.dumps(service)
        assert FILLED_IN["POSTGRES_PASSWORD"] not in json.dumps(service)
    assert "//portal_owner:" in compose["services"]["migrate"]["environment"]["DATABASE_OWNER_URL"]


def test_the_app_starts_after_a_finished_migration_on_a_healthy_database(compose):
    for name in RUNS_THE_APP:
        needs = {key: value["condition"] for key, value in compose["services"][name]["depends_on"].items()}
        assert needs == {
            "db": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }


@pytest.mark.parametrize("name", [*RUNS_THE_APP, "migrate"])
def test_the_environment_passes_the_deployment_check(compose, name, tmp_path):
    environment = {key: str(value) for key, value in compose["services"][name]["environment"].items()}
    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "PORTAL_VAR": str(tmp_path), **environment},
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_every_app_is_in_the_image():
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {"tests", "demo"}
    copied = set(re.findall(r"^!(\w+)$", (PROJECT / ".dockerignore").read_text(), re.MULTILINE))
    assert packages <= copied


@pytest.fixture
def bare_server(tmp_path: Path) -> Iterator[embedded_place.Place]:
    """A PostgreSQL without our roles and database, as the image gives it to its first-start script."""
    place = embedded_place.Place(tmp_path / "embedded")
    held = embedded.hold(place)
    with closing(place.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE portal")
        cursor.execute("DROP ROLE portal_app, portal_owner")
    yield place
    os.close(held)


def test_the_first_start_script_makes_roles_that_row_security_binds(bare_server):
    subprocess.run(
        [PROJECT / "docker/create-roles.sh"],
        env={
            "PATH": f"{servers.postgres_binary('psql').parent}:{os.environ['PATH']}",
            "PGHOST": str(bare_server.sockets),
            "PORTAL_OWNER_PASSWORD": 'it\'s "quoted" $HOME',
            "PORTAL_APP_PASSWORD": "plain",
        },
        check=True,
    )
    with closing(bare_server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles "
            "WHERE rolname LIKE 'portal%' ORDER BY rolname"
        )
        assert cursor.fetchall() == [
            ("portal_app", False, False, False, False, True),
            ("portal_owner", False, False, False, False, True),
        ]
    with closing(bare_server.connect("portal_owner", "portal")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE owned (id int)")
    with (
        closing(bare_server.connect("portal_app", "portal")) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("CREATE TABLE mine (id int)")
