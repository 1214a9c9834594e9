"""Channel managers reach what guardian grants them, directly or by region, and not a request longer."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from partners import selectors, services
from partners.models import Partner, PartnerUserGrant, Region
from portal.events.models import PortalEvent
from portal.people.models import Membership
from portal.tenancy.scope import entered, system_scope
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]


def seen_by(world: VendorWorld, name: str) -> set[str]:
    with acting_as(world.people[name]):
        return set(Partner.objects.values_list("slug", flat=True))


def grant(world: VendorWorld, slug: str, name: str = "other_manager", by: str = "program_admin") -> None:
    with acting_as(world.people[by]) as actor:
        partner = Partner.objects.get(slug=slug)
        services.channel_manager_grant(actor=actor, partner=partner, membership=world.people[name].membership)


def revoke(world: VendorWorld, slug: str, name: str = "other_manager") -> None:
    with acting_as(world.people["program_admin"]) as actor:
        partner = Partner.objects.get(slug=slug)
        services.channel_manager_revoke(
            actor=actor, partner=partner, membership=world.people[name].membership
        )


class TestDirect:
    def test_a_grant_opens_one_partner_and_bites_from_the_next_request(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        browser = client_as(world.people["other_manager"])
        assert browser.get("/partners/beta/").status_code == 404
        grant(world, "beta")
        assert browser.get("/partners/beta/").status_code == 200
        assert browser.get("/partners/delta/").status_code == 404
        revoke(world, "beta")
        assert browser.get("/partners/beta/").status_code == 404

    def test_twice_is_once(self, world: VendorWorld) -> None:
        for _ in range(2):
            grant(world, "beta")
        assert PartnerUserGrant.objects.filter(user=world.people["other_manager"].user).count() == 1
        for _ in range(2):
            revoke(world, "beta")
        assert seen_by(world, "other_manager") == set()

    def test_it_is_recorded_in_the_partners_timeline(self, world: VendorWorld) -> None:
        grant(world, "beta")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            event = PortalEvent.objects.get(type="partners.manager_granted")
        assert event.partner_id == world.partners["beta"].pk
        assert event.data == {"person": str(world.people["other_manager"].user)}

    @pytest.mark.parametrize("by", ["manager", "executive"])
    def test_only_program_admins_grant(self, by: str, world: VendorWorld) -> None:
        with pytest.raises(PermissionDenied):
            grant(world, "beta", by=by)

    @pytest.mark.parametrize("name", ["executive", "partner_rep"])
    def test_only_channel_managers_are_granted(self, name: str, world: VendorWorld) -> None:
        with pytest.raises(ValidationError):
            grant(world, "beta", name=name)

    def test_a_grant_gives_nothing_to_who_is_no_manager_any_more(self, world: VendorWorld) -> None:
        manager = world.people["manager"]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Membership.objects.filter(pk=manager.membership.pk).update(role="partner_rep")
        assert seen_by(world, "manager") == set()

    def test_a_grant_at_one_vendor_means_nothing_at_another(
        self, world: VendorWorld, other_world: VendorWorld, client_as: SignIn
    ) -> None:
        manager = world.people["manager"]
        with entered(system_scope(other_world.vendor.pk)), transaction.atomic():
            Membership.objects.create(user=manager.user, role="channel_manager")
        elsewhere = client_as(manager, other_world.vendor)
        assert elsewhere.get("/partners/").status_code == 200
        assert elsewhere.get("/partners/alpha/").status_code == 404


class TestByRegion:
    def test_members_of_the_group_reach_the_regions_partners(self, world: VendorWorld) -> None:
        assert seen_by(world, "manager") == {"alpha", "beta", "delta"}
        assert seen_by(world, "other_manager") == set()

    def test_a_partner_that_moves_into_the_region_comes_along(self, world: VendorWorld) -> None:
        with acting_as(world.people["program_admin"]) as actor:
            gamma = Partner.objects.get(slug="gamma")
            services.partner_change(
                actor=actor, partner=gamma, changes={"region": Region.objects.get(name="West")}
            )
        assert seen_by(world, "manager") == {"alpha", "beta", "delta", "gamma"}

    def test_leaving_the_group_bites_on_the_next_request(self, world: VendorWorld, client_as: SignIn) -> None:
        manager = world.people["manager"]
        browser = client_as(manager)
        assert browser.get("/partners/delta/").status_code == 200
        with acting_as(world.people["program_admin"]) as actor:
            west = Region.objects.get(name="West")
            services.region_manager_remove(actor=actor, region=west, membership=manager.membership)
        assert browser.get("/partners/delta/").status_code == 404
        assert browser.get("/partners/beta/").status_code == 200

    def test_being_in_a_group_without_its_grant_gives_nothing(self, world: VendorWorld) -> None:
        world.people["other_manager"].user.groups.add(world.regions["north"].group)
        assert seen_by(world, "other_manager") == set()

    def test_a_new_region_has_a_group_and_a_grant_of_its_own(self, world: VendorWorld) -> None:
        other = world.people["other_manager"]
        with acting_as(world.people["program_admin"]) as actor:
            south = services.region_create(actor=actor, name="South")
            services.region_manager_add(actor=actor, region=south, membership=other.membership)
            Partner.objects.filter(slug="gamma").update(region=south)
        assert seen_by(world, "other_manager") == {"gamma"}

    @pytest.mark.parametrize("by", ["manager", "executive", "partner_admin"])
    def test_only_program_admins_arrange_regions(self, by: str, world: VendorWorld) -> None:
        with acting_as(world.people[by]) as actor, pytest.raises(PermissionDenied):
            services.region_create(actor=actor, name="South")


class TestWhoManages:
    def names(self, world: VendorWorld, slug: str, viewer: str) -> list[str]:
        with acting_as(world.people[viewer]) as actor:
            partner = Partner.objects.get(slug=slug)
            return [person.first_name for person in selectors.channel_managers(actor, partner)]

    def test_direct_and_by_region_without_doubles(self, world: VendorWorld) -> None:
        grant(world, "delta", "manager")
        grant(world, "delta", "other_manager")
        assert sorted(self.names(world, "delta", "executive")) == ["Manager", "Other_Manager"]
        assert self.names(world, "gamma", "executive") == []

    def test_a_partners_people_know_their_own_managers(self, world: VendorWorld) -> None:
        assert self.names(world, "beta", "partner_rep") == ["Manager"]

    def test_who_is_switched_off_does_not_manage(self, world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Membership.objects.filter(pk=world.people["manager"].membership.pk).update(is_active=False)
        assert self.names(world, "beta", "partner_rep") == []
