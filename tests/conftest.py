"""The suite runs on real PostgreSQL as the unprivileged role: only then does it prove the wall."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.urls import set_script_prefix
from django.utils import timezone

from portal.tenancy import vendors
from portal.tenancy.models import Vendor
from portal.tenancy.scope import Scope, entered, system_scope
from tests.database import database_of_this_worker
from tests.support.answers import wait_for_answers
from tests.support.factories import PASSWORD, VendorFactory
from tests.support.patience import patient
from tests.support.worlds import Person, PortalClient, VendorWorld, build_vendor

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    # Hundreds of people are made; how a password is hashed is Django's matter, not ours.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Static files straight from their folders: the suite does not collect them.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    # How many statements a page takes must not depend on how long ago the vendor was read.
    vendors.KEPT_SECONDS = 3_600
    # Files people hand in go to a folder of this run.
    media = tempfile.TemporaryDirectory(prefix="portal-media-")
    config.add_cleanup(media.cleanup)
    settings.MEDIA_ROOT = media.name
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In CI a failure is told at once: a run that is cut off leaves no summary."""
    if report.failed and os.environ.get("CI") and not os.environ.get("PYTEST_XDIST_WORKER"):
        where = f"{report.nodeid} ({report.when}, {report.duration:.0f} s)"
        print(f"\nFAILED {where}\n{report.longreprtext[-1_500:]}", flush=True)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
    testrun_uid: str,
) -> Iterator[None]:
    """A copy of the migrated template, entered as the app role; `--create-db` and CI migrate anew."""
    clean = django_db_createdb or bool(os.environ.get("CI"))
    run = testrun_uid if clean else ""
    with django_db_blocker.unblock(), database_of_this_worker(run=run), django_db_blocker.block():
        yield


@pytest.fixture(autouse=True)
def _fresh_process_state() -> Iterator[None]:
    """What a process keeps between requests must not leak between tests."""
    vendors.forget()
    cache.clear()  # counts of tries
    set_script_prefix("/")
    # A test's "today" is its vendor's, as on the pages; for an hour each night that is not the day of UTC.
    timezone.activate("Europe/Vienna")
    yield
    timezone.deactivate()
    vendors.forget()
    set_script_prefix("/")


@pytest.fixture
def vendor(db: None) -> Vendor:
    return VendorFactory(slug="acme", name="Acme Robotics")


@pytest.fixture
def other_vendor(db: None) -> Vendor:
    return VendorFactory(slug="globex", name="Globex Systems", currency="USD", time_zone="America/New_York")


@pytest.fixture
def scoped() -> Callable[[Vendor], Any]:
    """`with scoped(vendor):` runs the block as the vendor's own machinery."""

    @contextmanager
    def enter(vendor: Vendor) -> Iterator[Scope]:
        with entered(system_scope(vendor.pk)) as scope:
            yield scope

    return enter


@pytest.fixture
def world(db: None) -> VendorWorld:
    return build_vendor("acme", name="Acme Robotics")


@pytest.fixture
def other_world(db: None) -> VendorWorld:
    """Another vendor with the very same slugs, names and numbers of rows."""
    return build_vendor("globex", name="Globex Systems", currency="USD", time_zone="America/New_York")


@pytest.fixture
def client_as() -> Callable[[Person | None], PortalClient]:
    """A signed-in browser at the person's vendor; `client_as(person, vendor)` for somebody else's address."""

    def sign_in(person: Person | None, vendor: Vendor | None = None) -> PortalClient:
        client = PortalClient(vendor or (person.vendor if person else None))
        if person is not None:
            client.force_login(person.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's browser. In CI a missing one fails; elsewhere it skips."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread from now on; the queries beside it are plain ones all the same.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browser_of(chromium: Any, live_server: Any, world: VendorWorld) -> Iterator[Any]:
    """A window of its own for a person, signed in through the form."""
    contexts = []

    def open_for(person: Person, width: int = 1280) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(patient(15_000))
        page.goto(f"{live_server.url}/v/{world.vendor.slug}/")
        page.get_by_label("E-mail").fill(person.user.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/v/{world.vendor.slug}/")
        return page

    yield open_for
    for context in contexts:
        context.close()
    wait_for_answers()
