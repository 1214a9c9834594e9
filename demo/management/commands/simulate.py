"""Simulated vendors of any size, to try the portal with as much as one expects of it."""

import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from demo.simulation.cast import Size
from demo.simulation.load import load_vendor, settle
from demo.simulation.plans import VENDORS, VendorPlan
from demo.simulation.progress_bar import Bar
from portal.tenancy.models import VENDOR_SLUG, Vendor

MOST_VENDORS = 100
MOST = Size(partners=10_000, deals=1_000_000, events=10_000_000)
LEAST_PARTNERS = 8  # of one vendor: its regions' distributors and a few more


class Command(BaseCommand):
    help = "Load simulated vendors, sized for all of them together; every vendor is new."

    def add_arguments(self, parser: CommandParser) -> None:
        for what, default in (("partners", 250), ("deals", 16_000), ("events", 375_000)):
            most = getattr(MOST, what)
            parser.add_argument(f"--{what}", type=int, default=default, help=f"{default:,}; at most {most:,}")
        parser.add_argument("--vendors", type=int, default=1, help="how many vendors share them (1)")
        parser.add_argument("--seed", default="1", help="the same seed and end give the same channel (1)")
        parser.add_argument("--end", type=date.fromisoformat, help="last simulated day (yesterday)")
        parser.add_argument("--slug", default="sim", help="of the vendors: SLUG, SLUG-2, SLUG-3 ... (sim)")

    def handle(
        self, *, partners: int, deals: int, events: int, vendors: int, seed: str, end: date | None, slug: str,
        **options: Any,
    ) -> None:  # fmt: skip
        total = Size(partners, deals, events)
        plans = _plans(slug, vendors)
        _check(total, plans)
        end = end or timezone.now().date() - timedelta(days=1)
        started = time.monotonic()
        for plan, size in zip(plans, _shared(total, vendors), strict=True):
            with Bar(plan.name, size, self.stderr) as bar:
                load_vendor(plan, size, seed=seed, end=end, progress=bar.add)
            self.stdout.write(f"{plan.name}: /v/{plan.slug}/, until {end}")
        settle()
        self.stdout.write(
            f"{partners:,} partners, {deals:,} deals, about {events:,} events in "
            f"{time.monotonic() - started:.1f} s"
        )


def _plans(slug: str, vendors: int) -> list[VendorPlan]:
    """The demo's vendors in turn under slugs of their own; people's addresses are made of these."""
    plans = []
    for number in range(1, vendors + 1):
        own = slug if number == 1 else f"{slug}-{number}"
        model = VENDORS[(number - 1) % len(VENDORS)]
        name = f"{model.name} ({own})"
        plans.append(replace(model, slug=own, name=name, mail_suffix=f"{own}.example"))
    return plans


def _shared(total: Size, vendors: int) -> list[Size]:
    parts = [_parts(number, vendors) for number in (total.partners, total.deals, total.events)]
    return [Size(*part) for part in zip(*parts, strict=True)]


def _parts(number: int, vendors: int) -> list[int]:
    """As equal as can be: 10 and 3 give 4, 3, 3."""
    return [number // vendors + (n < number % vendors) for n in range(vendors)]


def _check(total: Size, plans: list[VendorPlan]) -> None:
    if not 1 <= len(plans) <= MOST_VENDORS:
        raise CommandError(f"--vendors: 1 to {MOST_VENDORS}.")
    if not LEAST_PARTNERS * len(plans) <= total.partners <= MOST.partners:
        raise CommandError(f"--partners: {LEAST_PARTNERS} per vendor to {MOST.partners:,} in all.")
    if not 0 <= total.deals <= MOST.deals or not 0 <= total.events <= MOST.events:
        raise CommandError(f"--deals: at most {MOST.deals:,}; --events: at most {MOST.events:,}.")
    try:
        VENDOR_SLUG(plans[-1].slug)
    except ValidationError as error:
        raise CommandError(f"--slug: {error.message}") from error
    taken = Vendor.objects.filter(slug__in=[plan.slug for plan in plans]).values_list("slug", flat=True)
    if taken:
        raise CommandError(f"There is a vendor {', '.join(taken)} already; choose another --slug.")
