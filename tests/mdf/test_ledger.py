"""The ledger: balanced, append-only, never overdrawn, each posting and each resolution once."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Sum

from mdf.funds.models import Fund
from mdf.ledger import checks, nights, services
from mdf.ledger.models import Account, Balance, Entry, LedgerCheck, Outcome, Posting, PostingKind, Reservation
from mdf.ledger.postings import Draft, post
from partners.models import Tier
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.mdf.money import allocated, balance, fund_of
from tests.support import factories
from tests.support.clocks import stopped_at
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db


def system(world: VendorWorld) -> Any:
    return entered(system_scope(world.vendor.pk))


def reserved(world: VendorWorld, fund: Fund, amount: int, key: str = "r") -> Reservation:
    with system(world), transaction.atomic():
        return services.reserve(
            vendor=world.vendor, fund=fund, partner_id=world.partners["beta"].pk, amount=amount, key=key,
            subject="M-1", reason="Granted",
        )  # fmt: skip


class TestPostings:
    def test_money_goes_from_one_account_to_another(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        allocated(world, fund, 400)
        assert (balance(world, fund, None).funding, balance(world, fund, None).unallocated) == (-1_000, 600)
        assert balance(world, fund).free == 400
        allocated(world, fund, -150, key="back")
        assert (balance(world, fund, None).unallocated, balance(world, fund).free) == (750, 250)

    def test_the_same_key_twice_is_once_and_told_once(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        allocated(world, fund, 400)
        allocated(world, fund, 400)
        with system(world):
            assert balance(world, fund).free == 400
            assert PortalEvent.objects.filter(type="mdf.allocated").count() == 1

    def test_the_same_key_for_something_else_is_refused(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        allocated(world, fund, 400)
        with pytest.raises(ValidationError, match="something else"):
            allocated(world, fund, 500)

    def test_nothing_is_overdrawn_and_nothing_half_written(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        with pytest.raises(ValidationError, match="Only €10 of the fund is not allocated yet"):
            allocated(world, fund, 1_001)
        with system(world):
            assert Posting.objects.count() == 1
            assert not Balance.objects.filter(partner__isnull=False).exists()

    def test_linked_postings_stand_or_fall_together(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        sides = (Account.UNALLOCATED, Account.FREE)
        drafts = [
            Draft(f"l{n}", PostingKind.ALLOCATION, fund, world.partners[slug].pk, amount, *sides, "Plan")
            for n, (slug, amount) in enumerate((("beta", 600), ("delta", 600)))
        ]
        with system(world), pytest.raises(ValidationError), transaction.atomic():
            post(vendor=world.vendor, drafts=drafts)
        with system(world):
            assert Posting.objects.count() == 1

    def test_only_program_admins_move_the_money_of_a_fund(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        for name in ("manager", "executive", "partner_admin"):
            with acting_as(world.people[name]) as actor, pytest.raises(PermissionDenied):
                services.allocate(
                    actor=actor, fund=fund, partner=world.partners["beta"], amount=1, reason="x", key=name
                )


class TestTheDatabase:
    def test_a_posting_that_does_not_balance_fails_at_commit(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        with system(world), pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
            posting = Posting.objects.create(
                fund=fund, key="x", kind="budget", reason="x", day=world.vendor.today
            )
            for account, amount in (("funding", -5), ("unallocated", 4)):
                Entry.objects.create(
                    posting=posting, fund=fund, account=account, amount=amount, day=world.vendor.today
                )
            at_commit()

    def test_a_posting_without_entries_fails_at_commit(self, world: VendorWorld) -> None:
        fund = fund_of(world)
        with system(world), pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
            Posting.objects.create(fund=fund, key="x", kind="budget", reason="x", day=world.vendor.today)
            at_commit()

    def test_an_entry_slipped_into_an_old_posting_fails(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        with system(world), pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
            posting = Posting.objects.get()
            Entry.objects.create(
                posting=posting, fund=fund, account="unallocated", amount=1, day=world.vendor.today
            )
            at_commit()

    @pytest.mark.parametrize("table", ["mdf_posting", "mdf_entry"])
    @pytest.mark.parametrize("change", ["update {} set day = day", "delete from {}"])
    def test_what_was_posted_stays(self, world: VendorWorld, table: str, change: str) -> None:
        fund_of(world, budget=1_000)
        with (
            system(world),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change.format(table))

    def test_a_balance_below_zero_is_refused_whoever_writes(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        with system(world), pytest.raises(IntegrityError, match="not_overdrawn"), transaction.atomic():
            Balance.objects.filter(fund=fund).update(unallocated=-1)

    def test_partner_people_read_their_own_books_and_write_none(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        allocated(world, fund, 400)
        allocated(world, fund, 300, "delta")
        with acting_as(world.people["partner_admin"]):
            assert set(Balance._base_manager.values_list("partner__slug", flat=True)) == {"beta"}
            assert set(Entry._base_manager.values_list("account", flat=True)) == {"free"}
            assert Balance._base_manager.update(free=1_000_000) == 0
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                Posting.objects.create(
                    fund=fund, partner=world.partners["beta"], key="mine", kind="allocation", reason="x",
                    day=world.vendor.today,
                )  # fmt: skip


def at_commit() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


class TestClosedPeriods:
    def closed(self, world: VendorWorld, fund: Fund, through: date) -> Fund:
        with acting_as(world.people["program_admin"]) as actor:
            return services.period_close(actor=actor, fund=fund, through=through)

    def test_nothing_is_posted_on_a_closed_day(self, world: VendorWorld) -> None:
        fund, yesterday = fund_of(world, budget=1_000), world.vendor.today - timedelta(days=1)
        self.closed(world, fund, yesterday)
        draft = Draft(
            "late", PostingKind.ALLOCATION, fund, world.partners["beta"].pk, 10, Account.UNALLOCATED,
            Account.FREE, "Plan", day=yesterday,
        )  # fmt: skip
        with system(world), pytest.raises(ValidationError, match="closed through"), transaction.atomic():
            post(vendor=world.vendor, drafts=[draft])
        allocated(world, fund, 10)  # today is open

    def test_a_day_is_closed_when_it_is_over_and_stays_closed(self, world: VendorWorld) -> None:
        fund, yesterday = fund_of(world), world.vendor.today - timedelta(days=1)
        with pytest.raises(ValidationError, match="is over"):
            self.closed(world, fund, world.vendor.today)
        self.closed(world, fund, yesterday)
        with pytest.raises(ValidationError, match="stays closed"):
            self.closed(world, fund, yesterday - timedelta(days=1))


class TestReservations:
    def test_in_part_the_rest_returns(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        allocated(world, fund, 1_000)
        grant = reserved(world, fund, 800)
        with system(world), transaction.atomic():
            claim = services.draw(vendor=world.vendor, grant=grant, amount=500, key="c", reason="Claimed")
            services.resolve(
                vendor=world.vendor, reservation=claim, outcome=Outcome.POSTED, used=450, reason="Approved"
            )
            services.resolve(vendor=world.vendor, reservation=grant, outcome=Outcome.TIMED_OUT, reason="Late")
        kept = balance(world, fund)
        assert (kept.free, kept.committed, kept.claimed) == (550, 0, 450)

    def test_it_is_resolved_once(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        allocated(world, fund, 1_000)
        grant = reserved(world, fund, 800)
        with system(world), transaction.atomic():
            for _ in range(2):  # the same answer twice is once
                services.resolve(
                    vendor=world.vendor, reservation=grant, outcome=Outcome.VOIDED, reason="Taken back"
                )
        with system(world), pytest.raises(ValidationError, match="settled already"), transaction.atomic():
            services.resolve(vendor=world.vendor, reservation=grant, outcome=Outcome.TIMED_OUT, reason="Late")
        assert balance(world, fund).free == 1_000

    def test_no_more_is_claimed_than_was_granted(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        allocated(world, fund, 1_000)
        grant = reserved(world, fund, 800)
        with system(world), transaction.atomic():
            services.draw(vendor=world.vendor, grant=grant, amount=500, key="c1", reason="Claimed")
            with pytest.raises(ValidationError, match="Only €3 of the grant"):
                services.draw(vendor=world.vendor, grant=grant, amount=301, key="c2", reason="Claimed")


class TestTheEndOfAFund:
    def test_free_money_rolls_over_in_part_and_the_rest_expires(self, world: VendorWorld) -> None:
        year = world.vendor.today.year
        following = fund_of(world, name="Next", starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))
        fund = fund_of(
            world, budget=1_001, name="Last", starts_on=date(year - 1, 1, 1), ends_on=date(year - 1, 12, 31),
            roll_over=2_500, rolls_into=following,
        )  # fmt: skip
        allocated(world, fund, 1_001)
        with system(world):
            assert services.funds_end(vendor=world.vendor) == 1
            assert services.funds_end(vendor=world.vendor) == 0
        assert (balance(world, fund).free, balance(world, fund).expired) == (0, 751)
        assert (balance(world, following).free, balance(world, following, None).funding) == (250, -250)
        with system(world):
            assert checks.ledger_check(vendor=world.vendor) == 0


class TestAccrual:
    def test_partners_are_given_their_tiers_part_and_corrected(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=100_000_00, accrues=True)
        with system(world), transaction.atomic():
            Tier.objects.filter(pk=world.partners["beta"].tier_id).update(mdf_accrual="2.50")
            deal = factories.DealFactory(won=True, partner=world.partners["beta"], won_amount_vendor=1_000_01)
            for _ in range(2):
                nights.accrual.accrue(vendor=world.vendor, now=stopped_now())
        assert balance(world, fund).free == 25_00
        with system(world), transaction.atomic():
            type(deal).objects.filter(pk=deal.pk).update(won_amount_vendor=400_00)
            nights.accrual.accrue(vendor=world.vendor, now=stopped_now())
        assert balance(world, fund).free == 10_00
        with system(world):
            total = Entry.objects.filter(account="free").aggregate(total=Sum("amount"))["total"]
            assert total == 10_00

    def test_a_fund_with_too_little_serves_whom_it_can(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=30_00, accrues=True)
        with system(world), transaction.atomic():
            Tier.objects.update(mdf_accrual="2")
            for slug in ("beta", "delta"):
                factories.DealFactory(won=True, partner=world.partners[slug], won_amount_vendor=1_000_00)
            done = nights.accrual.accrue(vendor=world.vendor, now=stopped_now())
        assert (done.posted, done.short) == (1, 1)
        assert balance(world, fund, None).unallocated == 10_00


def stopped_now() -> Any:
    from django.utils import timezone

    return timezone.now()


class TestTheNight:
    def test_all_is_summed_again_once_a_day_and_a_difference_is_found(self, world: VendorWorld) -> None:
        fund = fund_of(world, budget=1_000)
        with system(world):
            assert nights.night_keep(vendor=world.vendor)
            assert not nights.night_keep(vendor=world.vendor)
            kept = LedgerCheck.objects.get()
            assert (kept.postings, kept.difference) == (1, 0)
            Balance.objects.filter(fund=fund).update(unallocated=990)
            assert checks.fund_check(fund=fund).difference == 10
            with stopped_at(stopped_now() + timedelta(days=1)):
                assert nights.night_keep(vendor=world.vendor)
