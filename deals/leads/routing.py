"""Who is asked about a lead, and how that is said. Pure: everything is read before.

Rules are looked at in their order; each that fits the lead names partners. Among those of one rule the order
is: the tier's lead priority, the share of leads accepted in the trailing year, fewer open leads, the longest
time without an offer, the name, the key. The same leads and partners always give the same answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from django_countries import countries

from deals.leads.models import LeadRule, Territory
from partners.models import PartnerType
from portal.ui.formatting import format_percent

#: Fewer answered offers say nothing yet; the partner then counts as if it accepted every other lead.
LEAST_OFFERS: Final = 3
UNKNOWN: Final = Fraction(1, 2)
#: How many partners an explanation names as passed over.
MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Case:
    """What rules look at; "" and None where the lead does not say."""

    country: str
    region_id: int | None
    product_ids: frozenset[int]
    country_name: str = ""
    region_name: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner as far as leads go. `offered` of the trailing year, answered or run out; `open` now."""

    partner_id: int
    slug: str
    name: str
    type: str
    country: str
    region_id: int | None
    tier: str
    tier_rank: int  # 0 without a tier
    priority: int  # of the tier
    people: bool  # somebody works there who could answer
    open: int
    offered: int
    accepted: int
    last_offered_at: datetime | None

    @property
    def acceptance(self) -> Fraction:
        return Fraction(self.accepted, self.offered) if self.offered >= LEAST_OFFERS else UNKNOWN


@dataclass(frozen=True, slots=True)
class Choice:
    """A partner a rule names for a lead; `obstacle` says why it cannot be asked, "" that it can."""

    standing: Standing
    rule: LeadRule | None
    obstacle: str = ""


def country_name(country: Any) -> str:
    """ "Austria", for the code or the field of a model; "" without one."""
    return str(countries.name(str(country))) if country else ""


def fits_lead(rule: LeadRule, case: Case) -> bool:
    """Whether the rule is about such leads. A territory that the lead does not name fits nobody."""
    if rule.territory == Territory.COUNTRY and not case.country:
        return False
    if rule.territory == Territory.REGION and case.region_id is None:
        return False
    return (
        rule.region_id in (None, case.region_id)
        and str(rule.country) in ("", case.country)
        and (rule.product_id is None or rule.product_id in case.product_ids)
    )


def fits_partner(rule: LeadRule, case: Case, standing: Standing) -> bool:
    if rule.territory == Territory.COUNTRY and standing.country != case.country:
        return False
    if rule.territory == Territory.REGION and standing.region_id != case.region_id:
        return False
    if rule.partner_type and standing.type != rule.partner_type:
        return False
    return rule.least_tier is None or standing.tier_rank >= rule.least_tier.rank


def ranking(standing: Standing) -> tuple[Any, ...]:
    """The first is asked first; the key at the end breaks every tie."""
    waited = standing.last_offered_at.timestamp() if standing.last_offered_at else 0.0
    name = standing.name.lower(), standing.slug
    return (-standing.priority, -standing.acceptance, standing.open, waited, *name)


def choices(
    rules: Iterable[LeadRule], case: Case, standings: Sequence[Standing], had: Mapping[int, str]
) -> list[Choice]:
    """Everybody the rules name, in the order in which they are asked; who cannot be asked comes last.

    `had`: {partner id: what became of it}, of those who had the lead before.
    """
    found: dict[int, Choice] = {}
    for rule in rules:
        if not fits_lead(rule, case):
            continue
        fitting = (one for one in standings if fits_partner(rule, case, one))
        for standing in sorted(fitting, key=ranking):
            known = found.get(standing.partner_id)
            obstacle = _obstacle(standing, rule, had)
            if known is None or (known.obstacle and not obstacle):
                found.pop(standing.partner_id, None)  # free by a later rule: asked in that one's turn
                found[standing.partner_id] = Choice(standing, rule, obstacle)
    free = [choice for choice in found.values() if not choice.obstacle]
    return free + [choice for choice in found.values() if choice.obstacle]


def _obstacle(standing: Standing, rule: LeadRule | None, had: Mapping[int, str]) -> str:
    if standing.partner_id in had:
        return had[standing.partner_id]
    if not standing.people:
        return "nobody there can sign in"
    if rule and standing.open >= rule.capacity:
        return f"full: {_open(standing.open)}, the rule allows {rule.capacity}"
    return ""


def by_hand(standings: Sequence[Standing], had: Mapping[int, str]) -> list[Choice]:
    """Partners a manager looked for, whatever the rules say."""
    return [Choice(one, None, _obstacle(one, None, had)) for one in sorted(standings, key=ranking)]


# How it is said ----------------------------------------------------------------------------------------


def conditions(rule: LeadRule) -> str:
    """ "customers in Austria, partners in the customer's country from Gold up, at most 10 open leads"."""
    about = [
        f"in {country_name(rule.country)}" if rule.country else "",
        f"in {rule.region}" if rule.region else "",
        f"for {rule.product}" if rule.product else "",
    ]
    where = {Territory.COUNTRY: "in the customer's country", Territory.REGION: "in the lead's region"}
    kind = PartnerType(rule.partner_type).label.lower() if rule.partner_type else ""
    who = ["partners", where.get(Territory(rule.territory), ""), f"that are {kind}s" if kind else ""]
    tier = f"from {rule.least_tier} up" if rule.least_tier else ""
    leads = " ".join(filter(None, ["leads", *about])) if any(about) else "any lead"
    return f"{leads}; {' '.join(filter(None, [*who, tier]))}; up to {rule.capacity} open leads each"


def record_of(standing: Standing) -> str:
    """ "Gold, accepts 80% of leads (8 of 10 in a year), 2 open leads"."""
    accepts = (
        f"accepts {format_percent(float(standing.acceptance), 0)} of leads "
        f"({standing.accepted} of {standing.offered} in a year)"
        if standing.offered >= LEAST_OFFERS
        else f"too few leads yet to know how many it accepts ({standing.offered} in a year)"
    )
    tier = f"{standing.tier} (lead priority {standing.priority})" if standing.tier else "no tier"
    return f"{tier}, {accepts}, {_open(standing.open)}"


def explained(choice: Choice, all_choices: Sequence[Choice]) -> str:
    """Why this partner and no other, for the vendor's people."""
    assert choice.rule is not None  # noqa: S101  (the rules chose it)
    of_rule = [one for one in all_choices if one.rule == choice.rule and not one.obstacle]
    first = "The only one" if len(of_rule) == 1 else f"First of {len(of_rule)}"
    text = f"{first} by the rule “{choice.rule}”: {record_of(choice.standing)}."
    passed = [one for one in all_choices if one.obstacle]
    if passed:
        named = ", ".join(f"{one.standing.name} ({one.obstacle})" for one in passed[:MOST_NAMED])
        more = f" and {len(passed) - MOST_NAMED} more" if len(passed) > MOST_NAMED else ""
        text += f" Passed over: {named}{more}."
    return text[:1000]


def told(choice: Choice, case: Case) -> str:
    """Why it came to this partner, for the partner: its own merits only, nothing that hints at others."""
    rule, standing = choice.rule, choice.standing
    assert rule is not None  # noqa: S101
    merits = []
    if rule.territory == Territory.COUNTRY:
        merits.append(f"you work in {case.country_name or case.country}, where the customer is")
    if rule.territory == Territory.REGION:
        merits.append(f"your region, {case.region_name}, is the customer's")
    if rule.partner_type:
        merits.append(f"it suits a {PartnerType(rule.partner_type).label.lower()}")
    if rule.least_tier:
        merits.append(f"you hold the tier {standing.tier}")
    if not merits:
        merits.append("it fits what you sell and you have room for another lead")
    return f"It came to you because {' and '.join(merits)}."[:300]


def _open(count: int) -> str:
    if not count:
        return "no open lead"
    return "1 open lead" if count == 1 else f"{count} open leads"
