"""Changes and files of registrations, confirmed by several people at the same moment."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from deals.amendments.models import Amendment
from deals.deal.models import Deal
from deals.registration.bulk import services as bulk_services
from deals.registration.bulk.models import BulkUpload
from portal.files.uploads import checked
from portal.requests.services import request_grant
from tests.support.amendments import AMOUNT, answer, ask
from tests.support.bulk import as_csv, row
from tests.support.deals import approved
from tests.support.races import active_claims, at_once, without_index
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def approve_both(world: VendorWorld) -> list[Any]:
    """Two partners protected for different products of one customer add the same third at once."""
    arm, cart = world.products
    amendments = []
    for rep, place in (("partner_rep", 0), ("distributor_rep", 0)):
        customer = {"customer_name": "Tiroler Logistik AG"} if rep == "partner_rep" else OTHER
        deal = approved(world, rep=rep, products=(place,), **customer)
        amendments.append(ask(world.people[rep], deal, {arm: 6, cart: 1}))
    with acting_as(world.people["program_admin"]), transaction.atomic():
        first, second = Deal.objects.order_by("pk")
        second.customer = first.customer
        second.save(update_fields=["customer"])
    deciders = [world.people["manager"], world.people["program_admin"]]
    return at_once(
        *(
            lambda one=one, who=who: answer(request_grant, who, one)
            for one, who in zip(amendments, deciders, strict=True)
        )
    )


OTHER = {"customer_name": "Jura Uhren", "customer_domain": "jura-uhren.ch"}


def test_a_product_added_by_two_partners_at_once_is_protected_once(world: VendorWorld) -> None:
    results = approve_both(world)
    winners = [result for result in results if isinstance(result, Amendment)]
    losers = [result for result in results if isinstance(result, ValidationError)]
    assert (len(winners), len(losers)) == (1, 1), results
    assert active_claims(world) == 3


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_without_the_index_both_would_be(world: VendorWorld) -> None:
    with without_index("deals_protection_one_active"):
        results = approve_both(world)
        assert [result.status for result in results] == ["granted"] * 2
        assert active_claims(world) == 4


def test_one_change_waits_however_many_are_asked_for_at_once(world: VendorWorld) -> None:
    deal, arm = approved(world), world.products[0]
    people = [world.people[name] for name in ("partner_rep", "partner_admin")] * 4
    results = at_once(
        *(lambda n=n, who=who: ask(who, deal, {arm: 6}, AMOUNT * (n + 2)) for n, who in enumerate(people))
    )
    assert sum(isinstance(result, Amendment) for result in results) == 1, results
    assert sum(isinstance(result, ValidationError) for result in results) == 7
    with acting_as(world.people["program_admin"]):
        assert Amendment.objects.filter(status="open").count() == 1


def test_a_file_confirmed_many_times_at_once_is_registered_once(world: VendorWorld) -> None:
    rep = world.people["partner_rep"]
    with acting_as(rep) as actor:
        upload = checked("deals.csv", as_csv(row(), row(Customer="Jura Uhren", Website="")))
        bulk = bulk_services.bulk_check(actor=actor, upload=upload)

    def confirm() -> BulkUpload:
        with acting_as(rep) as actor:
            return bulk_services.bulk_register(actor=actor, bulk=bulk, lines={2, 3})

    results = at_once(*[confirm] * 8)
    assert all(isinstance(result, BulkUpload) for result in results), results
    with acting_as(world.people["program_admin"]):
        assert Deal.objects.count() == 2
