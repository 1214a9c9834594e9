"""Every address x every role, as data. The resolver is walked: an address that is not listed here fails.

A line says who gets in. Everybody else gets 404 for what they cannot see and 403 for what they see but may
not do; strangers of another vendor always 404, people who are not signed in the way to the sign-in page.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern
from django.utils import timezone

from deals.deal.models import Deal
from deals.disputes.models import CaseFile, CaseSide, ConflictCase
from deals.proofs.models import Proof, ProofFile
from deals.protection.links import link_make
from deals.protection.models import Extension
from deals.shared_credit.models import CoSell, CreditLine
from deals.special_prices.models import PriceRequest
from partners.models import Partner
from partners.services import person_invite
from portal.events.models import PortalEvent
from portal.files import uploads
from portal.files.uploads import checked
from portal.notifications.models import Notification
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support import factories, leads
from tests.support.files import PDF
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as, add_person

PARTNER_OF_BETA = {"partner_rep", "partner_admin"}
DISTRIBUTOR = {"distributor_admin", "distributor_rep"}
OTHER_PARTNERS = DISTRIBUTOR | {"sub_rep"}
PARTNER_PEOPLE = PARTNER_OF_BETA | OTHER_PARTNERS
STAFF_OF_BETA = {"manager", "executive", "program_admin"}
DECIDERS_OF_BETA = {"manager", "program_admin"}
STAFF = STAFF_OF_BETA | {"other_manager"}
MEMBERS = PARTNER_PEOPLE | STAFF
SEE_BETA = PARTNER_OF_BETA | STAFF_OF_BETA
OUTSIDERS = ("anonymous", "disabled", "former", "stranger")


@dataclass(frozen=True)
class Line:
    """Who is let in (`allowed`), and who at least sees that there is something (`sees`, else 404)."""

    allowed: set[str]
    sees: set[str] = frozenset()  # type: ignore[assignment]
    method: str = "get"
    args: str = ""
    data: str = ""

    def expected(self, name: str) -> set[int]:
        if name in self.allowed:
            return {200, 302, 303, 422} if self.method == "post" else {200}
        return {403} if name in self.sees else {404}


def page(allowed: set[str], sees: set[str] | None = None, args: str = "") -> Line:
    return Line(allowed, sees or set(), args=args)


def action(allowed: set[str], sees: set[str] | None = None, args: str = "", data: str = "") -> Line:
    return Line(allowed, sees or set(), "post", args, data)


#: `args` and `data` are keys of `targets()`: beta's partner, people, invitation and deals in several states.
MATRIX: dict[str, Line] = {
    "home": page(MEMBERS),
    "notifications": page(MEMBERS),
    "requests:waiting": page(MEMBERS),
    "requests:count": page(MEMBERS),
    "notifications_read": action(MEMBERS),
    "notification_preferences": page(MEMBERS),
    "notification_open": action({"partner_rep"}, args="notification"),
    "guide": page(set()),  # the style guide exists in the demo and while developing only
    "partners:list": page(STAFF, PARTNER_PEOPLE),
    "partners:export": page(STAFF, PARTNER_PEOPLE),
    "partners:people": page(PARTNER_PEOPLE),
    "partners:detail": page(SEE_BETA, args="partner"),
    "partners:edit": page(DECIDERS_OF_BETA, SEE_BETA, args="partner"),
    "partners:timeline": page(SEE_BETA, args="partner"),
    "partners:deals": page(SEE_BETA, args="partner"),
    "partners:sub_partners": page(SEE_BETA, args="partner"),
    "partners:people_of": page(SEE_BETA, args="partner"),
    "partners:invite": action(DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner", data="invite"),
    "partners:own_deals_only": action({"partner_admin"}, SEE_BETA, args="partner", data="own_deals_only"),
    "partners:change_role": action(
        DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_seat", data="role"
    ),
    "partners:disable": action(DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_seat"),
    "partners:enable": action(DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_seat"),
    "partners:revoke_invitation": action(
        DECIDERS_OF_BETA | {"partner_admin"}, SEE_BETA, args="partner_and_invitation"
    ),
    "deals:list": page(MEMBERS),
    "deals:export": page(MEMBERS),
    "deals:create": page(PARTNER_PEOPLE, STAFF),
    "deals:check": page(PARTNER_PEOPLE, STAFF),
    "deals:duplicates": page(PARTNER_PEOPLE, STAFF),
    "deals:bulk": page(PARTNER_PEOPLE, STAFF),
    "deals:bulk_template": page(PARTNER_PEOPLE, STAFF),
    "deals:bulk_rows": page({"partner_rep"}, args="bulk"),
    "deals:bulk_rejected": page({"partner_rep"}, args="bulk"),
    "deals:bulk_register": action({"partner_rep"}, args="bulk"),
    "deals:inbox": page(STAFF),
    "deals:for_partner": page(SEE_BETA, args="partner"),
    "deals:detail": page(SEE_BETA, args="pending"),
    "deals:edit": page(PARTNER_OF_BETA, args="draft"),
    "deals:claims": page(DECIDERS_OF_BETA, args="pending"),
    "deals:review": action(DECIDERS_OF_BETA, SEE_BETA, args="pending"),
    "deals:approve": action(DECIDERS_OF_BETA, SEE_BETA, args="pending"),
    "deals:return": action(DECIDERS_OF_BETA, SEE_BETA, args="pending", data="reason"),
    "deals:reject": action(DECIDERS_OF_BETA, SEE_BETA, args="pending", data="reason"),
    "deals:attach": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open"),
    "deals:file": page(SEE_BETA, args="file"),
    "deals:file_remove": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="file"),
    "deals:note": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="pending", data="note"),
    "deals:remark": action(DECIDERS_OF_BETA, SEE_BETA, args="pending", data="note"),
    "deals:amend": page(SEE_BETA, args="open"),
    "deals:amendment_approve": action(DECIDERS_OF_BETA, SEE_BETA, args="amendment"),
    "deals:amendment_reject": action(DECIDERS_OF_BETA, SEE_BETA, args="amendment", data="reason"),
    "deals:amendment_withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="amendment"),
    "deals:withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="pending"),
    "deals:cases": page(STAFF),
    "deals:case": page(STAFF_OF_BETA, args="case"),
    "deals:case_paper": page(STAFF_OF_BETA, args="case_paper"),
    "deals:case_decide": action(DECIDERS_OF_BETA, STAFF_OF_BETA, args="case", data="decision"),
    "deals:case_close": action({"program_admin"}, STAFF_OF_BETA, args="appeal", data="answer"),
    "deals:case_open": action(DECIDERS_OF_BETA, SEE_BETA, args="pending"),
    "deals:case_appeal": action(PARTNER_OF_BETA, SEE_BETA, args="lost_side", data="note"),
    "deals:case_attach": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="side"),
    "deals:case_file": page(SEE_BETA, args="case_file"),
    "deals:extend": action(PARTNER_OF_BETA, SEE_BETA, args="open", data="extend"),
    "deals:extend_by_mail": page({"partner_rep"}, SEE_BETA, args="extension_link"),
    "deals:grant_extension": action(DECIDERS_OF_BETA, SEE_BETA, args="extension"),
    "deals:refuse_extension": action(DECIDERS_OF_BETA, SEE_BETA, args="extension", data="reason"),
    "deals:stage": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open", data="stage"),
    "deals:won": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open", data="won"),
    "deals:lost": action(PARTNER_OF_BETA | DECIDERS_OF_BETA, SEE_BETA, args="open", data="lost"),
    "partners:leads": page(SEE_BETA, args="partner"),
    "leads:list": page(MEMBERS),
    "leads:export": page(MEMBERS),
    "leads:waiting": page(MEMBERS),
    "leads:create": page(DECIDERS_OF_BETA | {"other_manager"}, MEMBERS),
    "leads:bulk": action(DECIDERS_OF_BETA | {"other_manager"}, {"executive"}, data="lead_bulk"),
    "leads:for_partner": page(SEE_BETA, args="partner"),
    "leads:detail": page(SEE_BETA, args="lead_offered"),
    "leads:edit": page(DECIDERS_OF_BETA, STAFF_OF_BETA, args="lead_free"),
    "leads:offer": action(DECIDERS_OF_BETA, {"executive"}, args="lead_free", data="lead_partner"),
    "leads:route": action(DECIDERS_OF_BETA, {"executive"}, args="lead_free"),
    "leads:take_back": action(DECIDERS_OF_BETA, SEE_BETA, args="lead_offered"),
    "leads:end": action(DECIDERS_OF_BETA, SEE_BETA, args="lead_offered", data="lead_reason"),
    "leads:accept": action(PARTNER_OF_BETA, SEE_BETA, args="lead_offered"),
    "leads:decline": action(PARTNER_OF_BETA, SEE_BETA, args="lead_offered", data="lead_reason"),
    "leads:contact": action(PARTNER_OF_BETA, SEE_BETA, args="lead_accepted", data="lead_contact"),
    "leads:disqualify": action(PARTNER_OF_BETA, SEE_BETA, args="lead_contacted", data="lead_reason"),
    "leads:convert": action(PARTNER_OF_BETA, SEE_BETA, args="lead_contacted"),
    "deals:credit": page(SEE_BETA, args="pending"),
    "deals:credit_confirm": action(DECIDERS_OF_BETA, SEE_BETA, args="proposed", data="naming"),
    "deals:credit_decline": action(DECIDERS_OF_BETA, SEE_BETA, args="proposed", data="reason"),
    "deals:credit_end": action(DECIDERS_OF_BETA, SEE_BETA, args="shared", data="reason"),
    "deals:credit_withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="proposed"),
    "deals:shared": page(MEMBERS),
    # Alpha's deal, offered to beta: its people answer, the vendor's see it, alpha's see their own side only.
    "deals:share_accept": action(PARTNER_OF_BETA, STAFF_OF_BETA, args="offered"),
    "deals:share_decline": action(PARTNER_OF_BETA, STAFF_OF_BETA, args="offered", data="reason"),
    "deals:proof": page(SEE_BETA, args="won_deal"),
    "deals:proof_accept": action(DECIDERS_OF_BETA, SEE_BETA, args="proof"),
    "deals:proof_refuse": action(DECIDERS_OF_BETA, SEE_BETA, args="proof", data="reason"),
    "deals:proof_file": page(SEE_BETA, args="proof_file"),
    "deals:requests": page(STAFF),
    "deals:terms": page(SEE_BETA, args="pending"),
    "deals:price": page(SEE_BETA, args="pending"),
    "deals:price_grant": action(DECIDERS_OF_BETA, SEE_BETA, args="price", data="grant"),
    "deals:price_refuse": action(DECIDERS_OF_BETA, SEE_BETA, args="price", data="reason"),
    "deals:price_withdraw": action(PARTNER_OF_BETA, SEE_BETA, args="price"),
    "scorecards:portfolio": page(STAFF),
    "scorecards:portfolio_export": page(STAFF),
    "scorecards:portfolio_map": page(STAFF),
    "scorecards:own": page(PARTNER_PEOPLE),
    "scorecards:detail": page(SEE_BETA, args="partner"),
    "scorecards:card": page(SEE_BETA, args="partner"),
    "scorecards:recompute": action(DECIDERS_OF_BETA, SEE_BETA, args="partner"),
    "scorecards:metric_rows": page(SEE_BETA, args="metric"),
    "scorecards:metric_rows_export": page(SEE_BETA, args="metric"),
}

#: Pages of the person, not of a membership: allauth's own, tested in test_vendors.py and test_invitations.py.
PERSONAL = ("account_", "mfa_")
PUBLIC = {"brand", "healthz", "join", "switch"}
#: Django admin: one rule for all of it (`test_the_administration_is_for_program_admins`).
ADMINISTRATION = "admin:"


def addresses() -> Iterator[tuple[str, str]]:
    yield from _walk(get_resolver("portal.urls").url_patterns, ())


def _walk(patterns: Any, namespaces: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join((*namespaces, pattern.name or "")), str(pattern.pattern)
        else:
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from _walk(pattern.url_patterns, inner)


def test_every_address_is_in_the_matrix() -> None:
    names = {name for name, _ in addresses()}
    ours = {n for n in names if not n.startswith((*PERSONAL, ADMINISTRATION)) and n not in PUBLIC}
    assert ours == set(MATRIX), "an address nobody said who may open"


@pytest.fixture
def everybody(world: VendorWorld, other_world: VendorWorld) -> dict[str, Person | None]:
    disabled = add_person_of_beta(world, "disabled")
    former = add_person_of_beta(world, "former")
    disabled.user.is_active = False
    disabled.user.save()
    with entered(system_scope(world.vendor.pk)):
        type(former.membership).objects.filter(pk=former.membership.pk).update(is_active=False)
    return {
        **world.people,
        "anonymous": None,
        "disabled": disabled,
        "former": former,
        "stranger": other_world.people["program_admin"],
    }


def add_person_of_beta(world: VendorWorld, name: str) -> Person:
    with entered(system_scope(world.vendor.pk)):
        return add_person(world.vendor, name, Role.PARTNER_ADMIN, world.partners["beta"])


@pytest.fixture
def targets(world: VendorWorld) -> dict[str, dict[str, Any]]:
    """What the lines of the matrix aim at; everything belongs to partner beta."""
    beta, rep = world.partners["beta"], world.people["partner_rep"]
    colleague = add_person_of_beta(world, "colleague")
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        seat = colleague.membership.seat
        fields = {"partner": beta, "registered_by": rep.user, "stage": None}
        draft = factories.DealFactory(**fields)
        pending = factories.DealFactory(submitted=True, **fields)
        running = factories.DealFactory(approved=True, **{**fields, "stage": world.stages[0]})
        for deal in (draft, pending, running):
            factories.DealLineFactory(deal=deal, product=world.products[0])
        ending = factories.DealFactory(approved=True, **fields)
        extension = Extension.objects.create(
            partner=beta, deal=ending, days=30, reason="Survey.", due_at=timezone.now(),
            until_before=ending.expires_at,
        )  # fmt: skip
        token = link_make(running, rep.user)
        disputed = factories.DealFactory(submitted=True, **fields)
        case, side = _conflict(disputed, draft)
        appeal, _ = _conflict(running, draft, state="appealed", winner="rival", decided_at=timezone.now())
        _, lost_side = _conflict(ending, draft, state="decided", winner="rival", decided_at=timezone.now())
        paper = CaseFile.objects.create(
            partner=beta, side=side, **checked("letter.pdf", PDF).as_fields(rep.user)
        )
        price = PriceRequest.objects.create(
            partner=beta, deal=running, currency="EUR", list_total=100_00, requested_total=90_00,
            due_at=timezone.now(), role=Role.CHANNEL_MANAGER,
        )  # fmt: skip
        won_deal = factories.DealFactory(won=True, proof_needed=True, **fields)
        proof = Proof.objects.create(partner=beta, deal=won_deal, evidence="invoice", due_at=timezone.now())
        proof_file = ProofFile.objects.create(
            partner=beta, proof=proof, **uploads.checked("order.pdf", PDF).as_fields(rep.user)
        )
        proposed = CoSell.objects.create(
            partner=beta, deal=pending, named="Delta", share=3_000, due_at=timezone.now()
        )
        shared = _shared(running, world.partners["delta"], "agreed")
        alphas = factories.DealFactory(approved=True, partner=world.partners["alpha"], stage=None)
        offered = _shared(alphas, beta, "offered")
        notification = Notification.objects.create(
            user=rep.user, kind="deals.approved", key="k", title="t", page="home"
        )
    with acting_as(world.people["partner_admin"]) as actor:
        invitation = person_invite(actor=actor, partner=beta, email="new@example.com", role=Role.PARTNER_REP)
        seat_invitation = invitation.seat_invitation
        attached = factories.AttachmentFactory(deal=running)
        amendment = factories.AmendmentFactory(deal=running)
        bulk = factories.BulkUploadFactory(partner=beta, uploaded_by=rep.user)
    slug = {"slug": beta.slug}
    steps = {"offered": leads.offered, "accepted": leads.accepted, "contacted": leads.contacted}
    offers = {state: make(world) for state, make in steps.items()}
    free = leads.lead(world)
    return {
        "lead_free": {"reference": free.reference},
        **{f"lead_{state}": {"reference": offer.reference} for state, offer in offers.items()},
        "lead_partner": {"partner": beta.slug},
        "lead_reason": {"reason": "Another reason"},
        "lead_contact": {"kind": "call", "happened_on": timezone.localdate().isoformat(), "note": "Spoke."},
        "lead_bulk": {"reference": free.reference, "by_rules": "1"},
        "": {},
        "partner": slug,
        "partner_and_seat": {**slug, "pk": seat.pk},
        "partner_and_invitation": {**slug, "pk": seat_invitation.pk},
        "metric": {**slug, "key": "win_rate"},
        "draft": {"reference": draft.reference},
        "notification": {"pk": notification.pk},
        "pending": {"reference": pending.reference},
        "won_deal": {"reference": won_deal.reference},
        "proof": {"pk": proof.pk},
        "proof_file": {"pk": proof_file.pk},
        "proposed": {"pk": proposed.pk},
        "shared": {"pk": shared[0].cosell_id},
        "offered": {"pk": offered[1].pk},
        "naming": {"other": world.partners["delta"].slug, "share": "30"},
        "price": {"pk": price.pk},
        "grant": {"valid_until": timezone.localdate().isoformat()},
        "open": {"reference": running.reference},
        "case": {"pk": case.pk},
        "appeal": {"pk": appeal.pk},
        "case_paper": {"pk": case.pk, "file": paper.pk},
        "case_file": {"reference": disputed.reference, "pk": paper.pk},
        "side": {"reference": disputed.reference, "pk": side.pk},
        "lost_side": {"reference": ending.reference, "pk": lost_side.pk},
        "decision": {"winner": "deal", "rule": "override", "reason": "r", "told": "Compared."},
        "answer": {"outcome": "upheld", "reason": "r", "told": "Compared."},
        "extension": {"reference": ending.reference, "pk": extension.pk},
        "extension_link": {"token": token},
        "file": {"reference": running.reference, "pk": attached.pk},
        "bulk": {"pk": bulk.pk},
        "amendment": {"pk": amendment.pk},
        "note": {"text": "The customer called."},
        "invite": {"email": "another@example.com", "role": Role.PARTNER_REP},
        "own_deals_only": {"own_deals_only": "on"},
        "role": {"role": Role.PARTNER_REP},
        "reason": {"reason": "Please add the site."},
        "stage": {"stage": world.stages[1].pk},
        "extend": {"days": "30", "reason": "The survey takes longer."},
        "won": {"amount": "1000", "closed_on": timezone.localdate().isoformat()},
        "lost": {"reason": "Price"},
    }


def _conflict(deal: Deal, rival: Deal, **fields: Any) -> tuple[ConflictCase, CaseSide]:
    """Under the vendor's scope. The rival's partner does not matter to who is let in."""
    case = ConflictCase.objects.create(
        deal=deal, partner_id=deal.partner_id, rival=rival, rival_partner_id=rival.partner_id,
        due_at=timezone.now(), **fields,
    )  # fmt: skip
    decided = {"won": False, "state": "decided", "appeal_until": timezone.now() + timedelta(days=1)}
    side = CaseSide.objects.create(
        case=case, deal=deal, partner_id=deal.partner_id, **(decided if fields else {})
    )
    return case, side


def _shared(deal: Deal, other: Partner, stage: str) -> list[CreditLine]:
    now = timezone.now()
    cosell = CoSell.objects.create(
        partner=deal.partner, deal=deal, status="granted", named=other.name, other=other, share=3_000,
        due_at=now, decided_at=now, agreed_at=now if stage == "agreed" else None,
    )  # fmt: skip
    parts = ((deal.partner, "sourced", 7_000), (other, "influenced", 3_000))
    return CreditLine.objects.bulk_create(
        CreditLine(partner=partner, cosell=cosell, deal=deal, kind=kind, share=share)
        for partner, kind, share in parts
    )


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(MATRIX))
def test_who_is_let_in(
    address: str,
    everybody: dict[str, Person | None],
    targets: dict[str, dict[str, Any]],
    world: VendorWorld,
    client_as: Callable[..., PortalClient],
) -> None:
    line = MATRIX[address]
    path = reverse(address, kwargs=targets[line.args])
    for name, person in everybody.items():
        savepoint = transaction.savepoint()  # each finds the same rows
        answer = getattr(client_as(person, world.vendor), line.method)(path, targets[line.data])
        outsider = name in OUTSIDERS
        wanted = _of_outsider(name) if outsider else line.expected(name)
        assert answer.status_code in wanted, f"{line.method} {path} as {name}: {answer.status_code}"
        if answer.status_code == 302 and name in ("anonymous", "disabled"):
            assert "/accounts/login/" in answer.url
        transaction.savepoint_rollback(savepoint)


def _of_outsider(name: str) -> set[int]:
    return {302} if name in ("anonymous", "disabled") else {404}


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(name for name, line in MATRIX.items() if line.method == "post"))
def test_who_is_refused_changes_nothing(
    address: str,
    everybody: dict[str, Person | None],
    targets: dict[str, dict[str, Any]],
    world: VendorWorld,
    client_as: Callable[..., PortalClient],
) -> None:
    line = MATRIX[address]
    path = reverse(address, kwargs=targets[line.args])
    before = _business_events(world)
    for name in sorted(set(everybody) - line.allowed):
        client_as(everybody[name], world.vendor).post(path, targets[line.data])
    assert _business_events(world) == before
    for name in sorted(line.allowed):
        assert client_as(everybody[name]).get(path).status_code in {200, 302, 403, 405}, "GET never acts"
    assert _business_events(world) == before


def _business_events(world: VendorWorld) -> int:
    with entered(system_scope(world.vendor.pk)):
        return PortalEvent.objects.exclude(type="portal.login").count()


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(name for name, line in MATRIX.items() if line.args))
def test_ids_of_another_vendor_lead_nowhere(
    address: str,
    targets: dict[str, dict[str, Any]],
    world: VendorWorld,
    other_world: VendorWorld,
    client_as: Callable[..., PortalClient],
) -> None:
    """The program admin of another vendor, at their own address, with every id of ours."""
    line = MATRIX[address]
    if targets[line.args].keys() <= {"slug", "key"}:
        pytest.skip("both vendors have a partner of this slug: their own page answers, see the wall tests")
    path = reverse(address, kwargs=targets[line.args])
    before = _business_events(world)
    answer = getattr(client_as(other_world.people["program_admin"]), line.method)(path, targets[line.data])
    assert answer.status_code == 404
    assert _business_events(world) == before


@pytest.mark.django_db
def test_the_administration_is_for_program_admins(
    everybody: dict[str, Person | None], world: VendorWorld, client_as: Callable[..., PortalClient]
) -> None:
    """Every parameterless page of the administration, for everybody."""
    pages = [reverse("admin:index")]
    for name, _ in addresses():
        if name.startswith("admin:") and name.endswith(("_changelist", "_add", "_import")):
            pages.append(reverse(name))
    assert len(pages) > 20
    for name, person in everybody.items():
        client = client_as(person, world.vendor)
        for path in pages:
            code = client.get(path).status_code
            if name == "program_admin":
                assert code in _of_admin_page(path), (path, code)
            elif name in OUTSIDERS:
                assert code in _of_outsider(name), (name, path)
            else:
                assert code == 403, (name, path)


def _of_admin_page(path: str) -> set[int]:
    """Read-only tables have no add page; the vendor's own settings are one row, opened at once."""
    if path.endswith("/portal/vendor/"):
        return {302}
    return {200, 403} if path.endswith("/add/") else {200}
