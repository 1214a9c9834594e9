"""Two vendors with a person in every role: the stage on which access is tested."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.test import Client
from django.urls import set_script_prefix

from partners.models import Partner, PartnerType, PartnerUserGrant, Region, RegionGroupGrant
from portal.people.models import Membership, User
from portal.tenancy.access import Actor, reach_of, scope_of
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, narrow, system_scope
from tests.support import factories


@dataclass
class Person:
    """Somebody with a login; `partner` for partner people."""

    user: User
    role: Role
    vendor: Vendor
    membership: Membership
    partner: Partner | None = None

    def actor(self) -> Actor:
        """The Actor a request of this person would carry. Call inside `acting_as` or a scope of your own."""
        with entered(system_scope(self.vendor.pk)):
            reach = reach_of(Membership.objects.get(pk=self.membership.pk))
        return Actor(
            self.user, self.role, self.vendor, scope_of(self.membership, reach), reach.home, self.membership
        )


@contextmanager
def acting_as(person: Person) -> Iterator[Actor]:
    """The block runs under the person's own scope."""
    with entered(system_scope(person.vendor.pk)), transaction.atomic():
        actor = person.actor()
        narrow(actor.scope)
        yield actor


class PortalClient(Client):
    """Paths are those of `reverse()` without a vendor; the vendor's prefix is added here."""

    def __init__(self, vendor: Vendor | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prefix = f"/v/{vendor.slug}" if vendor else ""

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        if not path.startswith("/v/"):
            path = f"{self.prefix}{path}"
        try:
            return super().generic(method, path, *args, **kwargs)
        finally:
            set_script_prefix("/")


@dataclass
class VendorWorld:
    """One vendor's programme. Partners: alpha (a distributor), gamma below it, beta, and delta in the west.

    `manager` is granted alpha and beta directly and delta through its region; gamma is nobody's.
    """

    vendor: Vendor
    regions: dict[str, Region] = field(default_factory=dict)
    partners: dict[str, Partner] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    tiers: list[Any] = field(default_factory=list)
    products: list[Any] = field(default_factory=list)
    stages: list[Any] = field(default_factory=list)


def build_vendor(slug: str, **fields: Any) -> VendorWorld:
    """People: program_admin, executive, manager (granted alpha, and region west), other_manager (nothing),
    distributor_admin and distributor_rep (alpha), partner_admin and partner_rep (beta), sub_rep (gamma).
    """
    world = VendorWorld(factories.VendorFactory(slug=slug, **fields))
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        _programme(world)
        _partners(world)
        _people(world)
        _grants(world)
    return world


def _programme(world: VendorWorld) -> None:
    world.tiers = [
        factories.TierFactory(name=name, rank=rank) for rank, name in enumerate(("Silver", "Gold"), 1)
    ]
    world.products = [factories.ProductFactory(name=name, code=name.lower()) for name in ("Arm", "Cart")]
    world.stages = [
        factories.StageFactory(name=name, position=position, probability=probability)
        for position, (name, probability) in enumerate(
            (("Qualified", 20), ("Proposal", 50), ("Negotiation", 70)), 1
        )
    ]
    for name in ("North", "West"):
        group = factories.Group.objects.create(name=f"{world.vendor.slug}: {name}")
        world.regions[name.lower()] = factories.RegionFactory(name=name, group=group)


def _partners(world: VendorWorld) -> None:
    slug, silver = world.vendor.slug, world.tiers[0]
    alpha = factories.PartnerFactory(
        slug="alpha",
        name=f"Alpha of {slug}",
        type=PartnerType.DISTRIBUTOR,
        tier=world.tiers[1],
        region=world.regions["north"],
    )
    beta = factories.PartnerFactory(
        slug="beta", name=f"Beta of {slug}", tier=silver, region=world.regions["north"]
    )
    gamma = factories.PartnerFactory(slug="gamma", name=f"Gamma of {slug}", tier=silver, parent=alpha)
    delta = factories.PartnerFactory(
        slug="delta", name=f"Delta of {slug}", tier=silver, region=world.regions["west"]
    )
    world.partners = {"alpha": alpha, "beta": beta, "gamma": gamma, "delta": delta}


def _people(world: VendorWorld) -> None:
    staff = {
        "program_admin": Role.PROGRAM_ADMIN,
        "executive": Role.EXECUTIVE,
        "manager": Role.CHANNEL_MANAGER,
        "other_manager": Role.CHANNEL_MANAGER,
    }
    seated = {
        "distributor_admin": (Role.PARTNER_ADMIN, "alpha"),
        "distributor_rep": (Role.PARTNER_REP, "alpha"),
        "partner_admin": (Role.PARTNER_ADMIN, "beta"),
        "partner_rep": (Role.PARTNER_REP, "beta"),
        "sub_rep": (Role.PARTNER_REP, "gamma"),
    }
    for name, role in staff.items():
        world.people[name] = add_person(world.vendor, name, role)
    for name, (role, partner) in seated.items():
        world.people[name] = add_person(world.vendor, name, role, world.partners[partner])


def add_person(vendor: Vendor, name: str, role: Role, partner: Partner | None = None) -> Person:
    user = factories.UserFactory(
        email=f"{name}@{vendor.slug}.example", first_name=name.title(), last_name=vendor.name
    )
    membership = factories.MembershipFactory(user=user, role=role)
    if partner is not None:
        factories.SeatFactory(partner=partner, membership=membership)
    return Person(user, role, vendor, membership, partner)


def _grants(world: VendorWorld) -> None:
    manager = world.people["manager"].user
    grant_partner(manager, world.partners["alpha"])
    grant_partner(manager, world.partners["beta"])
    west = world.regions["west"]
    permission = Permission.objects.get(codename="manage_region_partners", content_type__app_label="partners")
    RegionGroupGrant.objects.create(permission=permission, group=west.group, content_object=west)
    manager.groups.add(west.group)


def grant_partner(user: User, partner: Partner) -> None:
    permission = Permission.objects.get(codename="manage_partner", content_type__app_label="partners")
    PartnerUserGrant.objects.create(permission=permission, user=user, content_object=partner)
