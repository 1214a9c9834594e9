"""The wall between vendors and between partners, tested by walking the catalog and by breaking it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, connections, models, transaction
from django.utils import timezone

from deals.amendments.models import Amendment, AmendmentLine
from deals.approvals.models import ApprovalRule, ApprovalRuleStep, ApprovalStep, DecisionTime
from deals.conflicts.models import DirectAccount, DirectAccountProduct
from deals.customers.models import Customer, OtherName, SharedDomain
from deals.deal.models import Deal, StageChange
from deals.disputes.models import CaseFile, CaseSide, CaseTerms, ConflictCase
from deals.leads.models import LeadContact, LeadLine, LeadOffer, LeadOfferLine, LeadRule, OfferBasis
from deals.notes.models import InternalNote, Note
from deals.proofs.models import Proof, ProofFile, SerialNumber
from deals.protection.models import Extension, ExtensionLink, ExtensionTerms, Protection, ProtectionReminder
from deals.registration.models import DealTerms
from deals.sales.models import CreditLineVersion, DealVersion, StageVersion
from deals.shared_credit.models import CoSell, CreditLine
from deals.special_prices.models import BigDealTerms, PriceLine, PriceRequest, PriceRule
from partners.models import (
    Partner,
    PartnerVersion,
    Seat,
    SeatInvitation,
    SeatVersion,
    Tier,
    TierBenefit,
    TierRequirement,
)
from portal.calendar.models import Holiday, WorkingHours
from portal.events.log import record
from portal.events.models import OutboxMessage, PortalEvent
from portal.files.uploads import checked
from portal.history.models import LateFact
from portal.money.models import ExchangeRate
from portal.notifications.models import Notification, NotificationPreference
from portal.people.models import Invitation, Membership, MembershipVersion
from portal.tenancy import open_tables
from portal.tenancy.checks import privileged_role, tenant_models
from portal.tenancy.constraints import Rows, RowSecurity, row_security
from portal.tenancy.scope import ALL, NO_SCOPE, Scope, entered, system_scope
from portal.tenancy.tables import TenantModel
from portal.tenancy.wall import across_the_wall
from scorecards.models import (
    LatestScore,
    MetricTarget,
    ProgrammeVersion,
    QuadrantWeight,
    RestatedScorecard,
    Scorecard,
    ScoringRun,
    ScoringScheme,
    StalePartner,
)
from tests.enablement import fillers as records_and_packages
from tests.enablement import school
from tests.mdf import fillers as money
from tests.support import factories
from tests.support.files import PDF
from tests.support.worlds import VendorWorld, acting_as

#: Tables read before the vendor is known, or that hold no vendor's data: see tenancy/open_tables.py and
#: test_open_tables.py. Everything else is walled.
OUTSIDE_THE_WALL = set(open_tables.TABLES)


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@pytest.mark.django_db
class TestCatalog:
    def test_the_suite_runs_as_the_unprivileged_role(self) -> None:
        assert privileged_role() == ""

    def test_every_table_is_walled_or_listed_by_name(self) -> None:
        tables = rows(
            "select relname, relrowsecurity from pg_class join pg_namespace n on n.oid = relnamespace "
            "where nspname = 'public' and relkind in ('r', 'p') and not relispartition"
        )
        walled = {model._meta.db_table for model in tenant_models()}
        assert {name for name, _ in tables} - walled == OUTSIDE_THE_WALL
        assert {name for name, secured in tables if not secured} <= OUTSIDE_THE_WALL

    def test_every_tenant_table_has_a_policy_for_each_command_with_a_check(self) -> None:
        for model in tenant_models():
            policies = rows(
                "select cmd, qual, with_check from pg_policies where tablename = %s", model._meta.db_table
            )
            commands = {command for command, _, _ in policies}
            assert {"SELECT", "INSERT", "UPDATE", "DELETE"} <= commands, model
            for command, qual, check in policies:
                assert "portal.vendor_id" in f"{qual}{check}" or "portal.actor_id" in f"{qual}{check}"
                assert check or command in {"SELECT", "DELETE"}, (model, command)

    def test_every_unique_key_of_a_tenant_table_leads_with_the_vendor(self) -> None:
        tables = [model._meta.db_table for model in tenant_models()]
        keys = rows(
            "select c.relname, i.relname, a.attname from pg_index x join pg_class c on c.oid = x.indrelid "
            "join pg_class i on i.oid = x.indexrelid "
            "join pg_attribute a on a.attrelid = c.oid and a.attnum = x.indkey[0] "
            "where x.indisunique and not x.indisprimary and c.relname = any(%s)",
            tables,
        )
        # A one-to-one link to a row with a system-made id tells nobody anything.
        leaks = {
            (table, key)
            for table, key, column in keys
            if column not in {"vendor_id", "membership_id", "invitation_id", "group_id"}
        }
        assert not leaks

    def test_every_key_between_tenant_tables_is_composite(self) -> None:
        tables = {model._meta.db_table for model in tenant_models()}
        keys = rows(
            "select conname, conrelid::regclass::text, confrelid::regclass::text, "
            "(select array_agg(attname::text order by attname) from pg_attribute "
            " where attrelid = conrelid and attnum = any(conkey)) from pg_constraint where contype = 'f'"
        )
        plain = [
            name
            for name, here, there, columns in keys
            if {here, there} <= tables and "vendor_id" not in columns
        ]
        assert plain == []
        declared = sum(_tenant_keys(model) for model in tenant_models())
        composite = [name for name, here, there, _ in keys if {here, there} <= tables]
        assert len(composite) == declared

    def test_partitions_and_views_grant_nothing_of_their_own(self) -> None:
        reachable = rows(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace "
            "where nspname = 'public' "
            "and (relispartition or relkind in ('v', 'm')) and relkind in ('r', 'v', 'm') "
            "and has_table_privilege(current_user, pg_class.oid, 'select')"
        )
        assert reachable == []

    def test_events_cannot_be_changed_or_removed(self, world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)):
            for change in ("update portal_portalevent set type = 'x'", "delete from portal_portalevent"):
                with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                    rows(change)


def _tenant_keys(model: type[models.Model]) -> int:
    return sum(
        1
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and issubclass(field.remote_field.model, TenantModel)
    )


def fill(world: VendorWorld) -> None:
    """At least one row of every kind for partners alpha and beta."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for slug in ("alpha", "beta"):
            deal = factories.DealFactory(approved=True, partner=world.partners[slug], stage=world.stages[0])
            factories.DealLineFactory(deal=deal, product=world.products[0])


@pytest.mark.django_db
class TestNoScope:
    def test_no_rows_of_any_tenant_table(self, world: VendorWorld) -> None:
        fill(world)
        with entered(NO_SCOPE):
            assert [model for model in tenant_models() if model._base_manager.exists()] == []

    def test_no_writes(self, world: VendorWorld) -> None:
        with (
            entered(NO_SCOPE),
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
        ):
            factories.TierFactory(vendor=world.vendor)

    def test_a_scope_ends_with_its_block_and_with_its_transaction(self, world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)):
            assert Partner._base_manager.exists()
        assert not Partner._base_manager.exists()


@pytest.mark.django_db
class TestOtherVendor:
    def test_reads_nothing(self, world: VendorWorld, other_world: VendorWorld) -> None:
        fill(world), fill(other_world)
        with entered(system_scope(world.vendor.pk)):
            for model in tenant_models():
                strangers = model._base_manager.exclude(vendor_id=world.vendor.pk)
                assert not strangers.exists(), model

    def test_cannot_write_a_row_for_another_vendor(
        self, world: VendorWorld, other_world: VendorWorld
    ) -> None:
        with entered(system_scope(world.vendor.pk)), pytest.raises(ProgrammingError), transaction.atomic():
            factories.TierFactory(vendor=other_world.vendor)

    def test_cannot_move_a_row_to_another_vendor(self, world: VendorWorld, other_world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)), pytest.raises(ProgrammingError), transaction.atomic():
            Tier.objects.update(vendor=other_world.vendor)

    def test_cannot_point_to_another_vendors_row(self, world: VendorWorld, other_world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)), pytest.raises(IntegrityError), transaction.atomic():
            Partner.objects.filter(slug="alpha").update(tier_id=other_world.tiers[0].pk)
            rows("set constraints all immediate")

    def test_the_same_names_and_keys_may_exist_twice(
        self, world: VendorWorld, other_world: VendorWorld
    ) -> None:
        assert world.partners["alpha"].slug == other_world.partners["alpha"].slug


@pytest.mark.django_db
class TestOtherPartner:
    def test_a_partner_reads_its_own_rows_only(self, world: VendorWorld) -> None:
        fill(world)
        with acting_as(world.people["partner_rep"]):
            assert set(Deal._base_manager.values_list("partner__slug", flat=True)) == {"beta"}
            assert set(Partner._base_manager.values_list("slug", flat=True)) == {"beta"}
            assert set(Seat._base_manager.values_list("partner__slug", flat=True)) == {"beta"}

    def test_a_distributor_reads_its_sub_partners_and_writes_only_for_itself(
        self, world: VendorWorld
    ) -> None:
        with entered(system_scope(world.vendor.pk)):
            factories.DealFactory(partner=world.partners["gamma"])
        with acting_as(world.people["distributor_admin"]):
            assert set(Deal._base_manager.values_list("partner__slug", flat=True)) == {"gamma"}
            assert Deal._base_manager.update(notes="mine now") == 0

    def test_many_partners_travel_as_one_parameter(self, world: VendorWorld) -> None:
        chosen = {world.partners["alpha"].pk, world.partners["beta"].pk}
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            rows = Partner.objects.order_by().filter(pk__among=[*chosen, *range(10**9, 10**9 + 2_000)])
            assert set(rows.values_list("pk", flat=True)) == chosen
            assert len(rows.query.sql_with_params()[1]) == 2  # the vendor's id and the array

    def test_a_manager_reads_granted_partners_only(self, world: VendorWorld) -> None:
        with acting_as(world.people["manager"]):
            assert set(Partner._base_manager.values_list("slug", flat=True)) == {"alpha", "beta", "delta"}
        with acting_as(world.people["other_manager"]):
            assert not Partner._base_manager.exists()

    def test_an_executive_reads_everything_and_writes_nothing(self, world: VendorWorld) -> None:
        fill(world)
        with acting_as(world.people["executive"]):
            assert Deal._base_manager.count() == 2
            assert Deal._base_manager.update(notes="x") == 0
            assert Tier._base_manager.update(description="x") == 0
            with pytest.raises(ProgrammingError), transaction.atomic():
                factories.TierFactory()

    def test_a_customer_is_seen_only_through_an_own_deal(self, world: VendorWorld) -> None:
        fill(world)
        with acting_as(world.people["partner_rep"]):
            seen = set(Customer._base_manager.values_list("pk", flat=True))
            assert seen == set(Deal._base_manager.values_list("customer_id", flat=True))
            assert len(seen) == 1
            assert Customer._base_manager.update(name="renamed") == 0
        with acting_as(world.people["manager"]):
            assert Customer._base_manager.count() == 2

    def test_partner_people_read_the_programme_and_do_not_write_it(self, world: VendorWorld) -> None:
        with acting_as(world.people["partner_admin"]):
            assert Tier._base_manager.count() == 2
            assert Tier._base_manager.update(rank=9) == 0

    def test_partner_people_see_colleagues_memberships_and_no_others(self, world: VendorWorld) -> None:
        with acting_as(world.people["partner_admin"]):
            seen = set(Membership._base_manager.values_list("user__email", flat=True))
        assert seen == {"partner_admin@acme.example", "partner_rep@acme.example"}

    def test_one_may_drop_into_the_outbox_and_not_read_it(self, world: VendorWorld) -> None:
        with acting_as(world.people["partner_rep"]):
            OutboxMessage.objects.bulk_create(
                [OutboxMessage(kind="email", key="k"), OutboxMessage(kind="email", key="k2")],
                ignore_conflicts=True,
            )
            OutboxMessage.objects.bulk_create([OutboxMessage(kind="email", key="k")], ignore_conflicts=True)
            assert not OutboxMessage._base_manager.exists()
        with entered(system_scope(world.vendor.pk)):
            assert OutboxMessage.objects.count() == 2


@contextmanager
def broken(model: type[models.Model], how: str) -> Iterator[None]:
    """Break the wall of one table for a moment, as its owner, and mend it."""
    table = model._meta.db_table
    changes = {
        "dropped": (
            f"alter table {table} disable row level security",
            f"alter table {table} enable row level security",
        ),
        "vendor only": (
            f"create policy leak on {table} for select using (vendor_id = "
            "(select nullif(current_setting('portal.vendor_id', true), '')::bigint))",
            f"drop policy leak on {table}",
        ),
        "open": (
            f"create policy leak on {table} using (true) with check (true)",
            f"drop policy leak on {table}",
        ),
    }
    break_it, mend_it = changes[how]
    with connections["owner"].cursor() as cursor:
        cursor.execute(break_it)
        try:
            yield
        finally:
            # The reader's transaction holds a lock on the table until it ends.
            cursor.execute(mend_it)


WALLED = sorted(
    (model for model in apps.get_models() if issubclass(model, TenantModel)), key=lambda m: m.__name__
)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestBrokenWall:
    """For every table: with the policy gone or `USING (true)`, the probe below sees another vendor's rows."""

    @pytest.mark.parametrize("how", ["dropped", "open"])
    def test_the_probe_notices(self, how: str, world: VendorWorld, other_world: VendorWorld) -> None:
        fill_everything(world), fill_everything(other_world)
        for model in WALLED:
            assert leaks(model, world, other_world) == 0, model
            with broken(model, how):
                assert leaks(model, world, other_world) > 0, f"{model} {how}: nobody would notice"
            assert leaks(model, world, other_world) == 0, model

    def test_the_probe_notices_a_competitor(self, world: VendorWorld) -> None:
        """With only the vendor compared, a rep of beta would read alpha's rows of every such table."""
        fill_everything(world)
        owned = [
            (model, wall)
            for model in WALLED
            if (wall := row_security(model)) and wall.rows in (Rows.PARTNER, Rows.BOOKS)
        ]
        assert len(owned) > 8
        for model, wall in owned:
            assert rows_of_competitors(model, wall, world) == 0, model
            with broken(model, "vendor only"):
                assert rows_of_competitors(model, wall, world) > 0, f"{model}: nobody would notice"
            assert rows_of_competitors(model, wall, world) == 0, model


def rows_of_competitors(model: type[models.Model], wall: RowSecurity, world: VendorWorld) -> int:
    """Rows of other partners, and not one's own, that a rep of beta could read."""
    person = world.people["partner_rep"]
    with acting_as(person):
        found = model._base_manager.exclude(**{wall.partner: world.partners["beta"].pk})
        return found.exclude(**{wall.own: person.user.pk}).count() if wall.own else found.count()


def leaks(model: type[models.Model], world: VendorWorld, other: VendorWorld) -> int:
    """Rows of the other vendor that a program admin of this one could read."""
    with entered(Scope(world.vendor.pk, ALL, staff=True)), transaction.atomic():
        return model._base_manager.filter(vendor_id=other.vendor.pk).count()


def fill_everything(world: VendorWorld) -> None:
    """One row in every tenant table, whatever tables there are: a new one without a row fails the probe."""
    fill(world)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for model in WALLED:
            if not model._base_manager.exists():
                (FILLERS.get(model._meta.label) or FILLERS[model.__name__])(world)


def _a_deal() -> Deal:
    return Deal.objects.order_by("pk").first()  # type: ignore[return-value]


def _an_offer() -> LeadOffer:
    """Of a competitor of beta, as the deals are."""
    found: LeadOffer | None = LeadOffer.objects.first()
    return found or factories.LeadOfferFactory(partner=_a_deal().partner)


def _a_moment(deal: Deal, days: int) -> Any:
    return deal.created_at + timedelta(days=days)


def _a_case(world: VendorWorld) -> ConflictCase:
    deal, rival = Deal.objects.order_by("pk")[:2]
    return ConflictCase.objects.get_or_create(
        deal=deal,
        rival=rival,
        defaults={
            "partner_id": deal.partner_id,
            "rival_partner_id": rival.partner_id,
            "due_at": _a_moment(deal, 2),
        },
    )[0]


def _a_side(world: VendorWorld) -> CaseSide:
    case = _a_case(world)
    return CaseSide.objects.get_or_create(case=case, deal=case.deal, partner_id=case.partner_id)[0]


FILLERS: dict[str, Callable[[VendorWorld], Any]] = {
    # By the full name: more than one app has attachments.
    **{model._meta.label: school.one_of_each for model in apps.get_app_config("enablement").get_models()},
    **{f"enablement.{name}": filled for name, filled in records_and_packages.FILLERS.items()},
    **money.FILLERS,
    "SharedDomain": lambda world: SharedDomain.objects.create(domain="group.example"),
    "OtherName": lambda world: OtherName.objects.create(
        name="Facebook", company="Meta", name_key="facebook", company_key="meta"
    ),
    "ApprovalRule": lambda world: ApprovalRule.objects.create(position=1, name="Large deals"),
    "ApprovalRuleStep": lambda world: ApprovalRuleStep.objects.create(
        rule=ApprovalRule.objects.first() or ApprovalRule.objects.create(position=1, name="Large deals")
    ),
    "ApprovalStep": lambda world: ApprovalStep.objects.create(
        partner=_a_deal().partner, deal=_a_deal(), round=1, position=1, due_at=_a_moment(_a_deal(), 2)
    ),
    "DecisionTime": lambda world: DecisionTime.objects.create(
        decisions=0, computed_at=_a_moment(_a_deal(), 1)
    ),
    "Notification": lambda world: Notification.objects.create(
        user=world.people["partner_rep"].user, kind="deals.approved", key="k", title="t", page="home"
    ),
    "NotificationPreference": lambda world: NotificationPreference.objects.create(
        user=world.people["partner_rep"].user, kind="deals.approved"
    ),
    "Amendment": lambda world: factories.AmendmentFactory(deal=_a_deal()),
    "AmendmentLine": lambda world: AmendmentLine.objects.create(
        partner=_a_deal().partner,
        amendment=Amendment.objects.first() or FILLERS["Amendment"](world),
        product=world.products[0],
        quantity=2,
    ),
    "BulkUpload": lambda world: factories.BulkUploadFactory(partner=_a_deal().partner),
    "Attachment": lambda world: factories.AttachmentFactory(deal=_a_deal()),
    "DealVersion": lambda world: DealVersion.objects.create(
        deal=_a_deal(), partner=_a_deal().partner, held_until=_a_deal().created_at
    ),
    "StageVersion": lambda world: StageVersion.objects.create(
        stage=world.stages[0], probability=20, held_until=_a_deal().created_at
    ),
    "CreditLineVersion": lambda world: CreditLineVersion.objects.create(
        line=CreditLine.objects.first() or FILLERS["CreditLine"](world)[0],
        partner=world.partners["alpha"],
        deal=_a_deal(),
        kind="sourced",
        held_until=_a_deal().created_at,
    ),
    "LateFact": lambda world: LateFact.objects.create(
        partner_id=_a_deal().partner_id,
        kind="added",
        subject_type="deals.deal",
        subject_id=_a_deal().pk,
        holds_from=_a_deal().created_at,
        noted_at=_a_deal().created_at,
    ),
    "MembershipVersion": lambda world: MembershipVersion.objects.create(
        membership=world.people["distributor_rep"].membership, is_active=True, held_until=timezone.now()
    ),
    "SeatVersion": lambda world: SeatVersion.objects.create(
        seat=Seat.objects.get(membership=world.people["distributor_rep"].membership),
        partner=world.partners["alpha"],
        user=world.people["distributor_rep"].user,
        membership=world.people["distributor_rep"].membership,
        since=timezone.now(),
        held_until=timezone.now(),
    ),
    "PartnerVersion": lambda world: PartnerVersion.objects.create(
        partner=world.partners["alpha"], held_until=_a_deal().created_at
    ),
    "ProgrammeVersion": lambda world: ProgrammeVersion.objects.create(
        held_until=_a_deal().created_at, targets=[], weights={}
    ),
    "DealTerms": lambda world: DealTerms.objects.create(),
    "InternalNote": lambda world: InternalNote.objects.create(
        partner=_a_deal().partner, deal=_a_deal(), text="Ask finance."
    ),
    "Note": lambda world: Note.objects.create(partner=_a_deal().partner, deal=_a_deal(), text="We called."),
    "BigDealTerms": lambda world: BigDealTerms.objects.create(),
    "PriceRule": lambda world: PriceRule.objects.create(position=1, role="channel_manager"),
    "PriceRequest": lambda world: PriceRequest.objects.create(
        partner=_a_deal().partner,
        deal=_a_deal(),
        currency="EUR",
        list_total=100,
        requested_total=90,
        due_at=_a_moment(_a_deal(), 2),
    ),
    "PriceLine": lambda world: PriceLine.objects.create(
        partner=_a_deal().partner,
        request=PriceRequest.objects.first() or FILLERS["PriceRequest"](world),
        product=world.products[0],
        quantity=1,
        list_price=100,
        requested_price=90,
    ),
    "CoSell": lambda world: CoSell.objects.create(
        partner=world.partners["alpha"],
        deal=Deal.objects.get(partner=world.partners["alpha"]),
        status="granted",
        due_at=_a_moment(_a_deal(), 2),
        decided_at=_a_moment(_a_deal(), 2),
        agreed_at=_a_moment(_a_deal(), 2),
        named="Beta",
        other=world.partners["beta"],
        share=3_000,
    ),
    "CreditLine": lambda world: CreditLine.objects.bulk_create(
        CreditLine(
            partner=world.partners[slug],
            cosell=CoSell.objects.first() or FILLERS["CoSell"](world),
            deal=Deal.objects.get(partner=world.partners["alpha"]),
            kind=kind,
            share=share,
            agreed_at=_a_deal().created_at,
        )
        for slug, kind, share in (("alpha", "sourced", 7_000), ("beta", "influenced", 3_000))
    ),
    "Proof": lambda world: Proof.objects.create(
        partner=_a_deal().partner, deal=_a_deal(), evidence="invoice", due_at=_a_moment(_a_deal(), 2)
    ),
    "ProofFile": lambda world: ProofFile.objects.create(
        partner=_a_deal().partner, proof=Proof.objects.first() or FILLERS["Proof"](world), size=1, file="x"
    ),
    "SerialNumber": lambda world: SerialNumber.objects.create(
        partner=_a_deal().partner, proof=Proof.objects.first() or FILLERS["Proof"](world), text="1", key="1"
    ),
    "DirectAccount": lambda world: DirectAccount.objects.create(
        customer=_a_deal().customer, name="Northern Mill", owner="Direct sales"
    ),
    "DirectAccountProduct": lambda world: DirectAccountProduct.objects.create(
        account=DirectAccount.objects.first() or FILLERS["DirectAccount"](world), product=world.products[0]
    ),
    "Extension": lambda world: Extension.objects.create(
        partner=_a_deal().partner,
        deal=_a_deal(),
        days=30,
        reason="r",
        due_at=_a_moment(_a_deal(), 2),
        until_before=_a_moment(_a_deal(), 90),
    ),
    "ExtensionLink": lambda world: ExtensionLink.objects.create(
        partner=_a_deal().partner,
        deal=_a_deal(),
        user=world.people["partner_rep"].user,
        until=_a_moment(_a_deal(), 90),
    ),
    "ExtensionTerms": lambda world: ExtensionTerms.objects.create(tier=world.tiers[0]),
    "CaseTerms": lambda world: CaseTerms.objects.create(),
    "ConflictCase": _a_case,
    "CaseSide": _a_side,
    "CaseFile": lambda world: CaseFile.objects.create(
        partner=_a_deal().partner, side=_a_side(world), **checked("letter.pdf", PDF).as_fields(None)
    ),
    "ExchangeRate": lambda world: ExchangeRate.objects.create(
        currency="CHF", day=date(2026, 1, 1), rate=Decimal("1.1")
    ),
    "Holiday": lambda world: Holiday.objects.create(day=date(2026, 1, 1), name="New Year"),
    "Invitation": lambda world: Invitation.objects.create(
        email="x@example.com",
        role="executive",
        token_hash="0" * 64,
        invited_by=world.people["program_admin"].user,
        expires_at=_a_moment(_a_deal(), 7),
    ),
    "Lead": lambda world: factories.LeadFactory(),
    "LeadContact": lambda world: LeadContact.objects.create(
        partner=_an_offer().partner,
        offer=_an_offer(),
        kind="call",
        happened_on=date(2026, 1, 1),
        note="Spoke with them",
    ),
    "LeadLine": lambda world: LeadLine.objects.create(
        lead=factories.LeadFactory(), product=world.products[0]
    ),
    "LeadOffer": lambda world: factories.LeadOfferFactory(partner=_a_deal().partner),
    "LeadOfferLine": lambda world: LeadOfferLine.objects.create(
        partner=_an_offer().partner, offer=_an_offer(), product=world.products[0]
    ),
    "LeadRule": lambda world: LeadRule.objects.create(position=1, name="Near by"),
    "OfferBasis": lambda world: OfferBasis.objects.create(offer=_an_offer(), text="First of two"),
    "MetricTarget": lambda world: MetricTarget.objects.create(metric="bookings", floor=0, target=1),
    "OutboxMessage": lambda world: OutboxMessage.objects.create(kind="email", key="k"),
    "PortalEvent": lambda world: record("deals.won", subject=_a_deal()),
    "Protection": lambda world: Protection.objects.create(
        partner=_a_deal().partner,
        deal=_a_deal(),
        customer=_a_deal().customer,
        product=world.products[0],
        starts_at=_a_deal().created_at,
        expires_at=_a_moment(_a_deal(), 90),
    ),
    "ProtectionReminder": lambda world: ProtectionReminder.objects.create(
        partner=_a_deal().partner, deal=_a_deal(), days_before=7, until=_a_moment(_a_deal(), 90)
    ),
    "QuadrantWeight": lambda world: QuadrantWeight.objects.create(quadrant="sales", weight=35),
    "Scorecard": lambda world: Scorecard.objects.create(
        partner=_a_deal().partner,
        scheme=ScoringScheme.objects.create(digest="of the card", rules={}),
        as_of=date(2026, 1, 1),
        computed_at=_a_deal().created_at,
        coverage=35,
    ),
    "RestatedScorecard": lambda world: RestatedScorecard.objects.create(
        partner=_a_deal().partner,
        scheme=ScoringScheme.objects.create(digest="of the card restated", rules={}),
        as_of=date(2026, 1, 1),
        computed_at=_a_deal().created_at,
        coverage=35,
    ),
    "ScoringRun": lambda world: ScoringRun.objects.create(as_of=date(2026, 1, 1)),
    "SeatInvitation": lambda world: SeatInvitation.objects.create(
        invitation=Invitation.objects.first(), partner=_a_deal().partner
    ),
    "StageChange": lambda world: StageChange.objects.create(
        partner=_a_deal().partner, deal=_a_deal(), stage=world.stages[0]
    ),
    "StalePartner": lambda world: StalePartner.objects.create(partner=_a_deal().partner),
    "TierBenefit": lambda world: TierBenefit.objects.create(tier=world.tiers[0], text="Co-branded material"),
    "WorkingHours": lambda world: WorkingHours.objects.create(weekday=0, opens=time(9), closes=time(17)),
    "TierRequirement": lambda world: TierRequirement.objects.create(
        tier=world.tiers[0], metric="bookings", minimum=1
    ),
    "LatestScore": lambda world: LatestScore.objects.create(
        partner=_a_deal().partner, as_of=date(2026, 1, 1), computed_at=_a_deal().created_at, coverage=35
    ),
    "ScoringScheme": lambda world: ScoringScheme.objects.create(digest="of nothing", rules={}),
}


@pytest.mark.django_db
class TestAcrossTheWall:
    def test_it_sees_all_partners_of_this_vendor_and_leaves_a_record(
        self, world: VendorWorld, other_world: VendorWorld
    ) -> None:
        fill(world), fill(other_world)
        with acting_as(world.people["partner_rep"]):
            with across_the_wall("is this customer registered already?"):
                assert Deal._base_manager.count() == 2
            assert Deal._base_manager.count() == 1
        with entered(system_scope(world.vendor.pk)):
            event = PortalEvent.objects.get(type="portal.wall_crossed")
        assert event.data == {"reason": "is this customer registered already?"}
        assert event.actor_id == world.people["partner_rep"].user.pk

    def test_it_never_leads_to_another_vendor(self) -> None:
        with entered(NO_SCOPE), pytest.raises(RuntimeError), across_the_wall("any"):
            pass


@pytest.mark.django_db
def test_one_active_protection_per_customer_and_product(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)):
        deals = [factories.DealFactory(approved=True, partner=p) for p in list(world.partners.values())[:2]]
        fields = {
            "customer": deals[0].customer,
            "product": world.products[0],
            "starts_at": deals[0].approved_at,
            "expires_at": deals[0].expires_at,
        }
        Protection.objects.create(partner=deals[0].partner, deal=deals[0], **fields)
        with pytest.raises(IntegrityError), transaction.atomic():
            Protection.objects.create(partner=deals[1].partner, deal=deals[1], **fields)
        Protection.objects.update(released_at=deals[0].expires_at)
        Protection.objects.create(partner=deals[1].partner, deal=deals[1], **fields)
