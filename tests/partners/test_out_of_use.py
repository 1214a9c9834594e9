"""Regions, tiers, products and stages whose time is over: retired, as past days still read them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from deals.deal.models import Deal, Stage
from partners.models import Partner, Product, Region, Tier
from portal.tenancy.scope import entered, system_scope
from tests.support.clocks import stopped_at
from tests.support.deals import approved
from tests.support.worlds import PortalClient, VendorWorld

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]


def left(world: VendorWorld, field: str, value: Any) -> None:
    """Beta had it for some days and has it no more."""
    for days, given in ((9, value), (2, None)):
        moment = timezone.now() - timedelta(days=days)
        with stopped_at(moment), entered(system_scope(world.vendor.pk)), transaction.atomic():
            Partner.objects.filter(slug="beta").update(**{field: given})


@pytest.mark.parametrize(("model", "field"), [(Region, "region"), (Tier, "tier")])
def test_what_the_past_reads_is_retired(
    model: Any, field: str, world: VendorWorld, client_as: SignIn
) -> None:
    admin = client_as(world.people["program_admin"])
    answers = {"name": "Styria", "code": "ST", "is_active": "on", "rank": "9", "lead_priority": "0"}
    answers |= {"deal_discount": "0", "mdf_accrual": "0"}
    for prefix in ("benefits", "requirements"):
        answers |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    assert admin.post(f"/admin/partners/{field}/add/", answers).status_code == 302
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        row = model.objects.get(name="Styria")
    left(world, field, row)
    path = f"/admin/partners/{field}/{row.pk}/delete/"
    page = admin.get(path).text
    assert "Styria is in use and cannot be deleted" in page
    assert "scorecards of earlier days" in page
    assert "Take it out of use" in page
    assert admin.post(path, {"retire": "1"}).status_code == 302
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        assert not model.objects.get(pk=row.pk).is_active
        beta = Partner.objects.get(slug="beta")
    form = f"/admin/partners/partner/{beta.pk}/change/"
    assert ">Styria</option>" not in admin.get(form).text
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Partner.objects.filter(slug="beta").update(**{field: row})
    assert ">Styria</option>" in admin.get(form).text, "what has it keeps it"
    assert "It is out of use already" in admin.get(path).text


def test_a_stage_out_of_use_is_where_deals_stay_and_none_comes(world: VendorWorld, client_as: SignIn) -> None:
    deal, rep = approved(world), client_as(world.people["partner_rep"])
    first, other = world.stages[:2]
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Stage.objects.filter(pk=other.pk).update(is_active=False)
    page, path = f"/deals/{deal.reference}/", f"/deals/{deal.reference}/stage/"
    assert f">{other.name}</option>" not in rep.get(page).text
    assert rep.post(path, {"stage": other.pk}).status_code == 422
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Stage.objects.filter(pk=first.pk).update(is_active=False)
        assert Deal.objects.get(pk=deal.pk).stage_id == first.pk
    assert rep.get(page).status_code == 200


def test_a_product_in_use_says_by_what(world: VendorWorld, client_as: SignIn) -> None:
    deal, admin = approved(world), client_as(world.people["program_admin"])
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        product = deal.lines.first().product
    path = f"/admin/partners/product/{product.pk}/delete/"
    assert "Take it out of use" in admin.get(path).text
    admin.post(path, {"retire": "1"})
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        assert not Product.objects.get(pk=product.pk).is_active
