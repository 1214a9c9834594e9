"""Limits: one count for all processes, per account and per real client; nobody locks out an office."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import RequestFactory, override_settings
from redis.exceptions import ConnectionError as RedisAway

from portal.limits import Limit
from portal.people.accounts import ACCOUNT, CLIENT
from portal.people.clients import client_address
from tests.support.factories import PASSWORD
from tests.support.worlds import PortalClient, VendorWorld

PROJECT = Path(__file__).resolve().parent.parent.parent
TRIES = """
import django; django.setup()
from portal.limits import Limit
limit = Limit("over_processes", 20, 3600)
print(sum(limit.allows("ada@example.com") for _ in range(50)))
"""
SignIn = Callable[..., PortalClient]


def attempt(world: VendorWorld, email: str, password: str = "wrong", client: Any = None, **meta: str) -> int:
    client = client or PortalClient(world.vendor)
    answer = client.post("/accounts/login/", {"login": email, "password": password}, **meta)
    return int(answer.status_code)


def refused(world: VendorWorld, email: str, client: Any = None, **meta: str) -> bool:
    """Whether even the right password is not looked at."""
    return attempt(world, email, PASSWORD, client, **meta) != 302


def test_four_processes_let_through_no_more_than_one() -> None:
    cache.clear()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "REDIS_URL": settings.REDIS_URL,
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TRIES], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    allowed = [int(process.communicate(timeout=120)[0]) for process in running]
    assert sum(allowed) == 20, allowed


def test_what_is_given_back_may_be_tried_again() -> None:
    limit = Limit("given_back", 1, 3600)
    assert limit.allows("a")
    assert not limit.allows("a")
    assert limit.allows("b")
    limit.forget("a")
    assert limit.allows("a")
    limit.give_back("a")
    assert limit.allows("a")


def test_without_redis_each_process_counts_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> Any:
        raise RedisAway

    for name in ("add", "incr", "get", "set", "delete"):
        monkeypatch.setattr(f"django.core.cache.backends.redis.RedisCache.{name}", away)
    limit = Limit("alone", 2, 3600)
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]


def test_clearing_leaves_the_brokers_messages() -> None:
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    client.set("celery-like", "kept")
    Limit("cleared", 1, 3600).allows("a")
    cache.clear()
    assert client.get("celery-like") == b"kept"
    assert Limit("cleared", 1, 3600).allows("a")
    client.delete("celery-like")


@pytest.mark.django_db
class TestSignIn:
    def test_an_account_is_tried_five_times_from_wherever(self, world: VendorWorld) -> None:
        email = world.people["partner_rep"].user.email
        for n in range(ACCOUNT[0].most):
            attempt(world, email.upper() if n % 2 else email, REMOTE_ADDR=f"192.0.2.{n}")
        assert refused(world, email, REMOTE_ADDR="198.51.100.1")
        assert not refused(world, world.people["partner_admin"].user.email)

    def test_good_sign_ins_do_not_count(self, world: VendorWorld) -> None:
        email = world.people["partner_rep"].user.email
        for _ in range(ACCOUNT[0].most + 3):
            assert not refused(world, email)

    def test_the_owners_browser_has_a_count_of_its_own(self, world: VendorWorld) -> None:
        """An attacker who knows the address cannot keep its owner out."""
        owner, email = PortalClient(world.vendor), world.people["partner_rep"].user.email
        assert attempt(world, email, PASSWORD, owner) == 302
        owner.post("/accounts/logout/")
        for _ in range(30):
            attempt(world, email)
        assert refused(world, email)
        assert not refused(world, email, owner)

    def test_a_mark_of_ones_own_account_opens_no_other(self, world: VendorWorld) -> None:
        thief, victim = PortalClient(world.vendor), world.people["partner_admin"].user.email
        attempt(world, world.people["partner_rep"].user.email, PASSWORD, thief)
        thief.post("/accounts/logout/")
        for _ in range(ACCOUNT[0].most):
            attempt(world, victim, client=thief)
        assert refused(world, victim, thief)

    def test_an_office_behind_one_address_goes_on(self, world: VendorWorld) -> None:
        """Everybody mistypes, one of them attacks a colleague: the others sign in."""
        for _ in range(15):
            attempt(world, world.people["partner_admin"].user.email)
        for n in range(40):
            attempt(world, f"typo{n}@acme.example")
        assert not refused(world, world.people["partner_rep"].user.email)

    def test_one_client_does_not_try_all_accounts(self, world: VendorWorld) -> None:
        for n in range(CLIENT.most):
            CLIENT.allows("203.0.113.9") if n else attempt(world, "x@acme.example", REMOTE_ADDR="203.0.113.9")
        assert refused(world, world.people["partner_rep"].user.email, REMOTE_ADDR="203.0.113.9")
        assert not refused(world, world.people["partner_rep"].user.email, REMOTE_ADDR="203.0.113.10")

    def test_a_made_up_chain_makes_no_new_client(self, world: VendorWorld) -> None:
        for n in range(CLIENT.most):
            headers = {"HTTP_X_FORWARDED_FOR": f"10.9.{n}.1"}
            if n == 0:
                attempt(world, "x@acme.example", REMOTE_ADDR="203.0.113.9", **headers)
            else:
                CLIENT.allows("203.0.113.9")
        email = world.people["partner_rep"].user.email
        assert refused(world, email, REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="10.1.1.1")


def seen(peer: str, chain: str = "") -> str:
    extra = {"HTTP_X_FORWARDED_FOR": chain} if chain else {}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **extra))


@pytest.mark.parametrize(
    ("trusted", "peer", "chain", "client"),
    [
        ([], "203.0.113.9", "", "203.0.113.9"),
        ([], "203.0.113.9", "10.0.0.1", "203.0.113.9"),
        (["172.30.7.0/24"], "172.30.7.3", "203.0.113.9", "203.0.113.9"),
        (["172.30.7.0/24"], "172.30.7.3", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (["172.30.7.0/24"], "172.30.7.3", "203.0.113.9, 172.30.7.1", "203.0.113.9"),
        (["172.30.7.0/24", "198.51.100.7"], "172.30.7.3", "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (["172.30.7.0/24"], "172.30.7.3", "", "172.30.7.3"),
        (["172.30.7.0/24"], "172.30.7.3", "nonsense", "unknown"),
        ([], "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (["127.0.0.1"], "", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_real_client(trusted: list[str], peer: str, chain: str, client: str) -> None:
    with override_settings(TRUSTED_PROXIES=trusted):
        assert seen(peer, chain) == client
