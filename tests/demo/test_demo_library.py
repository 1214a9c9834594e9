"""The demo's libraries: every plan can be carried out, and nobody opened what is not for them."""

import tomllib
from typing import Any

import pytest
from django.db import transaction

from demo.simulation.library import LIBRARY, library
from demo.simulation.plans import VENDORS
from enablement.library.events import USES
from enablement.library.models import Asset, Collection
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.worlds import VendorWorld

PLANS = tomllib.loads(LIBRARY.read_text())


def test_there_is_one_for_each_vendor() -> None:
    assert set(PLANS) == {plan.slug for plan in VENDORS}


@pytest.mark.django_db
@pytest.mark.parametrize("slug", sorted(PLANS))
def test_a_library_is_made_and_used_once(
    slug: str, world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rate in ("KEEN", "TASTE"):  # the few people here use it all
        monkeypatch.setattr(f"demo.simulation.library.{rate}", 10)
    plan = next(plan for plan in VENDORS if plan.slug == slug)
    actor: Any = world.people["program_admin"].actor()
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for product in plan.products:
            factories.ProductFactory(name=product.name, code=product.code)
        for _ in range(2):
            library(slug, world.vendor, lambda vendor, membership: actor)
        assert Asset.objects.count() == len(PLANS[slug])
        assert Collection.objects.count() >= 2
        assert not Asset.objects.filter(url="", text="").exists()
        used = PortalEvent.objects.filter(type__in=USES)
        assert used.exists()
        theirs = Asset.objects.filter(partner_type="system_integrator").values("pk")
        assert not used.filter(subject_id__in=theirs).exists(), "no such partner is in this world"
