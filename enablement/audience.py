"""For whom something is: a role, a type of partner, a tier and above. What is left empty is for everybody."""

from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.db.models import Q

from partners.models import PartnerType, Tier
from portal.tenancy.access import Actor
from portal.tenancy.roles import PARTNER_ROLES, Role
from portal.tenancy.tables import TenantKey

#: Staff may open everything, so only the roles of partner people can be told apart.
AUDIENCE_ROLES: Final = [(role.value, f"{role.label}s") for role in Role if role in PARTNER_ROLES]


class Audience(models.Model):
    """The three fields; who derives from it adds `audience_constraints(prefix)` to its own."""

    role = models.CharField(
        max_length=20, choices=AUDIENCE_ROLES, blank=True, help_text="Empty: everybody at a partner."
    )
    partner_type = models.CharField(
        max_length=20, choices=PartnerType.choices, blank=True, help_text="Empty: any type."
    )
    least_tier = TenantKey(
        Tier,
        related_name="+",
        null=True,
        blank=True,
        verbose_name="from tier",
        help_text="This tier and higher ones. Empty: any, and partners without one.",
    )

    class Meta:
        abstract = True


def audience_constraints(prefix: str) -> list[models.CheckConstraint]:
    """The database's own list of roles and types; `prefix` is the table's."""
    roles = [value for value, _ in AUDIENCE_ROLES]
    return [
        models.CheckConstraint(condition=Q(role__in=["", *roles]), name=f"{prefix}_role"),
        models.CheckConstraint(
            condition=Q(partner_type__in=["", *PartnerType.values]), name=f"{prefix}_partner_type"
        ),
    ]


@dataclass(frozen=True, slots=True)
class Learner:
    """What decides about a person's audience. `rank` is their partner's tier, 0 without one."""

    role: str
    partner_type: str
    rank: int
    is_staff: bool = False


def learner_of(actor: Actor) -> Learner:
    """Of who is looking. Reads the partner's tier, which the request may have to fetch."""
    return learner_at(actor.role, actor.partner, is_staff=actor.is_staff)


def learner_at(role: str, partner: Any, *, is_staff: bool = False) -> Learner:
    """Of a person with this role at this partner."""
    if partner is None:
        return Learner(role, "", 0, is_staff)
    return Learner(role, partner.type, partner.tier.rank if partner.tier else 0, is_staff)


def open_to(learner: Learner, prefix: str = "") -> Q:
    """Condition on rows (through `prefix`, such as "course__") that are for this person."""
    if learner.is_staff:
        return Q()
    return _but_for_the_tier(learner, prefix) & (
        Q(**{f"{prefix}least_tier": None}) | Q(**{f"{prefix}least_tier__rank__lte": learner.rank})
    )


def above(learner: Learner) -> Q:
    """Condition on rows that would be for this person if only their partner had a higher tier."""
    return _but_for_the_tier(learner, "") & Q(least_tier__rank__gt=learner.rank)


def _but_for_the_tier(learner: Learner, prefix: str) -> Q:
    return Q(**{f"{prefix}role__in": ["", learner.role]}) & Q(
        **{f"{prefix}partner_type__in": ["", learner.partner_type]}
    )


def is_for(row: Audience, learner: Learner) -> bool:
    """The same of one row, with its tier at hand."""
    if learner.is_staff:
        return True
    tier = row.least_tier
    return (
        row.role in ("", learner.role)
        and row.partner_type in ("", learner.partner_type)
        and (tier is None or tier.rank <= learner.rank)
    )


def audience_text(row: Audience) -> str:
    """Such as "reps of resellers from Gold on", or "everybody"."""
    who = row.get_role_display().lower() if row.role else "everybody"
    where = f" at a {row.get_partner_type_display().lower()}" if row.partner_type else ""
    tier = f" from {row.least_tier} on" if row.least_tier_id else ""
    return f"{who}{where}{tier}"
