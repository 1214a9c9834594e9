"""`manage.py score`: compute and keep the scorecards of a day, and print them."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from deals.metrics import Totals, totals
from partners.models import Partner
from portal.metrics.declarations import AsOf, Unit, metric
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from portal.ui.formatting import exponent
from scorecards import services
from scorecards.models import Scorecard


class Command(BaseCommand):
    help = (
        "Compute and keep the scorecards of a day and print them. Totals are over all deals closed up to the "
        "end of the day, however long ago; a metric's own window is part of its definition."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--vendor", required=True, metavar="SLUG")
        parser.add_argument("--as-of", type=_day, metavar="DATE", help="YYYY-MM-DD; default: yesterday")
        parser.add_argument("--partner", metavar="KEY", help="only the partner of this key")
        parser.add_argument("--json", action="store_true", help="print everything as JSON")
        parser.add_argument(
            "--backfill", type=_count, default=0, metavar="N", help="first the N month-ends before the day"
        )

    def handle(self, **options: Any) -> None:
        vendor = _vendor(options["vendor"])
        day = options["as_of"] or services.day_that_ended(vendor)
        if day > timezone.localdate(timezone=vendor.zone):
            raise CommandError(f"{day} has not come yet in {vendor.time_zone}.")
        partner = _partner(vendor, options["partner"]) if options["partner"] else None
        if options["backfill"]:
            services.backfill(vendor=vendor, month_ends=options["backfill"], until=day)
        services.score(vendor=vendor, as_of=day, partner_ids=[partner.pk] if partner else None)
        report = _report(vendor, day, partner)
        text = json.dumps(report, indent=1) if options["json"] else "\n".join(_lines(report, vendor))
        self.stdout.write(text)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 120:
        raise ValueError
    return count


_day.__name__, _count.__name__ = "date", "number"  # what argparse calls them in a complaint


def _vendor(slug: str) -> Vendor:
    vendor = Vendor.objects.filter(slug=slug).first()
    if vendor is None:
        raise CommandError(f"There is no vendor {slug!r}.")
    return vendor


def _partner(vendor: Vendor, key: str) -> Partner:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        partner = Partner.objects.filter(slug=key).first()
    if partner is None:
        raise CommandError(f"{vendor.name} has no partner {key!r}.")
    return partner


def _report(vendor: Vendor, day: date, partner: Partner | None) -> dict[str, Any]:
    """Amounts in major units, ratios as fractions, days as days."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        cards = Scorecard.objects.filter(as_of=day).select_related("partner", "yardstick")
        cards = cards.filter(partner=partner) if partner else cards
        return {
            "vendor": vendor.slug,
            "as_of": day.isoformat(),
            "computed_at": _latest(cards),
            "totals": _totals(totals(AsOf.of(vendor, day), [partner.pk] if partner else None), vendor),
            "partners": [_scorecard(card, vendor.currency) for card in cards.order_by("partner__slug")],
        }


def _latest(cards: Sequence[Scorecard] | Any) -> str | None:
    computed: list[datetime] = [card.computed_at for card in cards]
    return max(computed).isoformat() if computed else None


def _totals(of: Totals, vendor: Vendor) -> dict[str, Any]:
    return {
        "won": of.won,
        "lost": of.lost,
        "win_rate": _rounded(of.win_rate, 6),
        "won_amount": _major(of.won_amount, vendor.currency),
        "mean_won": _major(of.mean_won, vendor.currency),
        "mean_cycle_days": _rounded(of.mean_cycle, 3),
    }


def _scorecard(card: Scorecard, currency: str) -> dict[str, Any]:
    return {
        "key": card.partner.slug,
        "health": _rounded(card.health, 2),
        "coverage": _rounded(card.coverage, 2),
        "quadrants": {
            quadrant: {key: part[key] for key in ("score", "weight", "points", "possible")}
            for quadrant, part in card.quadrants.items()
        },
        "metrics": {key: _metric(key, result, currency) for key, result in card.results.items()},
    }


def _metric(key: str, result: Mapping[str, Any], currency: str) -> dict[str, Any]:
    declared = metric(key)
    beside = result["beside"] or {}
    return {
        "value": _in_unit(result["value"], declared.unit, currency),
        "numerator": _in_unit(result["numerator"], declared.parts, currency),
        "denominator": _in_unit(result["denominator"], declared.parts, currency),
        "beside": {
            name: _in_unit(figure, declared.beside[name], currency) for name, figure in beside.items()
        },
        **{name: result[name] for name in ("n", "score", "points", "possible", "version")},
    }


def _in_unit(figure: float | None, unit: Unit, currency: str) -> float | None:
    return _major(figure, currency) if unit in (Unit.MONEY, Unit.MONEY_PER_DAY) else figure


def _major(minor: Decimal | float | None, currency: str) -> float | None:
    if minor is None:
        return None
    return _rounded(Decimal(minor).scaleb(-exponent(currency)), max(2, exponent(currency)))


def _rounded(figure: Decimal | None, digits: int) -> float | None:
    return None if figure is None else float(round(figure, digits))


def _lines(report: Mapping[str, Any], vendor: Vendor) -> list[str]:
    """The same as a table to read."""
    of = report["totals"]
    head = f"{vendor.name} as of {report['as_of']}, amounts in {vendor.currency}"
    closed = (
        f"{of['won']:,} won, {of['lost']:,} lost, win rate {_shown(of['win_rate'], '.6f')}, "
        f"won amount {_shown(of['won_amount'], ',.2f')}, mean won {_shown(of['mean_won'], ',.2f')}, "
        f"mean cycle {_shown(of['mean_cycle_days'], '.3f')} days"
    )
    columns = f"{'partner':32}{'health':>8}{'coverage':>10}{'win rate':>10}{'bookings':>18}{'pipeline':>18}"
    return [head, closed, "", columns, *(_line(card) for card in report["partners"])]


def _line(card: Mapping[str, Any]) -> str:
    rate, booked, pipeline = (
        card["metrics"][key]["value"] for key in ("win_rate", "bookings", "open_pipeline")
    )
    return (
        f"{card['key'][:31]:32}{_shown(card['health'], '.2f'):>8}{card['coverage']:>10.2f}"
        f"{_shown(rate, '.4f'):>10}{_shown(booked, ',.2f'):>18}{_shown(pipeline, ',.2f'):>18}"
    )


def _shown(figure: float | None, shape: str) -> str:
    return "-" if figure is None else format(figure, shape)
