"""What the application's role may do with the tables outside the wall, from the catalog and tried out."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction

from partners.models import PartnerUserGrant
from portal.people.models import User
from portal.tenancy.models import AddressChange, Vendor, VendorHost
from portal.tenancy.open_tables import TABLES
from portal.tenancy.scope import Scope, entered, system_scope
from tests.support.factories import UserFactory, VendorFactory
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
DENIED = pytest.raises(ProgrammingError, match=r"permission denied|row-level security|no superuser")


def ask(sql: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def refused(sql: str) -> None:
    with DENIED, transaction.atomic():
        ask(sql)


def test_no_table_gives_more_than_is_listed() -> None:
    for name, table in TABLES.items():
        whole = set(re.sub(r"\w+ \([^)]*\)", "", table.rights).replace(",", " ").split())
        for right in ("select", "insert", "update", "delete"):
            has = ask("select has_table_privilege(current_user, %s, %s)", name, right)[0][0]
            assert has == (right in whole), (name, right)


def columns_updatable(name: str) -> set[str]:
    rows = ask(
        "select attname::text from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "and not attisdropped and has_column_privilege(current_user, attrelid, attnum, 'update')",
        name,
    )
    return {column for (column,) in rows}


def test_columns_that_give_power_are_not_to_be_changed() -> None:
    assert not columns_updatable("portal_vendor") & {"id", "slug", "created_at"}
    assert not columns_updatable("portal_user") & {"id", "is_superuser", "is_staff", "date_joined"}
    assert {"password", "email", "last_login"} <= columns_updatable("portal_user")
    assert not columns_updatable("portal_addresschange") & {"user_id", "before", "after", "proof_hash"}


@pytest.mark.parametrize(
    "sql",
    [
        "update portal_user set is_superuser = true",
        "update portal_user set is_staff = true",
        "delete from portal_user",
        "update portal_vendor set slug = 'mine'",
        "delete from portal_vendor",
        "select * from django_session",
        "update django_session set session_data = ''",
        "select * from django_admin_log",
        "delete from django_migrations",
        "update auth_permission set codename = 'x'",
        "insert into auth_group_permissions (group_id, permission_id) values (1, 1)",
        "insert into portal_user_user_permissions (user_id, permission_id) values (1, 1)",
        "update partners_partnerusergrant set user_id = 1",
        "update portal_user_groups set user_id = 1",
    ],
)
def test_what_an_attacker_would_try(sql: str, world: VendorWorld) -> None:
    refused(sql)
    for person in ("partner_rep", "program_admin"):
        with acting_as(world.people[person]):
            refused(sql)


def test_within_a_vendor_nobody_makes_superusers_vendors_or_hosts(
    world: VendorWorld, other_world: VendorWorld
) -> None:
    with entered(system_scope(world.vendor.pk)):
        with DENIED, transaction.atomic():
            UserFactory(is_superuser=True)
        with DENIED, transaction.atomic():
            VendorFactory(slug="another")
        with DENIED, transaction.atomic():
            VendorHost.objects.create(vendor=world.vendor, host="evil.example")
        assert Vendor.objects.filter(pk=other_world.vendor.pk).update(name="Mine") == 0
        assert Vendor.objects.filter(pk=world.vendor.pk).update(name="Renamed") == 1


def test_second_factors_addresses_and_changes_are_ones_own(world: VendorWorld) -> None:
    rep, colleague = world.people["partner_rep"], world.people["partner_admin"]
    for person in (rep, colleague):
        Authenticator.objects.create(user=person.user, type="totp", data={"secret": "s"})
        AddressChange.objects.create(
            user=person.user, before="a@b.example", after="c@d.example",
            proof_hash=f"{person.user.pk}", expires_at="2030-01-01T00:00Z",
        )  # fmt: skip
    for scope in (Scope(None, actor_id=rep.user.pk), system_scope(world.vendor.pk, rep.user.pk)):
        with entered(scope), transaction.atomic():
            assert set(Authenticator.objects.values_list("user", flat=True)) == {rep.user.pk}
            assert set(AddressChange.objects.values_list("user", flat=True)) == {rep.user.pk}
            assert Authenticator.objects.filter(user=colleague.user).delete()[0] == 0


def test_grants_and_groups_of_another_vendor_are_out_of_sight(
    world: VendorWorld, other_world: VendorWorld
) -> None:
    theirs = PartnerUserGrant.objects.filter(content_object=other_world.partners["beta"])
    assert theirs.exists()
    group = other_world.regions["west"].group
    with entered(system_scope(world.vendor.pk)):
        assert not theirs.exists()
        assert theirs.delete()[0] == 0
        assert not User.groups.through.objects.filter(group=group).exists()
        with DENIED, transaction.atomic():
            User.groups.through.objects.create(user=world.people["manager"].user, group=group)


def test_a_rep_grants_nobody_anything(world: VendorWorld) -> None:
    permission = PartnerUserGrant.objects.first()
    assert permission is not None
    with acting_as(world.people["partner_rep"]) as actor, DENIED, transaction.atomic():
        PartnerUserGrant.objects.create(
            user=actor.user, content_object=world.partners["beta"], permission_id=permission.permission_id
        )
    with acting_as(world.people["partner_rep"]) as actor, DENIED, transaction.atomic():
        actor.user.groups.add(Group.objects.get(pk=world.regions["west"].group_id))


def test_a_session_is_reached_by_its_key_alone(
    world: VendorWorld, client_as: Callable[..., PortalClient]
) -> None:
    browser = client_as(world.people["partner_rep"])
    assert browser.get("/").status_code == 200
    key = browser.session.session_key
    assert ask("select portal_session_read(%s)", key)[0][0]
    assert ask("select portal_session_read('nobody')")[0][0] is None
    browser.post("/accounts/logout/")
    assert ask("select portal_session_exists(%s)", key)[0][0] is False


def test_saving_a_whole_row_leaves_what_is_fixed_alone(world: VendorWorld) -> None:
    user, vendor = world.people["partner_rep"].user, world.vendor
    user.first_name, user.is_superuser = "New", True
    user.save()
    vendor.name, vendor.slug = "Renamed", "renamed"
    vendor.save()
    user.refresh_from_db(), vendor.refresh_from_db()
    assert (user.first_name, user.is_superuser) == ("New", False)
    assert (vendor.name, vendor.slug) == ("Renamed", "acme")
