"""Shared credit: agreeing on it, what each side sees, and that the parts are always the whole."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.customers.models import Customer
from deals.deal.models import Deal, DealStatus
from deals.outcome import services as outcome_services
from deals.sales.metrics import METRICS, sales
from deals.shared_credit import services as shared_credit_services
from deals.shared_credit import views
from deals.shared_credit.models import CoSell, CoSellStage, CreditLine
from deals.shared_credit.requests import CREDIT
from deals.special_prices.models import WHOLE
from demo.bench import recompute
from partners.models import Partner, PartnerStatus
from portal.events.models import OutboxMessage, PortalEvent
from portal.metrics.declarations import AsOf
from portal.notifications.models import Notification
from portal.requests.services import request_ask, request_grant
from portal.sealed_ids import sealed
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from scorecards.services import nightly
from tests.support.clocks import stopped_at
from tests.support.deals import approved, do, draft, events, now_is
from tests.support.imports import counts, faults, run
from tests.support.pages import BUDGET, statements, text
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as, add_person

SignIn = Callable[[Person], PortalClient]


@pytest.fixture
def delta(world: VendorWorld) -> Person:
    """The admin of delta, the second partner; beta's deals are shared with it."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return add_person(world.vendor, "delta_admin", Role.PARTNER_ADMIN, world.partners["delta"])


def propose(world: VendorWorld, deal: Deal, rep: str = "partner_rep", **more: Any) -> CoSell:
    fields = {"named": "Delta of acme", "share": 3_000, "note": "They install.", **more}
    with acting_as(world.people[rep]) as actor:
        return request_ask(actor=actor, kind=CREDIT, subject=deal, **fields)


def settle(service: Any, person: Person, cosell: CoSell, **more: Any) -> CoSell:
    with acting_as(person) as actor:
        there = CoSell.objects.select_related("deal__partner").get(pk=cosell.pk)
        done: CoSell = service(actor=actor, request=there, **more)
        return done


def confirm(world: VendorWorld, cosell: CoSell, share: int = 3_000) -> CoSell:
    other = world.partners["delta"]
    return settle(request_grant, world.people["manager"], cosell, other=other, share=share)


def answer(service: Any, person: Person, **more: Any) -> CreditLine:
    with acting_as(person) as actor:
        done: CreditLine = service(actor=actor, line=CreditLine.objects.order_by("-pk")[0], **more)
        return done


def name(world: VendorWorld, deal: Deal, share: int = 3_000, other: str = "delta") -> CoSell:
    partner = world.partners[other]
    return do(shared_credit_services.credit_name, world.people["manager"], deal, other=partner, share=share)  # type: ignore[return-value]


def lines(world: VendorWorld) -> dict[str, CreditLine]:
    """{partner key: its line} of everything in force or offered."""
    with acting_as(world.people["program_admin"]):
        rows = CreditLine.objects.filter(ended_at=None).select_related("partner")
        return {line.partner.slug: line for line in rows}


def told(world: VendorWorld, kind: str) -> set[str]:
    with acting_as(world.people["program_admin"]):
        return set(Notification.objects.filter(kind=kind).values_list("user__email", flat=True))


def win(world: VendorWorld, deal: Deal, amount: int = 100_000_00) -> Deal:
    fields = {"amount": amount, "closed_on": timezone.localdate()}
    return do(outcome_services.deal_win, world.people["partner_rep"], deal, **fields)


# Agreeing ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestAgreeing:
    def test_proposed_confirmed_and_accepted(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        cosell = propose(world, deal)
        assert cosell.stage == CoSellStage.PROPOSED
        assert cosell.owner == world.people["manager"].user
        assert lines(world) == {}
        assert confirm(world, cosell).stage == CoSellStage.OFFERED
        offered = lines(world)
        assert {slug: line.agreed_at for slug, line in offered.items()} == {"beta": None, "delta": None}
        assert offered["delta"].amount is None, "before it accepts it is told no amounts"
        answer(shared_credit_services.share_accept, delta)
        shared = lines(world)
        assert (shared["beta"].share, shared["delta"].share) == (7_000, 3_000)
        assert (shared["beta"].kind, shared["delta"].kind) == ("sourced", "influenced")
        assert (shared["beta"].amount, shared["delta"].amount) == (60_200_00, 25_800_00)
        recorded = [kind for kind in events(world, deal) if kind.startswith("deals.credit")]
        assert recorded == ["deals.credit_requested", "deals.credit_granted", "deals.credit_agreed"]
        assert told(world, "deals.credit_requested") == {"manager@acme.example"}
        assert told(world, "deals.share_offered") == {"delta_admin@acme.example"}
        assert told(world, "deals.credit_changed") == {"partner_rep@acme.example"}

    def test_named_by_the_manager_it_is_in_force_at_once(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        assert name(world, deal).stage == CoSellStage.AGREED
        assert name(world, deal).pk == name(world, deal).pk
        assert told(world, "deals.share_offered") == {"delta_admin@acme.example"}
        assert told(world, "deals.credit_changed") == {"partner_rep@acme.example"}

    def test_everything_twice_is_once(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        cosell = propose(world, deal)
        assert propose(world, deal).pk == cosell.pk
        confirm(world, cosell), confirm(world, cosell)
        first = answer(shared_credit_services.share_accept, delta)
        assert answer(shared_credit_services.share_accept, delta).agreed_at == first.agreed_at
        manager = world.people["manager"]
        ended = settle(views._end, manager, cosell, reason="They left.")
        assert settle(views._end, manager, cosell, reason="Again.").ended_at == ended.ended_at
        recorded = [kind for kind in events(world, deal) if kind.startswith("deals.credit")]
        assert len(recorded) == len(set(recorded)) == 4

    def test_declined_by_the_vendor(self, world: VendorWorld) -> None:
        cosell = propose(world, approved(world))
        with pytest.raises(ValidationError, match="Say why"):
            settle(views._decline, world.people["manager"], cosell, reason="")
        declined = settle(views._decline, world.people["manager"], cosell, reason="No role.")
        assert declined.stage == CoSellStage.DECLINED
        with pytest.raises(ValidationError, match="declined already"):
            confirm(world, cosell)

    def test_declined_by_the_second_partner(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        confirm(world, propose(world, deal))
        answer(shared_credit_services.share_decline, delta, reason="No capacity.")
        with acting_as(world.people["partner_rep"]):
            cosell = CoSell.objects.get()
            assert (cosell.stage, cosell.decision_reason) == (CoSellStage.DECLINED, "No capacity.")
            event = PortalEvent.objects.get(type="deals.credit_declined")
            assert event.actor_id is None, "who at the other partner is theirs to tell"
        assert lines(world) == {}
        with pytest.raises(ValidationError, match="stands no more"):
            answer(shared_credit_services.share_accept, delta)

    def test_taken_back_before_it_is_accepted(self, world: VendorWorld, delta: Person) -> None:
        cosell = confirm(world, propose(world, approved(world)))
        settle(views._withdraw, world.people["partner_rep"], cosell)
        with pytest.raises(ValidationError, match="stands no more"):
            answer(shared_credit_services.share_accept, delta)
        assert lines(world) == {}

    def test_a_new_agreement_takes_the_place_of_the_old_one(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        old = name(world, deal)
        new = name(world, deal, share=4_500)
        with acting_as(world.people["program_admin"]):
            old.refresh_from_db()
        assert (old.stage, old.ended_at) == (CoSellStage.ENDED, new.agreed_at)
        assert lines(world)["delta"].share == 4_500
        assert told(world, "deals.share_offered") == {"delta_admin@acme.example"}

    @pytest.mark.parametrize("share", [0, WHOLE, -1, WHOLE + 1])
    def test_a_share_is_a_part(self, world: VendorWorld, share: int) -> None:
        deal = approved(world)
        for service in (propose, name):
            with pytest.raises(ValidationError) as refused:
                service(world, deal, share=share)
            assert "share" in refused.value.message_dict

    def test_nobody_shares_with_itself_or_with_who_has_left(self, world: VendorWorld) -> None:
        deal = approved(world)
        with pytest.raises(ValidationError, match="whose deal it is"):
            name(world, deal, other="beta")
        with acting_as(world.people["program_admin"]):
            Partner.objects.filter(slug="delta").update(status=PartnerStatus.ENDED)
            world.partners["delta"].refresh_from_db()
        with pytest.raises(ValidationError, match="not an active partner"):
            name(world, deal)

    def test_not_for_drafts_nor_lost_deals(self, world: VendorWorld) -> None:
        with pytest.raises(ValidationError, match="is draft"):
            propose(world, draft(world.people["partner_rep"], world))
        deal = approved(world)
        do(outcome_services.deal_lose, world.people["partner_rep"], deal, reason="Price")
        for service in (propose, name):
            with pytest.raises(ValidationError, match="is lost"):
                service(world, deal)

    def test_an_offer_of_a_deal_that_was_lost_meanwhile(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        confirm(world, propose(world, deal))
        do(outcome_services.deal_lose, world.people["partner_rep"], deal, reason="Price")
        with pytest.raises(ValidationError, match="stands no more"):
            answer(shared_credit_services.share_accept, delta)

    @pytest.mark.parametrize("person", ["manager", "executive", "distributor_admin", "sub_rep"])
    def test_only_the_partner_proposes(self, world: VendorWorld, person: str) -> None:
        with pytest.raises(PermissionDenied):
            propose(world, approved(world), rep=person)

    def test_a_manager_names_only_partners_of_their_own(self, world: VendorWorld) -> None:
        with pytest.raises(PermissionDenied, match="you manage"):
            name(world, approved(world), other="gamma")

    def test_only_the_second_partner_answers(self, world: VendorWorld, delta: Person) -> None:
        confirm(world, propose(world, approved(world)))
        line = lines(world)["delta"]
        for person in ("partner_rep", "manager", "program_admin", "distributor_admin"):
            with acting_as(world.people[person]) as actor, pytest.raises(PermissionDenied):
                shared_credit_services.share_accept(actor=actor, line=line)


# The whole --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestTheWhole:
    def test_the_database_refuses_lines_that_are_not_the_whole(self, world: VendorWorld) -> None:
        name(world, approved(world))
        for change in (
            {"share": 2_999},
            {"share": 3_001},
            {"kind": "sourced"},
            {"ended_at": timezone.now()},
            {"agreed_at": None},
        ):
            with (
                pytest.raises(IntegrityError, match="not the whole"),
                entered(system_scope(world.vendor.pk)),
                transaction.atomic(),
            ):
                CreditLine.objects.filter(kind="influenced").update(**change)
                connection.check_constraints()

    def test_nor_one_that_is_gone_or_moved(self, world: VendorWorld) -> None:
        name(world, approved(world))
        with entered(system_scope(world.vendor.pk)):
            with pytest.raises(IntegrityError, match="not the whole"), transaction.atomic():
                CreditLine.objects.filter(kind="influenced").delete()
                connection.check_constraints()
            with pytest.raises(IntegrityError, match="stays with"), transaction.atomic():
                CreditLine.objects.filter(kind="influenced").update(partner=world.partners["gamma"])

    def test_not_even_a_partner_who_sees_only_its_own_line(self, world: VendorWorld) -> None:
        """Under its own scope the sum is 70 %: the check looks as the owner, or it would always fail."""
        name(world, approved(world))
        with pytest.raises(IntegrityError, match="not the whole"), acting_as(world.people["partner_rep"]):
            assert CreditLine.objects.update(share=WHOLE - 1) == 1
            connection.check_constraints()

    def test_one_agreement_in_force_per_deal(self, world: VendorWorld) -> None:
        cosell = name(world, approved(world))
        with entered(system_scope(world.vendor.pk)), pytest.raises(IntegrityError), transaction.atomic():
            cosell.pk = None
            cosell.save(force_insert=True)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(amount=st.integers(0, 10**15), won=st.integers(1, 10**15), share=st.integers(1, WHOLE - 1))
    def test_the_parts_are_the_amount(self, world: VendorWorld, amount: int, won: int, share: int) -> None:
        """Largest remainder: each part is its exact share, rounded up or down, and nothing is lost."""
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            deal = Deal.objects.first() or _bare_deal(world)
            now = timezone.now()
            cosell = CoSell.objects.create(
                partner=deal.partner, deal=deal, status="granted", named="d", share=share,
                other=world.partners["delta"], due_at=now, decided_at=now, agreed_at=now, ended_at=now,
            )  # fmt: skip
            made = CreditLine.objects.bulk_create(
                CreditLine(
                    partner=partner, cosell=cosell, deal=deal, kind=kind, share=part, agreed_at=now,
                )
                for partner, kind, part in (
                    (deal.partner, "sourced", WHOLE - share), (world.partners["delta"], "influenced", share)
                )
            )  # fmt: skip
            Deal.objects.filter(pk=deal.pk).update(amount_vendor=amount, won_amount_vendor=won, won_at=now)
            for line in made:
                line.refresh_from_db()
            for whole, parts in (
                (amount, [line.amount for line in made]),
                (won, [line.booked for line in made]),
            ):
                assert sum(part or 0 for part in parts) == whole
                for line, part in zip(made, parts, strict=True):
                    assert abs((part or 0) * WHOLE - whole * line.share) < WHOLE
                    exact = [whole * one.share % WHOLE for one in made]
                    if exact[0] != exact[1]:
                        up = exact.index(max(exact))
                        assert parts[up] == -(-whole * made[up].share // WHOLE)
            assert sum(line.amount_shift for line in made) == sum(line.booked_shift for line in made) == 0


def _bare_deal(world: VendorWorld) -> Deal:
    deal: Deal = Deal.objects.create(
        partner=world.partners["beta"], reference="D-1", customer_name="c", currency="EUR", amount_vendor=0
    )
    return deal


# What each side sees ----------------------------------------------------------------------------------------

SECRETS = {
    "notes": "CANARY-NOTES",
    "contact_name": "Canary Contact",
    "contact_email": "canary@contact.example",
    "contact_phone": "+43 1 CANARY",
    "use_case": "CANARY-USE-CASE",
    "competitor": "CANARY-RIVAL",
    "customer_domain": "canary-domain.example",
}


@pytest.mark.django_db
class TestWhoSeesWhat:
    def pages(self, deal: Deal, line: int, cosell: int) -> list[str]:
        own = f"/deals/{deal.reference}/"
        return [
            "/", "/deals/?all=1", "/deals/export/?all=1", "/deals/shared/", "/notifications/", "/scorecard/",
            "/partners/people/", own, *(f"{own}{page}/" for page in ("terms", "credit", "price", "edit")),
            "/partners/beta/", "/partners/delta/", "/partners/delta/timeline/", "/partners/beta/timeline/",
            "/deals/of/beta/", "/deals/of/delta/", "/deals/inbox/", "/deals/inbox/requests/",
            f"/deals/credit/{sealed(cosell)}/end/", f"/deals/shared/{sealed(line)}/accept/",
        ]  # fmt: skip

    def test_the_second_partner_reads_its_line_and_nothing_of_the_deal(
        self, world: VendorWorld, delta: Person, client_as: SignIn
    ) -> None:
        deal = approved(world, **SECRETS)
        cosell = name(world, deal)
        with acting_as(delta):
            assert [line.customer_name for line in CreditLine.objects.all()] == ["Tiroler Logistik AG"]
            for table in (Deal, Customer, CoSell):
                assert not table._base_manager.exists(), table
            kinds = set(PortalEvent._base_manager.values_list("type", flat=True))
            assert kinds <= {"deals.share_agreed", "portal.login"}
        client, seen = client_as(delta), ""
        for page in self.pages(deal, lines(world)["delta"].pk, cosell.pk):
            seen += text(client.get(page, follow=True))
            seen += text(client.get(page, headers={"HX-Request": "true"}, follow=True))
        for secret in SECRETS.values():
            assert secret not in seen, secret
        assert "Tiroler Logistik AG" in seen
        assert "€25,800" in seen
        for page in ("", "terms/", "credit/", "price/"):
            assert client.get(f"/deals/{deal.reference}/{page}").status_code == 404, page

    def test_nobody_else_learns_of_it(self, world: VendorWorld, delta: Person, client_as: SignIn) -> None:
        deal = approved(world, customer_name="Canary Customer AG")
        cosell = name(world, deal)
        line = lines(world)["delta"].pk
        for person in ("distributor_admin", "distributor_rep", "sub_rep", "other_manager"):
            with acting_as(world.people[person]):
                assert not CreditLine._base_manager.exists(), person
                assert not CoSell._base_manager.exists(), person
            client = client_as(world.people[person])
            for page in self.pages(deal, line, cosell.pk):
                assert "Canary Customer" not in text(client.get(page, follow=True)), (person, page)

    def test_the_first_partner_does_not_see_the_others_line(self, world: VendorWorld, delta: Person) -> None:
        name(world, approved(world))
        with acting_as(world.people["partner_rep"]):
            assert [line.kind for line in CreditLine._base_manager.all()] == ["sourced"]

    def test_a_rep_kept_to_own_deals_sees_no_shares(
        self, world: VendorWorld, delta: Person, client_as: SignIn
    ) -> None:
        name(world, approved(world))
        with entered(system_scope(world.vendor.pk)):
            Partner.objects.filter(slug="delta").update(own_deals_only=True)
            rep = add_person(world.vendor, "delta_rep", Role.PARTNER_REP, world.partners["delta"])
        assert "Tiroler" not in text(client_as(rep).get("/deals/shared/"))
        assert "Tiroler" in text(client_as(delta).get("/deals/shared/"))

    def test_a_proposal_does_not_say_who_is_a_partner(self, world: VendorWorld, client_as: SignIn) -> None:
        """The same answer for a partner's name as for one that is nobody's."""
        rep, answers = client_as(world.people["partner_rep"]), []
        for number, named in enumerate(("Delta of acme", "Nobody of acme")):
            deal = approved(world, customer_name=f"Customer {number}", customer_domain=f"c{number}.example")
            sent = {"named": named, "share": "30", "note": ""}
            posted = rep.post(f"/deals/{deal.reference}/credit/", sent, follow=True)
            page = (
                text(posted).replace(named, "X").replace(deal.reference, "R").replace(deal.customer_name, "C")
            )
            answers.append((posted.status_code, len(page)))
        assert answers[0] == answers[1]

    def test_mails_to_the_second_partner_hold_only_what_its_line_says(
        self, world: VendorWorld, delta: Person
    ) -> None:
        deal = approved(world, **SECRETS)
        cosell = confirm(world, propose(world, deal, note="CANARY-NOTES"))
        answer(shared_credit_services.share_accept, delta)
        win(world, deal)
        settle(views._end, world.people["manager"], cosell, reason="CANARY-REASON")
        with entered(system_scope(world.vendor.pk)):
            mails = [str(row.payload) for row in OutboxMessage.objects.filter(kind="email")]
        mails = [mail for mail in mails if "delta_admin@" in mail]
        assert len(mails) == 2
        assert not any("CANARY" in mail for mail in mails)

    def test_who_shares_no_more_hears_of_nothing_later(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        settle(views._end, world.people["manager"], name(world, deal), reason="Done.")
        win(world, deal)
        with acting_as(delta):
            line = CreditLine.objects.get()
            assert (line.status, line.won_at, line.booked, line.amount) == ("approved", None, None, 25_800_00)
            assert line.open_until == line.ended_at, "not even when it was closed"
            assert not PortalEvent.objects.filter(type="deals.share_won").exists()

    @pytest.mark.parametrize("hour", [0, 11, 12, 16, 23], ids="at {} o'clock".format)
    def test_nor_of_a_win_on_the_day_sharing_ended_whenever_that_was(
        self, world: VendorWorld, delta: Person, hour: int
    ) -> None:
        """Entered the same day a minute later, and entered the day after."""
        ended = datetime(2026, 11, 18, hour, 30, tzinfo=world.vendor.zone)
        for entered_at in (ended + timedelta(minutes=1), ended + timedelta(days=1)):
            with stopped_at(ended - timedelta(days=1)):
                deal = approved(world, customer_name=f"Customer of {entered_at}", customer_domain="")
                cosell = name(world, deal)
            with stopped_at(ended):
                settle(views._end, world.people["manager"], cosell, reason="Done.")
            with stopped_at(entered_at):
                fields = {"amount": 100_000_00, "closed_on": ended.date()}
                won = do(outcome_services.deal_win, world.people["partner_rep"], deal, **fields)
            assert won.won_at.astimezone(world.vendor.zone).date() == ended.date()
            with acting_as(delta):
                line = CreditLine.objects.get(deal_id=deal.pk)
                assert (line.won_at, line.booked) == (None, None)
                assert not PortalEvent.objects.filter(type="deals.share_won").exists()

    def test_nor_of_a_win_that_a_file_brings_for_that_day(self, world: VendorWorld, delta: Person) -> None:
        """A day in a file has no hour either; the second time changes nothing."""
        zone, columns = (
            world.vendor.zone,
            "external_key,partner,customer_name,status,amount,submitted_on,approved_on",
        )
        row = "K1,beta,Tiroler Logistik AG,{},86000,2026-11-16,2026-11-16"
        with stopped_at(datetime(2026, 11, 17, 9, tzinfo=zone)):
            assert faults(run(world.vendor, "deals", f"{columns}\n{row.format('approved')}\n")) == []
        with stopped_at(datetime(2026, 11, 18, 10, tzinfo=zone)):
            with acting_as(world.people["manager"]):
                deal = Deal.objects.get(external_key="K1")
            cosell = name(world, deal)
        ended = datetime(2026, 11, 18, 16, 30, tzinfo=zone)
        with stopped_at(ended):
            settle(views._end, world.people["manager"], cosell, reason="Done.")
        won = f"{columns},closed_on\n{row.format('won')},2026-11-18\n"
        for moment, changed in ((ended + timedelta(hours=1), 1), (ended + timedelta(days=1), 0)):
            with stopped_at(moment):
                assert counts(run(world.vendor, "deals", won)) == (0, changed, 1 - changed, 0)
            assert now_is(world, deal).won_at == ended
        with acting_as(delta):
            line = CreditLine.objects.get()
            assert (line.won_at, line.booked) == (None, None)

    def test_nor_does_who_declined(self, world: VendorWorld, delta: Person, client_as: SignIn) -> None:
        deal = approved(world)
        confirm(world, propose(world, deal))
        answer(shared_credit_services.share_decline, delta, reason="No capacity.")
        win(world, deal)
        with acting_as(delta):
            line = CreditLine.objects.get()
            assert (line.status, line.won_at, line.amount) == ("approved", None, None)
        assert "Tiroler" not in text(client_as(delta).get("/deals/shared/"))

    def test_the_line_follows_the_deal(self, world: VendorWorld, delta: Person) -> None:
        deal = approved(world)
        name(world, deal)
        win(world, deal, amount=100_000_01)
        line = lines(world)["delta"]
        assert (line.status, line.booked) == (DealStatus.WON, 30_000_00)
        assert lines(world)["beta"].booked == 70_000_01
        assert line.won_at == now_is(world, deal).won_at
        with acting_as(delta):
            event = PortalEvent.objects.get(type="deals.share_won")
            assert event.actor_id is None
            assert event.data["customer"] == "Tiroler Logistik AG"


# What counts ------------------------------------------------------------------------------------------------


def figures(world: VendorWorld, day: date) -> dict[str, dict[str, Any]]:
    """{metric: {partner key: value}} as of the end of a day."""
    slugs = {partner.pk: slug for slug, partner in world.partners.items()}
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        found = sales(AsOf.of(world.vendor, day))
    return {key: {slugs[pk]: result.value for pk, result in of.items()} for key, of in found.items()}


@pytest.mark.django_db
class TestWhatCounts:
    def test_amounts_are_split_and_counts_are_not(self, world: VendorWorld) -> None:
        today = timezone.localdate()
        deal = approved(world)
        name(world, deal)
        now = figures(world, today)
        assert now["open_pipeline"] == {"beta": 60_200_00, "delta": 25_800_00}
        assert now["weighted_pipeline"] == {"beta": 12_040_00, "delta": 5_160_00}  # 20 %
        assert now["registrations"] == {"beta": 1, "delta": 0}
        win(world, deal, amount=100_000_00)
        now = figures(world, today)
        assert now["open_pipeline"] == {"beta": 0, "delta": 0}
        assert now["bookings"] == {"beta": 70_000_00, "delta": 30_000_00}

    def test_the_scorecard_says_where_the_rest_comes_from(
        self, world: VendorWorld, delta: Person, client_as: SignIn
    ) -> None:
        deal = approved(world)
        name(world, deal)
        win(world, deal, amount=100_000_00)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            nightly(vendor=world.vendor, as_of=timezone.localdate())
        page = text(client_as(delta).get("/partners/delta/scorecard/bookings/"))
        assert "and €30,000 credited of other partners&#x27; deals = €30,000" in page

    def test_a_past_day_is_as_it_was(self, world: VendorWorld) -> None:
        """Agreed, changed and ended on three days: each day before keeps its answer."""
        today = timezone.localdate()
        deal = approved(world)
        first, second = name(world, deal), name(world, deal, share=5_000)
        settle(views._end, world.people["manager"], second, reason="Done.")
        noon = timezone.localtime().replace(hour=10)
        moments = [noon - timedelta(days=ago) for ago in (9, 6, 3)]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Deal.objects.update(approved_at=noon - timedelta(days=20))
            CreditLine.objects.filter(cosell=first).update(agreed_at=moments[0], ended_at=moments[1])
            CreditLine.objects.filter(cosell=second).update(agreed_at=moments[1], ended_at=moments[2])
        wanted = {
            10: (86_000_00, None),
            9: (60_200_00, 25_800_00),
            6: (43_000_00, 43_000_00),
            3: (86_000_00, None),
        }
        for ago, (beta, delta) in wanted.items():
            found = figures(world, today - timedelta(days=ago))["open_pipeline"]
            assert (found["beta"], found.get("delta")) == (beta, delta), ago

    def test_later_sharing_does_not_change_an_earlier_day(self, world: VendorWorld) -> None:
        deal = approved(world)
        with entered(system_scope(world.vendor.pk)):
            Deal.objects.update(approved_at=timezone.now() - timedelta(days=3))
        yesterday = timezone.localdate() - timedelta(days=1)
        before = figures(world, yesterday)
        name(world, deal)
        assert figures(world, yesterday) == before
        assert figures(world, timezone.localdate())["open_pipeline"] != before["open_pipeline"]

    def test_the_rows_behind_a_figure_add_up_to_it(self, world: VendorWorld, client_as: SignIn) -> None:
        today = AsOf.of(world.vendor, timezone.localdate())
        deal = approved(world)
        name(world, deal)
        win(world, deal, amount=100_000_00)
        metric = next(one for one in METRICS if one.key == "bookings")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            rows = list(metric.rows(world.partners["beta"].pk, today))
            result = sales(today)["bookings"]
        assert [row.amount_then for row in rows] == [70_000_00]
        assert result[world.partners["beta"].pk].value == 70_000_00
        beside = result[world.partners["delta"].pk].beside or {}
        assert (beside["influenced"], beside["influenced_deals"]) == (30_000_00, 1)
        assert result[world.partners["delta"].pk].n == 0


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_four_ways_of_counting_agree(world: VendorWorld) -> None:
    """Ours, SQL by hand, DuckDB from the shares alone, and a loop over the rows, for three days."""
    _many_shared(world, random.Random(11))
    today = timezone.localdate()
    compared = 0
    for ago in (0, 40, 200):
        as_of = AsOf.of(world.vendor, today - timedelta(days=ago))
        ours = recompute._ours(world.vendor, as_of)
        recompute._compare("SQL by hand", ours, recompute._by_hand(world.vendor, as_of))
        with recompute._parquet(world.vendor) as files:
            recompute._compare("DuckDB", ours, recompute._by_duckdb(files, as_of))
        recompute._compare("the loop", ours, recompute._by_loop(world.vendor, as_of)[1])
        compared += sum(bool(values["bookings"]) for values in ours.values())
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            won = Deal.objects.filter(
                won_at__lt=as_of.end, won_at__gte=as_of.trailing(365), counted_at__lt=as_of.end
            )
            whole = sum(won.values_list("won_amount_vendor", flat=True))
        assert sum(values["bookings"] for values in ours.values()) == whole, "nothing lost, nothing doubled"
    assert compared >= 8


def _many_shared(world: VendorWorld, chance: random.Random) -> None:
    now, partners = timezone.now(), list(world.partners.values())

    def ago(days: int) -> datetime:
        return now - timedelta(days=chance.randrange(days), seconds=chance.randrange(86_400))

    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for number in range(160):
            approved_at = ago(400)
            won_at = approved_at + timedelta(days=chance.randrange(60)) if chance.random() < 0.7 else None
            won_at = won_at if won_at and won_at < now else None
            proof = bool(won_at) and chance.random() < 0.4
            accepted = won_at + timedelta(days=30) if won_at and proof and chance.random() < 0.6 else None
            won = chance.randrange(1, 9_999_99) if won_at else None
            deal = Deal.objects.create(
                partner=chance.choice(partners), reference=f"S-{number}", customer_name="c", currency="EUR",
                amount_vendor=chance.randrange(9_999_99), submitted_at=approved_at, approved_at=approved_at,
                stage=chance.choice(world.stages), won_at=won_at, won_amount_vendor=won, proof_needed=proof,
                proof_accepted_at=accepted, expires_at=now + timedelta(days=30),
            )  # fmt: skip
            deal.stage_changes.create(partner=deal.partner, stage=deal.stage, changed_at=approved_at)
            other = chance.choice([partner for partner in partners if partner != deal.partner])
            share = chance.randrange(1, WHOLE)
            agreed = approved_at + timedelta(days=chance.randrange(50))
            ended = agreed + timedelta(days=chance.randrange(90)) if chance.random() < 0.4 else None
            if chance.random() < 0.3:
                continue
            cosell = CoSell.objects.create(
                partner=deal.partner, deal=deal, status="granted", named="o", other=other, share=share,
                due_at=agreed, decided_at=agreed, agreed_at=agreed, ended_at=ended,
            )  # fmt: skip
            CreditLine.objects.bulk_create(
                CreditLine(
                    partner=partner, cosell=cosell, deal=deal, kind=kind, share=part, agreed_at=agreed,
                    ended_at=ended,
                )
                for partner, kind, part in (
                    (deal.partner, "sourced", WHOLE - share), (other, "influenced", share)
                )
            )  # fmt: skip


# Pages ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestPages:
    def test_from_proposal_to_acceptance_in_the_browser(
        self, world: VendorWorld, delta: Person, client_as: SignIn
    ) -> None:
        deal = approved(world)
        rep, manager, second = (
            client_as(p) for p in (world.people["partner_rep"], world.people["manager"], delta)
        )
        page = f"/deals/{deal.reference}/credit/"
        assert "Propose a second partner" in text(rep.get(f"/deals/{deal.reference}/terms/"))
        assert rep.post(page, {"named": "Delta", "share": "30", "note": "They install."}).status_code == 302
        assert "Second partner: 30% to “Delta”" in text(manager.get("/deals/inbox/requests/"))
        with acting_as(world.people["manager"]):
            pk = CoSell.objects.get().pk
        unclear = manager.post(f"/deals/credit/{sealed(pk)}/confirm/", {"other": "Delt", "share": "25"})
        assert unclear.status_code == 422
        assert "Which one do you mean: Delta of acme?" in text(unclear)
        sent = {"other": "delta of ACME", "share": "25"}
        assert manager.post(f"/deals/credit/{sealed(pk)}/confirm/", sent).status_code == 302
        offer = text(second.get("/deals/shared/"))
        assert "Beta of acme would share Tiroler Logistik AG with you" in offer
        assert "86,000" not in offer
        line = lines(world)["delta"].pk
        assert second.post(f"/deals/shared/{sealed(line)}/accept/").status_code == 302
        assert "shared with Delta of acme, 25%" in text(rep.get(page))
        assert "€21,500" in text(second.get("/deals/shared/"))
        assert "€64,500" in text(rep.get(page))

    @pytest.mark.parametrize(
        ("sent", "problem"),
        [
            ({"named": "", "share": "30"}, "Name the other partner."),
            ({"named": "Delta", "share": ""}, "Enter the share"),
            ({"named": "Delta", "share": "0"}, "above 0 per cent"),
            ({"named": "Delta", "share": "100"}, "below 100 per cent"),
            ({"named": "Delta", "share": "half"}, "number of per cent"),
        ],
    )
    def test_wrong_answers(
        self, world: VendorWorld, client_as: SignIn, sent: dict[str, str], problem: str
    ) -> None:
        deal = approved(world)
        answer = client_as(world.people["partner_rep"]).post(
            f"/deals/{deal.reference}/credit/", {**sent, "note": "KEPT"}
        )
        assert answer.status_code == 422
        assert problem in text(answer)
        assert "KEPT" in text(answer)

    def test_a_manager_may_only_name_who_they_manage(self, world: VendorWorld, client_as: SignIn) -> None:
        deal = approved(world)
        manager = client_as(world.people["manager"])
        for other in ("gamma", "nobody", "Beta of acme"):
            answer = manager.post(f"/deals/{deal.reference}/credit/", {"other": other, "share": "30"})
            assert answer.status_code == 422, other
        assert (
            manager.post(f"/deals/{deal.reference}/credit/", {"other": "delta", "share": "30"}).status_code
            == 302
        )

    def test_the_pages_keep_to_their_budget(
        self, world: VendorWorld, delta: Person, client_as: SignIn
    ) -> None:
        deals = [
            approved(world, customer_name=f"C {n}", customer_domain=f"c{n}.example", amount=n * 10_000_00)
            for n in range(1, 5)
        ]
        second, rep, manager = (
            client_as(p) for p in (delta, world.people["partner_rep"], world.people["manager"])
        )
        for client in (second, rep, manager):
            client.get("/deals/shared/")
        name(world, deals[0])
        one = statements(second, "/deals/shared/")
        for deal in deals[1:]:
            name(world, deal)
        assert statements(second, "/deals/shared/") == one <= BUDGET
        for client in (rep, manager):
            for page in ("credit", "terms"):
                assert statements(client, f"/deals/{deals[0].reference}/{page}/") <= BUDGET, page
        propose(world, approved(world, customer_name="X", customer_domain="x.example"))
        assert statements(manager, "/deals/inbox/requests/") <= BUDGET


@pytest.mark.django_db(transaction=True)
def test_accepted_and_taken_back_at_the_same_moment(world: VendorWorld, delta: Person) -> None:
    """Whatever comes first, the lines are the whole, in force or not at all."""
    from tests.support.races import at_once

    cosell = confirm(world, propose(world, approved(world)))
    results = at_once(
        lambda: answer(shared_credit_services.share_accept, delta),
        lambda: settle(views._withdraw, world.people["partner_rep"], cosell),
    )
    assert sum(isinstance(result, ValidationError) for result in results) == 1, results
    with acting_as(world.people["program_admin"]):
        cosell.refresh_from_db()
        agreed = CreditLine.objects.filter(agreed_at__isnull=False, ended_at=None).count()
    assert (cosell.stage, agreed) in {(CoSellStage.AGREED, 2), (CoSellStage.WITHDRAWN, 0)}
