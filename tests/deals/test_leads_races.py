"""Two people at one lead at the same moment, on two connections; also run without what prevents it."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.leads import actions, clocks, services
from deals.leads import offers as leads_offers
from deals.leads.models import Lead, LeadOffer, LeadStatus
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.support import leads
from tests.support.clocks import stopped_at
from tests.support.leads import do, manage
from tests.support.races import at_once
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db(transaction=True)


def accept_twice(world: VendorWorld, offer: LeadOffer) -> list[Any]:
    """Two people of the partner press the button together."""
    people = [world.people[name] for name in ("partner_rep", "partner_admin")]
    return at_once(*(lambda who=who: do(services.offer_accept, who, offer) for who in people))


def acceptances(world: VendorWorld) -> int:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return PortalEvent.objects.filter(type="deals.lead_accepted").count()


def test_two_people_accept_one_lead_once(world: VendorWorld) -> None:
    offer = leads.offered(world)
    results = accept_twice(world, offer)
    assert all(isinstance(result, LeadOffer) for result in results), results
    assert len({result.answered_by_id for result in results}) == 1
    assert acceptances(world) == 1


def test_without_the_lock_it_would_be_accepted_twice(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = leads.offered(world)
    looked = threading.Barrier(2, timeout=5)

    def unlocked(actor: Any, offer: LeadOffer) -> tuple[Lead, LeadOffer]:
        found = Lead.objects.get(pk=offer.lead_id), LeadOffer.objects.get(pk=offer.pk)
        with suppress(threading.BrokenBarrierError):
            looked.wait()
        return found

    monkeypatch.setattr(services, "worked_on", unlocked)
    accept_twice(world, offer)
    assert acceptances(world) == 2


def test_an_acceptance_and_the_end_of_the_window_never_both_win(world: VendorWorld) -> None:
    leads.rule(world)
    offer = leads.offered(world)
    rep = world.people["partner_rep"]

    def clock() -> int:
        with entered(system_scope(world.vendor.pk)), transaction.atomic(), timezone.override("Europe/Vienna"):
            return clocks.leads_time_out(vendor=world.vendor, now=offer.answer_due_at)

    with stopped_at(offer.answer_due_at - timedelta(seconds=1)):
        accepted, late = at_once(lambda: do(services.offer_accept, rep, offer), clock)
    held = leads.holders(world, offer)
    if late:
        assert isinstance(accepted, ValidationError)
        assert held[0] == ("beta", "timed_out")
        assert len(held) == 2
    else:
        assert held == [("beta", "accepted")]
        assert leads.lead_now(world, offer).status == LeadStatus.ACCEPTED


def offer_to_two(world: VendorWorld, made: Lead) -> list[Any]:
    managers = ("manager", "beta"), ("program_admin", "alpha")
    return at_once(
        *(
            lambda by=by, to=to: manage(leads_offers.lead_offer, world, made, by, partner=world.partners[to])
            for by, to in managers
        )
    )


def test_two_managers_offer_one_lead_to_one_partner(world: VendorWorld) -> None:
    made = leads.lead(world)
    results = offer_to_two(world, made)
    assert sorted(type(result).__name__ for result in results) == ["LeadOffer", "ValidationError"], results
    assert len(leads.holders(world, made)) == 1


def test_without_the_locks_the_database_still_allows_one(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = leads.lead(world)
    looked = threading.Barrier(2, timeout=5)

    def unlocked(pk: int) -> Lead:
        found: Lead = Lead.objects.get(pk=pk)
        with suppress(threading.BrokenBarrierError):
            looked.wait()
        return found

    monkeypatch.setattr(actions, "locked_lead", unlocked)
    monkeypatch.setattr("deals.leads.offers.one_at_a_time", lambda what: None)
    results = offer_to_two(world, made)
    assert sum(isinstance(result, IntegrityError) for result in results) == 1, results
    assert len(leads.holders(world, made)) == 1


def test_two_runs_of_the_clock_share_the_work(world: VendorWorld) -> None:
    leads.rule(world)
    offers = [leads.offered(world) for _ in range(3)]

    def clock() -> int:
        with entered(system_scope(world.vendor.pk)), transaction.atomic(), timezone.override("Europe/Vienna"):
            return clocks.leads_time_out(vendor=world.vendor)

    with stopped_at(max(offer.answer_due_at for offer in offers)):
        assert sum(at_once(clock, clock)) == 3
    assert all(len(leads.holders(world, offer)) == 2 for offer in offers)


def test_references_are_given_once(world: VendorWorld) -> None:
    made = at_once(*(lambda: leads.lead(world) for _ in range(4)))
    assert len({lead.reference for lead in made}) == 4
