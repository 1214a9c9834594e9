"""What all requests about a deal have in common."""

from typing import Any, ClassVar

from django.db import models

from deals.deal import policies
from deals.deal.actions import lock, record_deal_event, require
from deals.deal.models import Deal, DealStatus
from deals.deal.people import manager_asked, registrants
from partners.policies import sees_own_deals_only
from portal.events.models import PortalEvent
from portal.people.models import User
from portal.requests.kinds import R, RequestKind
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor

#: From these a deal does not come back; what waits about it lapses.
ENDED = (DealStatus.REJECTED, DealStatus.WON, DealStatus.LOST, DealStatus.EXPIRED, DealStatus.WITHDRAWN)


class DealRequestKind(RequestKind[R]):
    """The deal's partner asks, and the partner's managers decide, as `deals.deal.policies` says."""

    ask: ClassVar[str]  #: of `policies.STARTS_FROM`: who may ask, and in which states of the deal it is about
    quadrant = "sales"
    title_value = "deal__customer_name"
    target_value = "deal__reference"
    amount_value = "deal__amount"
    currency_value = "deal__currency"

    def may_ask(self, actor: Actor, subject: Deal) -> bool:
        return policies.may(self.ask, actor, subject)

    def may_withdraw(self, actor: Actor, request: R) -> bool:
        return policies.may_work(actor, request.subject)

    def asked_of(self, vendor: Vendor, request: R) -> tuple[str, User | None]:
        return "", manager_asked(request.subject)

    def askers(self, request: R) -> list[User]:
        """Who registered the deal, and who asked, were it a colleague."""
        people = {person.pk: person for person in registrants(request.subject)}
        if request.requested_by:
            people.setdefault(request.requested_by.pk, request.requested_by)
        return list(people.values())

    def lock(self, subject: Deal) -> Deal:
        return lock(subject)

    def require(self, subject: Deal) -> None:
        require(self.ask, subject)

    def is_over(self, subject: Deal) -> bool:
        return subject.status in ENDED and subject.status not in policies.STARTS_FROM[self.ask]

    def live(self, rows: models.QuerySet[R]) -> models.QuerySet[R]:
        """What is asked of a deal that was returned waits for its next submission."""
        return rows.filter(deal__status__in=policies.STARTS_FROM[self.ask]).select_related("deal__partner")

    def visible(self, actor: Actor, rows: models.QuerySet[R]) -> models.QuerySet[R]:
        return rows.filter(deal__registered_by=actor.user) if sees_own_deals_only(actor) else rows

    def target(self, request: R) -> str:
        return str(request.subject.reference)

    def title(self, request: R) -> str:
        return str(request.subject.customer_name)

    def asker(self, request: R) -> str:
        return str(request.subject.partner.name)

    def record(self, what: str, actor: Actor | None, request: R, **data: Any) -> PortalEvent:
        return record_deal_event(
            f"{self.key}_{what}", actor, request.subject, **{**self.told(request), **data}
        )
