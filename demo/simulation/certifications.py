"""What the demo vendors certify, and how many certified people their tiers ask for.

Written before the year of learning, so that its courses certify people as they would have.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from enablement.badges.services import signer_for
from enablement.certifications.models import AccreditationRule, Award, Certification, CertificationCourse
from enablement.certifications.policies import may_share
from enablement.certifications.selectors import in_force
from enablement.certifications.services import award_share
from enablement.courses.models import Course
from partners.models import Seat, Tier
from portal.people.models import Membership
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor


@dataclass(frozen=True, slots=True)
class Plan:
    """`people`: how many the tier of rank 1, 2 and so on asks for; 0 none."""

    name: str
    summary: str
    courses: tuple[str, ...]
    months: int
    people: tuple[int, ...]


PLANS: Final[Mapping[str, tuple[Plan, ...]]] = {
    "northwind": (
        Plan(
            "Cobot specialist", "Chooses and places arms without a fence.", ("cobot-basics",), 12, (1, 1, 2)
        ),
        Plan(
            "Fleet specialist",
            "Plans, connects and charges a fleet.",
            ("fleet-manager-pro", "charging-refresher"),
            6,
            (0, 1, 1),
        ),
    ),
    "quillbridge": (
        Plan(
            "Quill Core administrator",
            "Sets up tenants, roles and retention.",
            ("quill-core-essentials",),
            12,
            (1, 1, 2),
        ),
        Plan(
            "Workflow designer",
            "Builds workflows that an audit follows.",
            ("workflow-builder",),
            6,
            (0, 1, 1),
        ),
    ),
    "hoshimori": (
        Plan(
            "Spectrometer operator",
            "Runs and checks a spectrometer.",
            ("spectrometer-operation",),
            12,
            (1, 1, 2),
        ),
    ),
}


def certifications(slug: str, courses: Mapping[str, Course], since: datetime) -> None:
    """Given and asked for `since` then. Under the vendor's system scope."""
    tiers = list(Tier.objects.order_by("rank"))
    for plan in PLANS[slug]:
        made = Certification.objects.create(
            name=plan.name, summary=plan.summary, validity_months=plan.months, renewal_days=60,
            created_at=since,
        )  # fmt: skip
        for position, key in enumerate(plan.courses, start=1):
            CertificationCourse.objects.create(certification=made, course=courses[key], position=position)
        asked = [*plan.people, *[plan.people[-1]] * len(tiers)]
        for tier, people in zip(tiers, asked, strict=False):
            if people:
                AccreditationRule.objects.create(tier=tier, certification=made, people=people, since=since)


def certificates_shared(vendor: Vendor, actor_of: Callable[[Vendor, Membership], Actor]) -> None:
    """A badge key, and a few holders who share what they earned. Under the vendor's system scope."""
    signer_for(vendor)
    awards = Award.objects.filter(in_force(timezone.now()), token=None).select_related("user")
    for award in awards.order_by("-awarded_at", "pk")[:3]:
        seat = Seat.objects.filter(user=award.user_id, left_at=None, membership__is_active=True).first()
        actor = actor_of(vendor, seat.membership) if seat else None
        if actor and may_share(actor, award):
            award_share(actor=actor, award=award)
