"""The partners of a simulated channel and their people."""

from collections.abc import Iterator
from datetime import timedelta

from demo.simulation import plans, tables
from demo.simulation.cast import Partner, Region
from demo.simulation.channel import Channel
from demo.simulation.clock import HOUR
from demo.simulation.names import COUNTRIES, Country, Unique, ascii_slug, web_name
from demo.simulation.tables import Row
from partners.models import PartnerStatus, PartnerType
from portal.tenancy.roles import Role


def rows(channel: Channel) -> Iterator[Row]:
    slugs = Unique({"people"})  # an address of its own under /partners/
    for number in range(channel.size.partners):
        channel.partners.append(_partner(channel, slugs, number))
    _let_some_go_quiet(channel)
    for partner in channel.partners:
        yield from _rows_of(channel, partner)
    for partner in _largest(channel.partners, 12):
        grant = channel.ids.manage_partner, channel.key_account_manager.user_id, partner.id
        yield tables.PARTNER_GRANT, grant


def _partner(channel: Channel, slugs: Unique, number: int) -> Partner:
    """The first is the featured one, then every region gets a distributor; chance decides on the others."""
    random, plan = channel.random, channel.plan
    featured, distributor = number == 0, _is_distributor(channel, number)
    region = (
        channel.regions[max(0, number - 1)]
        if number <= len(channel.regions)
        else random.choice(channel.regions)
    )
    country = _country(channel, region)
    name = plan.featured if featured else _new_name(channel, country)
    rank = 3 if featured or distributor else _rank(channel)
    partner = Partner(
        id=channel.ids.next(tables.PARTNER),
        slug=slugs.take(ascii_slug(name)[:72].strip("-")),
        name=name,
        type=_type(channel, featured, distributor),
        rank=rank,
        region=region,
        country=country,
        currency=_currency(channel, country),
        joined=_joined(channel, early=featured or distributor),
        capacity=random.lognormvariate(0, 0.7) * (0.4 + 0.5 * rank),
        skill=random.betavariate(2.2, 2.2),
        certified=random.random() < 0.15 + 0.2 * rank,
        trend=random.lognormvariate(0.1, 0.45),
        protection_days=plan.tiers[rank - 1].protection_days,
    )
    if featured:
        partner.capacity, partner.skill, partner.certified, partner.trend = 3.0, 0.75, True, 1.3
    _find_distributor(channel, partner)
    return partner


def _new_name(channel: Channel, country: Country) -> str:
    name = country.partner_name(channel.random)
    while name in channel.partner_names:
        name = country.partner_name(channel.random)
    channel.partner_names.add(name)
    return name


def _is_distributor(channel: Channel, number: int) -> bool:
    if number <= len(channel.regions):
        return number > 0
    return channel.random.random() < plans.DISTRIBUTORS / 2


def _country(channel: Channel, region: Region) -> Country:
    codes, weights = zip(*region.plan.countries.items(), strict=True)
    return COUNTRIES[channel.random.choices(codes, weights)[0]]


def _rank(channel: Channel) -> int:
    shares = [tier.share for tier in channel.plan.tiers]
    return channel.random.choices(range(1, len(shares) + 1), shares)[0]


def _type(channel: Channel, featured: bool, distributor: bool) -> PartnerType:
    if distributor:
        return PartnerType.DISTRIBUTOR
    if featured:
        return PartnerType.SYSTEM_INTEGRATOR
    kinds, weights = zip(*plans.PARTNER_TYPES.items(), strict=True)
    return channel.random.choices(kinds, weights)[0]


def _currency(channel: Channel, country: Country) -> str:
    foreign = (code for code, (_, where) in channel.plan.currencies.items() if country.code in where)
    return next(foreign, channel.plan.currency)


def _joined(channel: Channel, *, early: bool) -> int:
    """Seven of ten were there before the simulated time."""
    if early or channel.random.random() < 0.7:
        return -channel.random.randrange(30, 900)
    return channel.random.randrange(len(channel.clock.days) - 15)


def _find_distributor(channel: Channel, partner: Partner) -> None:
    """Smaller partners may buy through a distributor of their region."""
    if partner.rank > 2 or partner.type == PartnerType.DISTRIBUTOR or channel.random.random() > 0.35:
        return
    near = [p for p in channel.partners if p.type == PartnerType.DISTRIBUTOR and p.region is partner.region]
    if near:
        partner.parent = channel.random.choice(near)


def _largest(partners: list[Partner], share: int) -> list[Partner]:
    """The largest `share`-th of them."""
    return sorted(partners, key=lambda partner: -partner.capacity)[: max(1, len(partners) // share)]


def _let_some_go_quiet(channel: Channel) -> None:
    """Nobody signs in any more although what was registered before still closes: revenue looks well."""
    days = len(channel.clock.days)
    can = [p for p in _largest(channel.partners[1:], 4) if p.joined < 0 and p.type != PartnerType.DISTRIBUTOR]
    for partner in channel.random.sample(can, round(plans.GOING_QUIET * len(can))):
        partner.quiet_from = days - channel.random.randrange(34, 75)
        partner.trend = max(partner.trend, 1.2)


def _rows_of(channel: Channel, partner: Partner) -> Iterator[Row]:
    web = channel.domains.take(web_name(partner.name) or partner.slug)
    domain = f"{web}.{channel.plan.mail_suffix}"
    joined_on = channel.clock.days[0] + timedelta(days=partner.joined)
    place = partner.country.code, channel.random.choice(partner.country.cities), f"https://www.{domain}"
    yield (
        tables.PARTNER,
        (
            partner.id,
            channel.vendor_id,
            partner.slug,
            partner.name,
            partner.type,
            PartnerStatus.ACTIVE,
            channel.tier_ids[partner.rank - 1],
            partner.region.id,
            partner.parent.id if partner.parent else None,
            *place,
            joined_on,
        ),
    )
    if partner.joined >= 0:
        moment = channel.clock.midnights[partner.joined] + 9 * HOUR
        subject = "partners.partner", partner.id
        yield channel.event("partners.joined", moment, partner.id, channel.staff[0].user_id, subject)
    wanted = channel.random.gauss(plans.PEOPLE_PER_PARTNER * (0.6 + 0.2 * partner.rank), 1.5)
    for number in range(max(2, min(plans.MOST_PEOPLE, round(wanted)))):
        yield from _person(channel, partner, domain, number)


def _person(channel: Channel, partner: Partner, domain: str, number: int) -> Iterator[Row]:
    """The first is the partner's admin; the first two are there from the beginning."""
    role = Role.PARTNER_ADMIN if number == 0 else Role.PARTNER_REP
    since = partner.joined
    if number > 1 and channel.random.random() < 0.4:
        since = channel.random.randrange(max(0, partner.joined), len(channel.clock.days))
    person = channel.new_person(partner.country, domain, role, since=since)
    partner.people.append(person)
    title = plans.JOB_TITLES[0] if number == 0 else channel.random.choice(plans.JOB_TITLES[1:])
    ids = channel.vendor_id, partner.id, person.membership_id, person.user_id
    yield from channel.person_rows(person)
    yield tables.SEAT, (*ids, title, channel.stamp_of_day(since))
