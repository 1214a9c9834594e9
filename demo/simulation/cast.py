"""Who and what takes part in a simulated channel."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from demo.simulation.names import Country
from demo.simulation.plans import RegionPlan
from demo.simulation.tables import Table
from partners.models import PartnerType
from portal.tenancy.roles import Role


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. The events are the deals' own, filled up with sign-ins."""

    partners: int
    deals: int
    events: int


@dataclass(slots=True)
class Ids:
    """Where the ids of each table start; permissions are the database's own."""

    first: dict[Table, int] = field(default_factory=dict)
    manage_partner: int = 0
    manage_region: int = 0
    _counters: dict[Table, Iterator[int]] = field(default_factory=dict)

    def next(self, table: Table) -> int:
        if table not in self._counters:
            self._counters[table] = count(self.first.get(table, 1))
        return next(self._counters[table])


@dataclass(slots=True, eq=False)
class Person:
    user_id: int
    membership_id: int
    given: str
    family: str
    email: str
    role: Role
    since: int  # day; negative: before the simulated time


@dataclass(slots=True, eq=False)
class Region:
    id: int
    plan: RegionPlan
    manager: Person


@dataclass(slots=True, eq=False)
class Product:
    id: int
    price: int  # minor units of the vendor's currency
    weight: int
    most: int


@dataclass(slots=True, eq=False)
class Customer:
    id: int
    name: str
    sector: str
    domain: str
    country: str
    contact_name: str
    contact_email: str
    free_from: int = 0  # moment at which no registration holds it any more


@dataclass(slots=True, eq=False)
class Partner:
    """A partner and what drives it. `skill` and `certified` raise the win rate, `skill` the sign-ins too."""

    id: int
    slug: str
    name: str
    type: PartnerType
    rank: int  # of its tier, 1 is the entry
    region: Region
    country: Country
    currency: str
    joined: int  # day; negative: before the simulated time
    capacity: float  # how much business it does, relative to the others
    skill: float  # 0 to 1
    certified: bool
    trend: float  # registrations at the end against those at the beginning
    protection_days: int
    parent: "Partner | None" = None
    quiet_from: int | None = None  # day from which nobody signs in any more
    people: list[Person] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)

    def is_quiet(self, day: int) -> bool:
        return day < self.joined or (self.quiet_from is not None and day >= self.quiet_from)

    def drive(self, progress: float) -> float:
        """0 to 1: how likely it registers `progress` (0 to 1) into the time, against its best day."""
        return (1 + (self.trend - 1) * progress) / max(1.0, self.trend)
