"""Leads from the offer to the registration: the services, their clocks and who is told."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.deal.models import Deal, DealSource, DealStatus
from deals.leads import clocks, entry, offers, selectors
from deals.leads import services as leads_services
from deals.leads.models import Lead, LeadOffer, LeadRule, LeadStatus, OfferBasis, Territory
from deals.registration import services as deals
from partners.models import Partner, PartnerStatus, PartnerType
from portal.calendar.models import WorkingHours
from portal.calendar.selectors import calendar_of, forget_calendar
from portal.events.models import PortalEvent
from portal.events.outbox import deliver
from portal.notifications.models import Notification
from portal.people.models import Membership
from portal.tenancy.scope import entered, system_scope
from tests.support import factories, leads
from tests.support.clocks import stopped_at
from tests.support.leads import do, manage
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db

VIENNA = ZoneInfo("Europe/Vienna")
A_TUESDAY = datetime(2026, 6, 16, 10, 0, tzinfo=VIENNA)


def _in_vienna(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA)


def told(world: VendorWorld, kind: str) -> set[str]:
    """E-mail names (before the @) of who was told of this kind."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        rows = Notification.objects.filter(kind=kind).select_related("user")
        return {row.user.email.partition("@")[0] for row in rows}


def mind(world: VendorWorld) -> tuple[int, int]:
    """What the periodic task does: (timed out, reminded)."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic(), timezone.override(VIENNA):
        return clocks.leads_time_out(vendor=world.vendor), clocks.contacts_remind(vendor=world.vendor)


class TestEntering:
    def test_sent_twice_it_is_one_lead_and_each_has_a_reference_of_its_own(self, world: VendorWorld) -> None:
        key = uuid4()
        with acting_as(world.people["manager"]) as actor:
            first = entry.lead_save(actor=actor, answers=leads.answers(), lines=[], key=key)
            again = entry.lead_save(actor=actor, answers=leads.answers(), lines=[], key=key)
            other = entry.lead_save(actor=actor, answers=leads.answers(), lines=[], key=uuid4())
        assert again.pk == first.pk
        assert len({first.reference, again.reference, other.reference}) == 2
        assert first.owner == world.people["manager"].user

    @pytest.mark.parametrize("name", ["executive", "partner_admin", "distributor_rep"])
    def test_only_managers_enter_leads(self, name: str, world: VendorWorld) -> None:
        with pytest.raises(PermissionDenied):
            leads.lead(world, name)

    def test_what_a_partner_has_cannot_be_changed(self, world: VendorWorld) -> None:
        made = leads.lead(world)
        changed = manage(entry.lead_save, world, made, answers={"notes": "Three arms."}, lines=[])
        assert (changed.notes, changed.lines.count()) == ("Three arms.", 0)
        manage(offers.lead_offer, world, made, partner=world.partners["beta"])
        with pytest.raises(ValidationError, match="is offered and cannot be changed now"):
            manage(entry.lead_save, world, made, answers={"notes": "Four."}, lines=[])

    def test_another_managers_lead_is_not_mine(self, world: VendorWorld) -> None:
        made = leads.lead(world)
        with pytest.raises(PermissionDenied):
            manage(offers.lead_route, world, made, "other_manager")


class TestOffering:
    def test_the_partner_gets_a_copy_a_clock_and_a_reason_but_not_the_contact(
        self, world: VendorWorld
    ) -> None:
        with stopped_at(A_TUESDAY):
            offer = leads.offered(world)
        assert offer.customer_name == leads.CUSTOMER
        assert (offer.contact_name, offer.contact_email, offer.contact_phone) == ("", "", "")
        assert offer.reason == "Manager Acme Robotics of Acme Robotics chose you for it."
        assert offer.answer_due_at == datetime(2026, 6, 18, 10, 0, tzinfo=VIENNA)  # two days of eight hours
        assert leads.lead_now(world, offer).status == LeadStatus.OFFERED
        assert leads.events(world, offer) == ["deals.lead_offered"]
        assert told(world, "leads.offered") == {"partner_admin", "partner_rep"}

    def test_pressed_twice_it_is_one_offer(self, world: VendorWorld) -> None:
        made = leads.lead(world)
        first, again = (manage(offers.lead_offer, world, made, partner=world.partners["beta"]) for _ in "ab")
        assert first == again
        assert leads.events(world, first) == ["deals.lead_offered"]

    def test_not_to_a_second_partner_meanwhile(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        with pytest.raises(ValidationError, match="is offered and cannot be offered now"):
            manage(offers.lead_offer, world, leads.lead_now(world, offer), partner=world.partners["alpha"])

    def test_the_database_allows_one_open_offer_at_most(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            with pytest.raises(IntegrityError, match="deals_leadoffer_one_open"), transaction.atomic():
                factories.LeadOfferFactory(lead=offer.lead, partner=world.partners["alpha"])
            LeadOffer.objects.filter(pk=offer.pk).update(
                outcome="accepted", accepted_at=offer.offered_at, closed_at=offer.offered_at
            )
            with pytest.raises(IntegrityError, match="deals_leadoffer_one_accepted"), transaction.atomic():
                factories.LeadOfferFactory(
                    lead=offer.lead,
                    partner=world.partners["alpha"],
                    outcome="accepted",
                    accepted_at=offer.offered_at,
                )

    @pytest.mark.parametrize("slug", ["gamma"])
    def test_only_partners_in_ones_care(self, slug: str, world: VendorWorld) -> None:
        with pytest.raises(PermissionDenied):
            leads.offered(world, slug)

    def test_not_to_one_where_nobody_could_answer(self, world: VendorWorld) -> None:
        with pytest.raises(ValidationError, match="nobody there can sign in"):
            leads.offered(world, "delta")

    def test_taken_back_before_the_answer_it_can_be_offered_again(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        manage(offers.lead_withdraw, world, leads.lead_now(world, offer))
        manage(offers.lead_withdraw, world, leads.lead_now(world, offer))  # twice is once
        assert leads.events(world, offer) == ["deals.lead_offered", "deals.lead_withdrawn"]
        assert told(world, "leads.gone") == {"partner_admin", "partner_rep"}
        manage(offers.lead_offer, world, leads.lead_now(world, offer), partner=world.partners["beta"])
        assert leads.holders(world, offer) == [("beta", "withdrawn"), ("beta", "")]

    def test_taken_back_after_the_acceptance_it_goes_to_somebody_else(self, world: VendorWorld) -> None:
        offer = leads.accepted(world)
        manage(offers.lead_withdraw, world, leads.lead_now(world, offer))
        with pytest.raises(ValidationError, match="had accepted it"):
            manage(offers.lead_offer, world, leads.lead_now(world, offer), partner=world.partners["beta"])
        manage(offers.lead_offer, world, leads.lead_now(world, offer), partner=world.partners["alpha"])
        assert leads.holders(world, offer) == [("beta", "accepted"), ("alpha", "")]
        with pytest.raises(ValidationError, match="not with you any more"):
            leads.log(world, offer)

    def test_several_at_once_each_for_itself(self, world: VendorWorld) -> None:
        free, held = leads.lead(world), leads.offered(world, "alpha")
        with acting_as(world.people["manager"]) as actor:
            both = [free, leads_of(held)]
            offered, refused = offers.leads_offer(actor=actor, leads=both, partner=world.partners["beta"])
        assert [offer.reference for offer in offered] == [free.reference]
        assert [(lead.reference, "is offered" in why) for lead, why in refused] == [(held.reference, True)]

    def test_ended_by_the_vendor_nobody_has_it_any_more(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        ended = manage(offers.lead_end, world, leads.lead_now(world, offer), reason="A competitor")
        assert (ended.status, ended.disqualify_reason) == (LeadStatus.DISQUALIFIED, "A competitor")
        assert leads.holders(world, offer) == [("beta", "withdrawn")]
        with pytest.raises(ValidationError):
            do(leads_services.offer_accept, world.people["partner_rep"], offer)


def leads_of(offer: LeadOffer) -> Lead:
    return Lead.objects.get(pk=offer.lead_id)


class TestAnswering:
    def test_accepting_shows_the_contact_and_starts_the_second_clock(self, world: VendorWorld) -> None:
        with stopped_at(A_TUESDAY):
            offer = leads.accepted(world)
        assert (offer.contact_name, offer.contact_email) == ("Ada Moser", "ada@steirische-werke.at")
        assert offer.contact_due_at == datetime(2026, 6, 18, 10, 0, tzinfo=VIENNA)
        assert leads.lead_now(world, offer).status == LeadStatus.ACCEPTED
        assert told(world, "leads.accepted") == {"manager"}

    def test_accepted_twice_is_once(self, world: VendorWorld) -> None:
        offer = leads.accepted(world)
        again = do(leads_services.offer_accept, world.people["partner_admin"], offer)
        assert again.answered_by == world.people["partner_rep"].user
        assert leads.events(world, offer).count("deals.lead_accepted") == 1

    def test_not_after_the_window_even_before_the_clock_has_seen_it(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        with stopped_at(offer.answer_due_at), pytest.raises(ValidationError, match="window has closed"):
            do(leads_services.offer_accept, world.people["partner_rep"], offer)
        with stopped_at(leads.past(offer)):
            assert mind(world) == (1, 0)
            for service, more in (
                (leads_services.offer_accept, {}),
                (leads_services.offer_decline, {"reason": "No"}),
            ):
                with pytest.raises(ValidationError, match="window has closed"):
                    do(service, world.people["partner_rep"], offer, **more)
        assert leads.holders(world, offer) == [("beta", "timed_out")]

    def test_the_database_knows_no_late_acceptance(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        with (
            entered(system_scope(world.vendor.pk)),
            pytest.raises(IntegrityError, match="deals_leadoffer_in_time"),
            transaction.atomic(),
        ):
            LeadOffer.objects.filter(pk=offer.pk).update(outcome="accepted", accepted_at=offer.answer_due_at)

    def test_declining_needs_a_reason_and_the_manager_reads_it(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        with pytest.raises(ValidationError, match="Say why"):
            do(leads_services.offer_decline, world.people["partner_rep"], offer, reason=" ")
        declined = do(leads_services.offer_decline, world.people["partner_rep"], offer, reason="No capacity")
        assert (declined.outcome, declined.decline_reason) == ("declined", "No capacity")
        assert told(world, "leads.declined") == {"manager"}
        with pytest.raises(ValidationError, match="is declined already"):
            do(leads_services.offer_accept, world.people["partner_rep"], offer)

    def test_of_a_lead_whose_owner_has_left_the_admins_are_told(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        with entered(system_scope(world.vendor.pk)):
            Membership.objects.filter(pk=world.people["manager"].membership.pk).update(is_active=False)
        do(leads_services.offer_accept, world.people["partner_rep"], offer)
        assert told(world, "leads.accepted") == {"program_admin"}

    @pytest.mark.parametrize("name", ["distributor_admin", "sub_rep", "manager", "executive"])
    def test_nobody_else_answers(self, name: str, world: VendorWorld) -> None:
        offer = leads.offered(world)
        for service, more in (
            (leads_services.offer_accept, {}),
            (leads_services.offer_decline, {"reason": "No"}),
        ):
            with pytest.raises(PermissionDenied):
                do(service, world.people[name], offer, **more)
        assert leads.holders(world, offer) == [("beta", "")]

    def test_people_of_a_suspended_partner_answer_nothing(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        with entered(system_scope(world.vendor.pk)):
            Partner.objects.filter(slug="beta").update(status=PartnerStatus.SUSPENDED)
        with pytest.raises(PermissionDenied):
            do(leads_services.offer_accept, world.people["partner_rep"], offer)
        with pytest.raises(PermissionDenied):
            do(leads_services.offer_decline, world.people["partner_rep"], offer, reason="No")


class TestWorking:
    def test_the_first_contact_stops_the_clock_and_later_ones_do_not_move_it(
        self, world: VendorWorld
    ) -> None:
        with stopped_at(A_TUESDAY) as clock:
            offer = leads.accepted(world)
            clock.shift(timedelta(hours=2))
            first = leads.log(world, offer)
            clock.shift(timedelta(hours=2))
            assert leads.log(world, offer, note="Called again.").contacted_at == first.contacted_at
        assert first.contacted_at == A_TUESDAY + timedelta(hours=2)
        assert leads.lead_now(world, offer).due_at is None
        assert leads.contacts(world, offer) == 2

    def test_the_same_form_sent_twice_is_one_contact(self, world: VendorWorld) -> None:
        offer, key = leads.accepted(world), uuid4()
        for _ in "ab":
            leads.log(world, offer, key=key)
        assert leads.contacts(world, offer) == 1

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"kind": "telepathy"}, "kind"),
            ({"note": "  "}, "note"),
            ({"note": "x" * 501}, "note"),
            ({"happened_on": date(2199, 1, 1)}, "happened_on"),
            ({"happened_on": date(2020, 1, 1)}, "happened_on"),
        ],
    )
    def test_what_cannot_be_is_refused_beside_the_field(
        self, changes: dict[str, Any], field: str, world: VendorWorld
    ) -> None:
        offer = leads.accepted(world)
        with pytest.raises(ValidationError) as refused:
            leads.log(world, offer, **changes)
        assert set(refused.value.message_dict) == {field}
        assert leads.contacts(world, offer) == 0

    def test_neither_registered_nor_disqualified_before_a_contact(self, world: VendorWorld) -> None:
        offer = leads.accepted(world)
        for service, more in (
            (leads_services.offer_convert, {}),
            (leads_services.offer_disqualify, {"reason": "No"}),
        ):
            with pytest.raises(ValidationError, match="Log your first contact"):
                do(service, world.people["partner_rep"], offer, **more)

    def test_disqualified_with_a_reason_the_vendor_reads(self, world: VendorWorld) -> None:
        offer = leads.contacted(world)
        do(leads_services.offer_disqualify, world.people["partner_rep"], offer, reason="No budget")
        lead = leads.lead_now(world, offer)
        assert (lead.status, lead.disqualify_reason) == (LeadStatus.DISQUALIFIED, "No budget")
        assert told(world, "leads.disqualified") == {"manager"}

    def test_a_registration_takes_over_everything_and_keeps_the_link(self, world: VendorWorld) -> None:
        offer = leads.contacted(world, products=(0, 1))
        deal = do(leads_services.offer_convert, world.people["partner_rep"], offer)
        again = do(leads_services.offer_convert, world.people["partner_rep"], offer)
        assert again == deal
        said = leads.answers()
        for name in ("customer_name", "customer_domain", "customer_country", "contact_name", "contact_email"):
            assert getattr(deal, name) == said[name]
        assert (deal.amount, deal.currency, deal.source) == (40_000_00, "EUR", DealSource.VENDOR_LEAD)
        assert deal.use_case == said["notes"]
        assert deal.status == DealStatus.DRAFT
        with acting_as(world.people["partner_rep"]):
            lines = dict(deal.lines.values_list("product_id", "quantity"))
        assert lines == {product.pk: 2 for product in world.products}
        assert leads.now_is(world, offer).deal_id == deal.pk
        assert leads.lead_now(world, offer).status == LeadStatus.CONVERTED

    def test_a_draft_that_was_discarded_can_be_made_again(self, world: VendorWorld) -> None:
        offer = leads.contacted(world)
        rep = world.people["partner_rep"]
        first = do(leads_services.offer_convert, rep, offer)
        with acting_as(rep) as actor:
            deals.deal_withdraw(actor=actor, deal=first)
        assert do(leads_services.offer_convert, rep, offer) != first

    def test_the_vendor_hears_of_the_registration_once_it_is_sent(self, world: VendorWorld) -> None:
        offer = leads.contacted(world)
        deal = do(leads_services.offer_convert, world.people["partner_rep"], offer)
        with acting_as(world.people["manager"]) as actor:
            assert selectors.deal_of(actor, leads.now_is(world, offer)) is None
        with entered(system_scope(world.vendor.pk)):
            Deal.objects.filter(pk=deal.pk).update(status=DealStatus.SUBMITTED, submitted_at=timezone.now())
        with acting_as(world.people["manager"]) as actor:
            assert selectors.deal_of(actor, leads.now_is(world, offer)) == deal


class TestClocks:
    def test_an_unanswered_offer_moves_on_and_both_sides_hear_of_it_once(self, world: VendorWorld) -> None:
        leads.rule(world)
        offer = leads.offered(world)
        with stopped_at(leads.past(offer)):
            assert mind(world) == (1, 0)
            assert mind(world) == (0, 0)
        assert leads.holders(world, offer) == [("beta", "timed_out"), ("alpha", "")]
        assert told(world, "leads.timed_out") == {"manager"}
        assert told(world, "leads.gone") == {"partner_admin", "partner_rep"}

    def test_a_late_contact_is_called_to_mind_once_on_both_sides(self, world: VendorWorld) -> None:
        offer = leads.accepted(world)
        assert offer.contact_due_at
        with stopped_at(offer.contact_due_at):
            assert mind(world) == (0, 1)
            assert mind(world) == (0, 0)
        assert told(world, "leads.contact_due") == {"partner_admin", "partner_rep"}
        assert told(world, "leads.contact_overdue") == {"manager"}
        assert leads.events(world, offer)[-1] == "deals.lead_contact_overdue"

    @pytest.mark.parametrize(
        ("begin", "answer", "contact"),
        [
            # Saturday, 28 March 2026: the night after, clocks go forward. The window ends on Tuesday evening.
            ("2026-03-28 12:00", "2026-03-31 17:00", "2026-04-02 17:00"),
            # Friday, 23 October 2026, in the middle of the day: clocks go back on Sunday.
            ("2026-10-23 13:00", "2026-10-27 13:00", "2026-10-29 13:00"),
        ],
        ids=["clocks go forward", "clocks go back"],
    )
    def test_windows_are_working_hours_over_both_changes_of_the_clock(
        self, begin: str, answer: str, contact: str, world: VendorWorld
    ) -> None:
        starts, due, then = (_in_vienna(text) for text in (begin, answer, contact))
        with stopped_at(starts) as clock:
            offer = leads.offered(world)
            assert offer.answer_due_at == due
            clock.move_to(offer.answer_due_at - timedelta(seconds=1))
            done = do(leads_services.offer_accept, world.people["partner_rep"], offer)
        assert abs(done.contact_due_at - then) <= timedelta(seconds=1)

    def test_a_shift_across_the_change_counts_its_real_hours(self, world: VendorWorld) -> None:
        """Open around the clock: sixteen hours from the eve of the change end an hour later on the wall."""
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            WorkingHours.objects.all().delete()
            WorkingHours.objects.bulk_create(
                WorkingHours(weekday=weekday, opens=time(0), closes=time(0)) for weekday in range(7)
            )
            forget_calendar(world.vendor)
            for day, hours in ((date(2026, 3, 28), 13), (date(2026, 10, 24), 11)):
                begin = datetime.combine(day, time(20), tzinfo=VIENNA)
                due = calendar_of(world.vendor).add_hours(begin, world.vendor.lead_answer_hours)
                assert due.astimezone(VIENNA).hour == hours

    def test_the_vendor_says_how_long_they_are(self, world: VendorWorld) -> None:
        world.vendor.lead_answer_hours, world.vendor.lead_contact_hours = 2, 4
        with stopped_at(A_TUESDAY):
            offer = leads.accepted(world)
        assert offer.answer_due_at == A_TUESDAY + timedelta(hours=2)
        assert offer.contact_due_at == A_TUESDAY + timedelta(hours=4)


class TestRouting:
    """North (alpha, beta) and west (delta); alpha is Gold, the others Silver; all are in Austria."""

    @pytest.fixture(autouse=True)
    def _somebody_everywhere(self, world: VendorWorld) -> None:
        from portal.tenancy.roles import Role
        from tests.support.worlds import add_person

        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            add_person(world.vendor, "delta_rep", Role.PARTNER_REP, world.partners["delta"])

    def order(self, world: VendorWorld, made: Lead, by: str = "manager") -> list[str]:
        """Slugs in the order in which the rules would ask, obstructed ones last."""
        with acting_as(world.people[by]) as actor:
            lead = Lead.objects.get(pk=made.pk)
            return [
                one.standing.slug
                for one in selectors.considered(lead, selectors.case_of(lead), actor.scope.partner_ids)
            ]

    def route(self, world: VendorWorld, made: Lead) -> LeadOffer | None:
        found: LeadOffer | None = manage(offers.lead_route, world, made)
        return found

    def test_the_first_rule_that_names_somebody_decides(self, world: VendorWorld) -> None:
        leads.rule(world, name="West", territory=Territory.REGION)
        leads.rule(world, name="Anybody")
        made = leads.lead(world, region_id=world.regions["west"].pk)
        offer = self.route(world, made)
        assert offer
        assert offer.partner_id == world.partners["delta"].pk
        with acting_as(world.people["manager"]):
            basis = OfferBasis.objects.select_related("rule").get(offer=offer)
        assert str(basis.rule) == "West"
        assert basis.text.startswith("The only one by the rule “West”: Silver")
        assert offer.reason == "It came to you because your region, West, is the customer's."
        assert offer.offered_by is None

    def test_the_same_leads_and_partners_always_give_the_same_answer(self, world: VendorWorld) -> None:
        leads.rule(world)
        made = leads.lead(world)
        orders = {tuple(self.order(world, made)) for _ in range(5)}
        assert orders == {("alpha", "beta", "delta")}  # nothing tells them apart but the name

    def test_the_order_among_partners_of_one_rule(self, world: VendorWorld) -> None:
        leads.rule(world)
        made = leads.lead(world)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            long_ago = timezone.now() - timedelta(days=30)
            history = {"alpha": "declined", "beta": "accepted", "delta": "accepted"}
            for slug, outcome in history.items():
                for _ in range(3):
                    _answered_before(world.partners[slug], outcome, long_ago)
            _answered_before(world.partners["delta"], "accepted", long_ago + timedelta(days=9))
        # beta and delta accept everything, delta was asked last; alpha declines.
        assert self.order(world, made) == ["beta", "delta", "alpha"]
        with entered(system_scope(world.vendor.pk)):
            factories.LeadOfferFactory(partner=world.partners["beta"])
        assert self.order(world, made) == ["delta", "beta", "alpha"]  # fewer open leads first
        with entered(system_scope(world.vendor.pk)):
            world.tiers[1].lead_priority = 5
            world.tiers[1].save()
        assert self.order(world, made) == ["alpha", "delta", "beta"]  # the tier's priority comes first of all

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"partner_type": PartnerType.DISTRIBUTOR}, ["alpha"]),
            ({"territory": Territory.COUNTRY}, ["alpha", "beta", "delta"]),
            ({"country": "DE"}, []),
            ({"country": "AT"}, ["alpha", "beta", "delta"]),
        ],
    )
    def test_conditions(self, fields: dict[str, Any], named: list[str], world: VendorWorld) -> None:
        leads.rule(world, **fields)
        assert self.order(world, leads.lead(world)) == named

    def test_conditions_on_tier_region_and_product(self, world: VendorWorld) -> None:
        made = leads.lead(world, products=(0,), region_id=world.regions["north"].pk)
        rule = leads.rule(world, least_tier=world.tiers[1])
        assert self.order(world, made) == ["alpha"]
        for fields, named in (
            ({"least_tier": None, "region": world.regions["west"]}, []),
            ({"region": world.regions["north"]}, ["alpha", "beta", "delta"]),
            ({"product": world.products[1]}, []),
            ({"product": world.products[0]}, ["alpha", "beta", "delta"]),
        ):
            with entered(system_scope(world.vendor.pk)):
                LeadRule.objects.filter(pk=rule.pk).update(**fields)
            assert self.order(world, made) == named, fields

    def test_who_is_full_is_passed_over_and_said_to_be(self, world: VendorWorld) -> None:
        leads.rule(world, capacity=1)
        with entered(system_scope(world.vendor.pk)):
            factories.LeadOfferFactory(partner=world.partners["alpha"])
        offer = self.route(world, leads.lead(world))
        assert offer
        assert offer.partner_id == world.partners["beta"].pk
        with acting_as(world.people["manager"]):
            text = OfferBasis.objects.get(offer=offer).text
        assert "Passed over: Alpha of acme (full: 1 open lead, the rule allows 1)" in text

    def test_never_back_to_one_that_declined_or_did_not_answer(self, world: VendorWorld) -> None:
        leads.rule(world)
        offer = self.route(world, leads.lead(world))
        assert offer
        do(leads_services.offer_decline, world.people["distributor_rep"], offer, reason="No capacity")
        assert leads.holders(world, offer) == [("alpha", "declined"), ("beta", "")]
        second = _latest(world, offer)
        with stopped_at(leads.past(second)):
            mind(world)
        assert leads.holders(world, offer)[1:] == [("beta", "timed_out"), ("delta", "")]
        with stopped_at(leads.past(_latest(world, offer)) + timedelta(days=5)):
            mind(world)
        assert leads.lead_now(world, offer).status == LeadStatus.UNPLACED
        assert told(world, "leads.nobody_left") == {"manager"}
        for slug in ("alpha", "beta", "delta"):
            with pytest.raises(ValidationError, match=r"declined it|did not answer in time"):
                manage(offers.lead_offer, world, leads.lead_now(world, offer), partner=world.partners[slug])
        assert self.route(world, leads.lead_now(world, offer)) is None
        with entered(system_scope(world.vendor.pk)), transaction.atomic(), pytest.raises(IntegrityError):
            factories.LeadOfferFactory(lead=offer.lead, partner=world.partners["alpha"])

    def test_nobody_is_told_twice_that_nobody_is_left(self, world: VendorWorld) -> None:
        made = leads.lead(world)
        assert self.route(world, made) is None
        assert self.route(world, made) is None
        with entered(system_scope(world.vendor.pk)):
            assert PortalEvent.objects.filter(type="deals.lead_unplaced").count() == 1

    def test_a_managers_lead_stays_among_the_managers_partners(self, world: VendorWorld) -> None:
        """gamma is nobody's: only an admin's lead reaches it."""
        leads.rule(world, partner_type=PartnerType.RESELLER)
        with entered(system_scope(world.vendor.pk)):
            Partner.objects.exclude(slug="gamma").update(status=PartnerStatus.SUSPENDED)
        assert self.route(world, leads.lead(world)) is None
        offer = manage(offers.lead_route, world, leads.lead(world, "program_admin"), "program_admin")
        assert offer.partner_id == world.partners["gamma"].pk

    def test_what_partners_read_names_nobody_else(self, world: VendorWorld) -> None:
        leads.rule(world, territory=Territory.COUNTRY, partner_type=PartnerType.RESELLER)
        offer = self.route(world, leads.lead(world))
        assert offer
        assert offer.reason == (
            "It came to you because you work in Austria, where the customer is and it suits a reseller."
        )


def _answered_before(partner: Partner, outcome: str, moment: datetime) -> None:
    done = {"accepted": "accepted_at", "declined": "declined_at"}[outcome]
    factories.LeadOfferFactory(
        partner=partner,
        offered_at=moment,
        outcome=outcome,
        closed_at=moment + timedelta(days=1),
        **{done: moment + timedelta(days=1)},
    )


def _latest(world: VendorWorld, offer: LeadOffer) -> LeadOffer:
    with acting_as(world.people["program_admin"]):
        found: LeadOffer = LeadOffer.objects.filter(lead=offer.lead_id).latest("offered_at")
        return found


def test_every_e_mail_is_sent_and_names_the_customer(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    leads.rule(world)
    first = leads.contacted(world)
    do(leads_services.offer_disqualify, world.people["partner_rep"], first, reason="No budget")
    second = leads.offered(world)
    do(leads_services.offer_decline, world.people["partner_rep"], second, reason="No capacity")
    third = leads.offered(world)
    manage(offers.lead_withdraw, world, leads.lead_now(world, third))
    late = leads.accepted(world)
    assert late.contact_due_at
    with stopped_at(late.contact_due_at + timedelta(days=30)):
        mind(world)
        deliver(world.vendor.pk)
    texts = {message.subject for message in mail.outbox}
    assert all(leads.CUSTOMER in subject for subject in texts)
    beginnings = ("A lead for you", "Taken back", "Not answered in time", "Overdue", "Nobody is left")
    for beginning in beginnings:
        assert any(subject.startswith(beginning) for subject in texts), beginning
    said = ("accepted", "declined", "did not answer", "has not contacted", "disqualified")
    for word in said:
        assert any(word in subject for subject in texts), word
    for message in mail.outbox:
        to_partner = message.to[0].startswith(("partner_", "distributor_", "sub_"))
        others = {p.name for p in world.partners.values()}
        if to_partner:
            assert not any(name in f"{message.body}{message.alternatives}" for name in others)
