"""The demo: three simulated vendors, and a login for every role of the field."""

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import orjson
from django.conf import settings
from django.contrib.auth.hashers import is_password_usable, make_password
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deals.approvals.decision_times import decision_time_publish
from deals.approvals.models import ApprovalRule, ApprovalRuleStep, Approver, Outcome
from deals.approvals.steps import approvals_nudge
from deals.deal.models import Deal, DealStatus
from deals.protection.forms import proposed_reason
from deals.protection.models import ExtensionTerms
from deals.protection.reminders import protection_remind
from deals.protection.requests import EXTENSION
from demo.simulation import leads
from demo.simulation.cast import Size
from demo.simulation.disputes import disputes
from demo.simulation.funds import funds
from demo.simulation.learning import courses_and_learners
from demo.simulation.library import library
from demo.simulation.load import Progress, load_vendor
from demo.simulation.names import Unique
from demo.simulation.notes import papers
from demo.simulation.plans import VENDORS, VendorPlan
from demo.simulation.proofs import proofs_of_sale
from demo.simulation.shared_credit import shared_deals
from demo.simulation.special_prices import special_prices
from partners.models import Partner, PartnerStatus, Seat, Tier
from portal.notifications.models import Mail, Notification
from portal.people.models import Membership, User
from portal.requests.services import request_ask, request_grant, request_refuse
from portal.tenancy.access import Actor, reach_of, scope_of
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import ALL, entered, system_scope
from portal.ui.formatting import to_minor
from scorecards import services

SEED = "demo"
SUPERUSER = "support@platform.example"
DAYS_SCORED = 8  # a week ago is what "moved most" is measured against
DEALS_PER_PARTNER, EVENTS_PER_PARTNER = 64, 1_500


@dataclass(frozen=True, slots=True)
class Login:
    """One line of var/demo.json; `sees` are partner keys, or "all"."""

    vendor: str
    role: str
    partner: str | None
    sees: list[str] | str
    email: str
    password: str
    url: str


def size_of(plan: VendorPlan) -> Size:
    return Size(plan.share, plan.share * DEALS_PER_PARTNER, plan.share * EVENTS_PER_PARTNER)


def yesterday(vendor: Vendor | VendorPlan) -> date:
    """In the vendor's zone."""
    zone = vendor.zone if isinstance(vendor, Vendor) else Vendor(time_zone=vendor.time_zone).zone
    return timezone.localdate(timezone=zone) - timedelta(days=1)


def missing() -> list[VendorPlan]:
    there = set(Vendor.objects.values_list("slug", flat=True))
    return [plan for plan in VENDORS if plan.slug not in there]


def load(plan: VendorPlan, domains: Unique, progress: Progress = lambda rows: None) -> None:
    load_vendor(plan, size_of(plan), seed=SEED, end=yesterday(plan), domains=domains, progress=progress)


def score(vendor: Vendor) -> int:
    """Scorecards of the last days and of twelve month-ends, where they are missing; returns how many days."""
    newest = services.day_that_ended(vendor)
    days = [newest - timedelta(days=ago) for ago in range(DAYS_SCORED)]
    runs = [services.nightly(vendor=vendor, as_of=day) for day in days]
    return len(runs) + services.backfill(vendor=vendor, until=newest)


def vendors() -> list[Vendor]:
    """The demo's vendors that are there, in their usual order."""
    there = {vendor.slug: vendor for vendor in Vendor.objects.filter(slug__in=[p.slug for p in VENDORS])}
    return [there[plan.slug] for plan in VENDORS if plan.slug in there]


def last_day(vendor: Vendor) -> date | None:
    """Day of the newest registration."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        newest = Deal.objects.order_by("-created_at").values_list("created_at", flat=True).first()
    return timezone.localdate(newest, vendor.zone) if newest else None


# Approvals and notifications ------------------------------------------------------------------------


#: Share of the vendor's usual deal below which its demo rule approves at once, and above which two approve.
SMALL, LARGE = 0.15, 2.5
NEWS = timedelta(days=14)


def work(vendor: Vendor) -> None:
    """What the vendor's machinery would have done by now: rules, approvals asked for, times published.

    Idempotent; a vendor that has rules keeps its own.
    """
    plan = next(plan for plan in VENDORS if plan.slug == vendor.slug)
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        _rules(plan, vendor.currency)
        special_prices(plan, vendor, _featured())
        funds(plan, vendor, _featured())
        shared_deals(vendor, _featured())
        proofs_of_sale(plan, vendor, _featured())
        while approvals_nudge(vendor=vendor):
            pass
        decision_time_publish(vendor=vendor)
        leads.make(vendor)
        _extensions(vendor)
        _reminders(vendor)
        disputes(vendor, _actor)
        _news()
        papers(vendor)
        courses_and_learners(plan.slug, vendor, _featured(), _actor)
        library(plan.slug, vendor, _actor)


def _rules(plan: VendorPlan, currency: str) -> None:
    if ApprovalRule.objects.exists():
        return
    limits = (Decimal(round(plan.deal_size * share, -3)) for share in (SMALL, LARGE))
    small, large = (to_minor(limit, currency) for limit in limits)
    ApprovalRule.objects.create(
        position=1,
        name="Small deals of the highest tier",
        tier=Tier.objects.order_by("-rank").first(),
        amount_to=small,
        outcome=Outcome.APPROVE,
    )
    rule = ApprovalRule.objects.create(position=2, name="Large deals", amount_from=large)
    ApprovalRuleStep.objects.create(rule=rule, position=1, approver=Approver.PARTNER_MANAGER)
    ApprovalRuleStep.objects.create(rule=rule, position=2, approver=Approver.ROLE, role=Role.PROGRAM_ADMIN)


#: What becomes of the extensions asked for in the demo, in this order; "" still waits.
ASKED_FOR = ("granted", "", "refused", "", "granted", "", "", "refused")
_REFUSALS = ("The stage has not changed since the last extension.", "Please register the second phase anew.")


def _extensions(vendor: Vendor) -> None:
    """Terms, and requests for the deals that end next: some wait, some are decided.

    The featured partner's first deal is left alone, so that its people find something to ask for.
    """
    if ExtensionTerms.objects.exists():
        return
    ExtensionTerms.objects.create(most_extensions=2, most_days=30)
    ExtensionTerms.objects.create(
        tier=Tier.objects.order_by("-rank").first(), most_extensions=3, most_days=60
    )
    deals = Deal.objects.filter(status=DealStatus.APPROVED, expires_at__gt=timezone.now())
    deals = deals.filter(partner__status=PartnerStatus.ACTIVE).select_related("partner__tier", "stage")
    deals = deals.order_by("expires_at", "pk")
    chosen = [*deals.filter(partner=_featured())[1:5], *deals.exclude(partner=_featured())[:4]]
    for place, (deal, outcome) in enumerate(zip(chosen, ASKED_FOR, strict=False)):
        _ask_for_more(vendor, deal, outcome, _REFUSALS[place % len(_REFUSALS)])


def _ask_for_more(vendor: Vendor, deal: Deal, outcome: str, refusal: str) -> None:
    rep = Membership.objects.filter(user=deal.registered_by_id, is_active=True).first()
    if rep is None:
        return
    actor, reason = _actor(vendor, rep), proposed_reason(deal)
    extension = request_ask(actor=actor, kind=EXTENSION, subject=deal, days=30, reason=reason)
    manager = Membership.objects.filter(user=extension.owner_id).first()
    if not outcome or manager is None:
        return
    if outcome == "granted":
        request_grant(actor=_actor(vendor, manager), request=extension)
    else:
        request_refuse(actor=_actor(vendor, manager), request=extension, reason=refusal)


def _actor(vendor: Vendor, membership: Membership) -> Actor:
    reach = reach_of(membership)
    scope = scope_of(membership, reach)
    return Actor(membership.user, Role(membership.role), vendor, scope, reach.home, membership)


def _reminders(vendor: Vendor) -> None:
    """As of yesterday at noon, wherever the vendor is and whenever this runs."""
    noon = timezone.localtime(timezone.now(), vendor.zone).replace(hour=12) - timedelta(days=1)
    while protection_remind(vendor=vendor, now=noon):
        pass


def _news() -> None:
    """The answers of the last two weeks in the inboxes of those who had asked; what is old is read."""
    now = timezone.now()
    told = {"approved": "Approved", "returned": "Returned", "rejected": "Rejected"}
    rows: list[Notification] = []
    for what, word in told.items():
        answered = f"{what}_at"
        deals = Deal.objects.filter(registered_by__isnull=False, **{f"{answered}__gte": now - NEWS})
        for deal in deals.order_by(answered):
            moment = getattr(deal, answered)
            rows.append(
                Notification(
                    user_id=deal.registered_by_id, kind=f"deals.{what}", key=f"demo:{what}:{deal.pk}",
                    title=f"{word}: {deal.customer_name} ({deal.reference})", page="deals:detail",
                    target=deal.reference, mail=Mail.NONE, created_at=moment,
                    read_at=moment if moment < now - NEWS / 4 else None,
                )
            )  # fmt: skip
    Notification.objects.bulk_create(rows, ignore_conflicts=True)


# Logins ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Somebody:
    """A person at a vendor under a role's name; without a membership, the platform's superuser."""

    vendor: Vendor
    role: str
    user: User
    membership: Membership | None = None


def make_logins(base_url: str, file: Path | None = None) -> list[Login]:
    """Give one person per vendor and role the demo's password, and write them all to var/demo.json.

    The password is made once per installation and kept in that file, which only its owner can read.
    """
    file = file or settings.VAR_DIR / "demo.json"
    kept = _kept_password(file)
    password = kept or secrets.token_urlsafe(9)
    people = [person for vendor in vendors() for person in _people(vendor)] + _at_two_vendors() + _superuser()
    _set_password([person.user for person in people], password, only_without=bool(kept))
    logins = [_login(person, password, base_url) for person in people]
    _write(file, {"base_url": base_url, "logins": [asdict(login) for login in logins]})
    return logins


def _people(vendor: Vendor) -> list[_Somebody]:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return [*_partner_people(vendor), *_staff(vendor)]


def _partner_people(vendor: Vendor) -> Iterator[_Somebody]:
    for partner, kind in ((_featured(), "partner"), (_distributor(), "distributor")):
        for role, name in ((Role.PARTNER_REP, "rep"), (Role.PARTNER_ADMIN, "admin")):
            seat = _seats(partner, role).first()
            if seat:
                yield _Somebody(vendor, f"{kind}_{name}", seat.user, seat.membership)


def _staff(vendor: Vendor) -> Iterator[_Somebody]:
    """The channel manager is the one of the featured partner's region."""
    region = _featured().region
    managers = Membership.objects.filter(role=Role.CHANNEL_MANAGER, user__groups__region=region)
    others = Membership.objects.filter(role__in=(Role.EXECUTIVE, Role.PROGRAM_ADMIN))
    for membership in (*_working(managers)[:1], *_working(others)):
        yield _Somebody(vendor, membership.role, membership.user, membership)


def _working(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    return memberships.filter(is_active=True).select_related("user").order_by("pk")


def _featured() -> Partner:
    """The first partner of the vendor in scope."""
    return Partner.objects.order_by("pk")[:1].get()


def _distributor() -> Partner:
    return Partner.objects.filter(sub_partners__isnull=False).order_by("pk")[:1].get()


def _seats(partner: Partner, role: Role) -> QuerySet[Seat]:
    seats = Seat.objects.filter(partner=partner, membership__role=role, membership__is_active=True)
    return seats.select_related("user", "membership").order_by("pk")


def _at_two_vendors() -> list[_Somebody]:
    """Another rep of the first vendor's featured partner, who sells for the second vendor too."""
    first, second, *_ = vendors()
    with entered(system_scope(first.pk)), transaction.atomic():
        here = _seats(_featured(), Role.PARTNER_REP)[1]
    with entered(system_scope(second.pk)), transaction.atomic():
        there, _ = Membership.objects.get_or_create(user=here.user, defaults={"role": Role.PARTNER_ADMIN})
        Seat.objects.get_or_create(membership=there, defaults={"partner": _featured(), "user": here.user})
    return [
        _Somebody(first, here.membership.role, here.user, here.membership),
        _Somebody(second, there.role, here.user, there),
    ]


def _superuser() -> list[_Somebody]:
    """Helps at every vendor's address; the login names the first."""
    user = User.objects.filter(email=SUPERUSER).first() or User.objects.create_superuser(SUPERUSER)
    return [_Somebody(vendor, "superuser", user) for vendor in vendors()[:1]]


def _login(person: _Somebody, password: str, base_url: str) -> Login:
    partner, sees = _reach(person)
    url = f"{base_url.rstrip('/')}/v/{person.vendor.slug}/"
    return Login(person.vendor.slug, person.role, partner, sees, person.user.email, password, url)


def _reach(person: _Somebody) -> tuple[str | None, list[str] | str]:
    """(key of the own partner, keys of the partners seen)."""
    if person.membership is None:
        return None, "all"
    with entered(system_scope(person.vendor.pk)), transaction.atomic():
        reach = reach_of(person.membership)
        home = reach.home.slug if reach.home else None
        if reach.partner_ids is ALL:
            return home, "all"
        seen = Partner.objects.filter(pk__in=reach.partner_ids)
        return home, sorted(seen.values_list("slug", flat=True))


def _set_password(users: list[User], password: str, *, only_without: bool) -> None:
    """Hashing is slow on purpose, so it is done once for all."""
    wanting = [user.pk for user in users if not (only_without and is_password_usable(user.password))]
    if wanting:
        User.objects.filter(pk__in=wanting).update(password=make_password(password))


# var/demo.json --------------------------------------------------------------------------------------


def _kept_password(file: Path) -> str | None:
    try:
        return str(orjson.loads(file.read_bytes())["logins"][0]["password"])
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.touch(0o600)
    draft.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    draft.rename(file)
