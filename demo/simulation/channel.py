"""One vendor's channel: its programme and its staff here, then partners, deals and sign-ins."""

from collections.abc import Iterator, Mapping
from datetime import date
from random import Random
from zoneinfo import ZoneInfo

import orjson

from demo.simulation import plans, tables
from demo.simulation.cast import Ids, Partner, Person, Product, Region, Size
from demo.simulation.clock import DAY, HOUR, Clock
from demo.simulation.names import COUNTRIES, Country, Unique, ascii_slug
from demo.simulation.plans import RegionPlan, TierPlan, VendorPlan
from demo.simulation.tables import Row
from portal.metrics.declarations import metric
from portal.tenancy.roles import Role
from portal.ui.formatting import exponent

#: What a password hash looks like when no password fits it.
NO_PASSWORD = "!simulated"  # noqa: S105


class Channel:
    """All its rows are a function of plan, size, seed, end and ids alone: see `demo.simulation.history`."""

    def __init__(
        self,
        plan: VendorPlan,
        size: Size,
        *,
        seed: str,
        end: date,
        vendor_id: int = 1,
        ids: Ids | None = None,
        domains: Unique | None = None,
    ) -> None:
        self.plan, self.size, self.vendor_id = plan, size, vendor_id
        self.random = Random(f"{seed}/{plan.slug}")  # noqa: S311 (chance to be repeated, not secrets)
        self.ids = ids or Ids()
        self.clock = Clock(
            ZoneInfo(plan.time_zone),
            end,
            plans.MONTHS,
            fiscal_year_start=plan.fiscal_year_start,
            dip=plan.summer_dip,
        )
        self.minor = 10 ** exponent(plan.currency)
        self.domains = domains or Unique()  # shared by vendors whose people must not share addresses
        self._emails = Unique()
        self.staff: list[Person] = []
        self.regions: list[Region] = []
        self.partners: list[Partner] = []
        self.partner_names = {plan.featured}
        self.tier_ids: list[int] = []
        self.products: list[Product] = []
        self.stage_ids: list[int] = []
        self.rates: dict[tuple[str, str], float] = {}

    def programme(self) -> Iterator[Row]:
        """The vendor's own: what partners join, and the staff that looks after them."""
        yield from self._programme()
        yield from self._staff()

    # What several parts need ------------------------------------------------------------------------

    def new_person(self, country: Country, domain: str, role: Role, *, since: int) -> Person:
        """Somebody with an address of their own at the domain."""
        given, family = country.person(self.random)
        address = f"{domain}/{ascii_slug(given)}.{ascii_slug(family)}"
        local = self._emails.take(address).partition("/")[2]
        return Person(
            self.ids.next(tables.USER),
            self.ids.next(tables.MEMBERSHIP),
            given,
            family,
            f"{local}@{domain}",
            role,
            since,
        )

    def person_rows(self, person: Person) -> Iterator[Row]:
        since = self.stamp_of_day(person.since)
        names = person.given, person.family
        yield tables.USER, (person.user_id, person.email, *names, NO_PASSWORD, since)
        yield tables.MEMBERSHIP, (person.membership_id, self.vendor_id, person.user_id, person.role, since)

    def stamp_of_day(self, day: int) -> str:
        """The morning of a day, also of one before the simulated time."""
        clock = self.clock
        if day >= 0:
            return clock.stamp(clock.midnights[day] + 9 * HOUR)
        return clock.stamp(clock.midnights[0] + day * DAY + 9 * HOUR)

    def event(
        self,
        kind: str,
        moment: int,
        partner_id: int | None,
        actor_id: int | None,
        subject: tuple[str, int | None] = ("", None),
        data: Mapping[str, object] | None = None,
    ) -> Row:
        stamp, told = self.clock.stamp(moment), orjson.dumps(data or {}).decode()
        return tables.EVENT, (self.vendor_id, partner_id, actor_id, kind, *subject, stamp, stamp, told)

    # The programme ----------------------------------------------------------------------------------

    def _programme(self) -> Iterator[Row]:
        for rank, tier in enumerate(self.plan.tiers, start=1):
            yield from self._tier(rank, tier)
        for plan in self.plan.products:
            product_id, price = self.ids.next(tables.PRODUCT), plan.price * self.minor
            self.products.append(Product(product_id, price, plan.weight, plan.most))
            yield tables.PRODUCT, (product_id, self.vendor_id, plan.name, plan.code, plan.family, price)
        for position, (name, probability) in enumerate(self.plan.stages, start=1):
            self.stage_ids.append(self.ids.next(tables.STAGE))
            yield tables.STAGE, (self.stage_ids[-1], self.vendor_id, name, position, probability)
        yield from self._exchange_rates()

    def _tier(self, rank: int, plan: TierPlan) -> Iterator[Row]:
        tier_id, vendor_id = self.ids.next(tables.TIER), self.vendor_id
        self.tier_ids.append(tier_id)
        terms = plan.protection_days, plan.discount, plan.mdf_accrual, rank
        yield tables.TIER, (tier_id, vendor_id, plan.name, rank, *terms)
        for position, text in enumerate(plan.benefits):
            yield tables.BENEFIT, (vendor_id, tier_id, text, position)
        if rank > 1:
            yield tables.REQUIREMENT, (vendor_id, tier_id, "bookings", plan.bookings // 2)
            yield tables.REQUIREMENT, (vendor_id, tier_id, "win_rate", plan.win_rate - 25)
        for key, floor, target in self._targets(plan):
            yield tables.TARGET, (vendor_id, key, tier_id, floor, target, metric(key).weight)

    def _targets(self, plan: TierPlan) -> Iterator[tuple[str, int, int]]:
        """(metric, floor, target) in display units: what one may expect of a partner of the tier."""
        yield "bookings", 0, plan.bookings
        yield "win_rate", 15, plan.win_rate
        yield "open_pipeline", 0, plan.bookings // 2
        yield "weighted_pipeline", 0, plan.bookings // 4
        yield "pipeline_velocity", 0, plan.bookings // 150
        yield "deal_size", 0, self.plan.deal_size
        yield "registrations", 0, plan.registrations
        yield "sales_cycle", 2 * self.plan.cycle_days, self.plan.cycle_days * 3 // 4

    def _exchange_rates(self) -> Iterator[Row]:
        """One rate per currency and month, wandering about its level."""
        for currency, (level, _) in self.plan.currencies.items():
            rate = level
            for day in self.clock.days:
                if day.day != 1 and day != self.clock.days[0]:
                    continue
                rate = max(0.85 * level, min(1.15 * level, rate * self.random.uniform(0.985, 1.015)))
                self.rates[currency, f"{day:%Y-%m}"] = round(rate, 6)
                yield tables.RATE, (self.vendor_id, currency, day, round(rate, 6))

    # The vendor's people ----------------------------------------------------------------------------

    @property
    def key_account_manager(self) -> Person:
        """Manages the largest partners by direct grants, whatever their region."""
        return self.staff[2]

    def _staff(self) -> Iterator[Row]:
        for role in (Role.PROGRAM_ADMIN, Role.EXECUTIVE, Role.CHANNEL_MANAGER):
            yield from self.person_rows(self._new_colleague(role))
        for plan in self.plan.regions:
            yield from self._region(plan)

    def _new_colleague(self, role: Role) -> Person:
        country = COUNTRIES[self.plan.staff_country]
        person = self.new_person(country, f"{self.plan.slug}.example", role, since=-365)
        self.staff.append(person)
        return person

    def _region(self, plan: RegionPlan) -> Iterator[Row]:
        """A region and the channel manager who looks after its partners through the region's group."""
        region_id, group_id = self.ids.next(tables.REGION), self.ids.next(tables.GROUP)
        manager = self._new_colleague(Role.CHANNEL_MANAGER)
        self.regions.append(Region(region_id, plan, manager))
        yield from self.person_rows(manager)
        yield tables.GROUP, (group_id, f"region of {self.plan.slug} {plan.code}")
        yield tables.REGION, (region_id, self.vendor_id, plan.name, plan.code, group_id)
        yield tables.REGION_GRANT, (self.ids.manage_region, group_id, region_id)
        yield tables.USER_GROUP, (manager.user_id, group_id)
