"""The conflict check: one function for the form, for every submission and for every row of an import.

Whoever asks learns clear, their own, possibly claimed or claimed, and nothing that tells a protected
registration from a pending one or from an account of the vendor, or one holder from another. The work is the
same whatever the answer: one search for customers, then one for claims on what was found, were it nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils import timezone

from deals.conflicts.candidates import Match, Typed, matches
from deals.conflicts.models import DirectAccount
from deals.models import PENDING, Deal, DealLine, DealStatus, Protection, Verdict
from partners.models import Product
from portal.access import Actor
from portal.models import PortalEvent
from portal.wall import across_the_wall

REASON: Final = "check whether a customer is claimed"
#: Registrations that stand in line: a returned one keeps its place while the partner answers.
CLAIMING: Final = (*PENDING, DealStatus.RETURNED)
#: Customers looked for in one statement.
AT_ONCE: Final = 200
#: Checks of one person while typing. Far more than anybody types, far less than a customer list.
MOST_AN_HOUR: Final = 240
_STRENGTH: Final = (Verdict.CLEAR, Verdict.POSSIBLE, Verdict.OWN, Verdict.CLAIMED)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A partner asks for a customer and some products. `ignoring`: reference of the registration itself."""

    partner_id: int
    customer: Typed
    product_ids: tuple[int, ...]
    ignoring: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    product: Product
    verdict: Verdict


def conflict_check(
    actor: Actor,
    *,
    name: str,
    domain: str,
    country: str,
    product_ids: Collection[int],
    ignoring: Deal | str | None = None,
) -> list[Answer]:
    """For each product, whether the customer is free for the actor's partner; by the products' names.

    `ignoring` is the registration the question is about, or its reference. Unknown products are left out.
    """
    reference = ignoring.reference if isinstance(ignoring, Deal) else ignoring or ""
    customer = Typed.of(name, domain, country)
    inquiry = Inquiry(actor.partner.pk, customer, tuple(product_ids), reference)
    return conflict_checks([inquiry])[0]


def conflict_checks(inquiries: Sequence[Inquiry]) -> list[list[Answer]]:
    """`conflict_check` for many, `AT_ONCE` customers in two statements; answers in the inquiries' order."""
    if not inquiries:
        return []
    typed = list(dict.fromkeys(inquiry.customer for inquiry in inquiries))
    answered: dict[Inquiry, list[Answer]] = {}
    with across_the_wall(REASON):
        for start in range(0, len(typed), AT_ONCE):
            some = typed[start : start + AT_ONCE]
            found = dict(zip(some, matches(some), strict=True))
            about = [inquiry for inquiry in inquiries if inquiry.customer in found]
            customers = {match.customer_id for of_one in found.values() for match in of_one}
            products = _with_claims({product for one in about for product in one.product_ids}, customers)
            answered |= {one: _answers(one, found[one.customer], products) for one in about}
    return [answered[inquiry] for inquiry in inquiries]


def may_check_now(actor: Actor) -> bool:
    """Whether this person may look again while typing; False after `MOST_AN_HOUR`.

    Without an end to it the check would tell a patient script which companies the vendor deals with.
    """
    an_hour_ago = timezone.now() - timedelta(hours=1)
    # Written by the wall, which belongs to no partner's timeline; the index leads with that.
    looks = PortalEvent.objects.filter(
        partner_id=None, occurred_at__gt=an_hour_ago, type="portal.wall_crossed", actor=actor.user
    )
    return looks.filter(data__reason=REASON)[:MOST_AN_HOUR].count() < MOST_AN_HOUR


def _with_claims(product_ids: Collection[int], customer_ids: Collection[int]) -> list[Any]:
    """The products, each with `claims`: who is in line for it at any of these customers."""
    customers = [0, *sorted(customer_ids)]  # 0 is nobody: asked with nothing found as well
    products = Product.objects.filter(pk__in=sorted(product_ids)).order_by("name", "pk")
    return list(
        products.annotate(
            protected=ArraySubquery(_protected(customers)),
            in_line=ArraySubquery(_in_line(customers)),
            direct=ArraySubquery(_direct(customers)),
        )
    )


def _protected(customers: list[int]) -> Any:
    active = Protection.objects.filter(product=OuterRef("pk"), customer__in=customers, released_at=None)
    active = active.filter(expires_at__gt=timezone.now()).order_by()
    return active.values(
        claim=JSONObject(customer=F("customer_id"), partner=F("partner_id"), deal=F("deal__reference"))
    )


def _in_line(customers: list[int]) -> Any:
    lines = DealLine.objects.filter(product=OuterRef("pk"), deal__customer__in=customers)
    lines = lines.filter(deal__status__in=CLAIMING).order_by()
    return lines.values(
        claim=JSONObject(customer=F("deal__customer_id"), partner=F("partner_id"), deal=F("deal__reference"))
    )


def _direct(customers: list[int]) -> Any:
    accounts = DirectAccount.objects.filter(customer__in=customers).order_by()
    accounts = accounts.filter(Q(lines__product=OuterRef("pk")) | Q(lines=None))
    return accounts.values(claim=JSONObject(customer=F("customer_id")))


def _answers(inquiry: Inquiry, found: list[Match], products: list[Any]) -> list[Answer]:
    sure = {match.customer_id: match.is_sure for match in found}
    return [
        Answer(product, _verdict(inquiry, sure, [*product.protected, *product.in_line, *product.direct]))
        for product in products
        if product.pk in inquiry.product_ids
    ]


def _verdict(inquiry: Inquiry, sure: dict[int, bool], claims: list[dict[str, Any]]) -> Verdict:
    told = [_of_one(inquiry, sure[claim["customer"]], claim) for claim in claims if claim["customer"] in sure]
    return max(told, key=_STRENGTH.index, default=Verdict.CLEAR)


def _of_one(inquiry: Inquiry, is_sure: bool, claim: dict[str, Any]) -> Verdict:
    if inquiry.ignoring and claim.get("deal") == inquiry.ignoring:
        return Verdict.CLEAR
    if claim.get("partner") == inquiry.partner_id:
        return Verdict.OWN if is_sure else Verdict.CLEAR
    return Verdict.CLAIMED if is_sure else Verdict.POSSIBLE
