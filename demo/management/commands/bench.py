"""`make bench`: how fast the nightly recompute and the pages are, in a scratch database, as ratios."""

import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import psutil
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from demo.bench import pages, report, rls, web
from demo.bench.scratch import database_url, scratch_database, web_environment
from demo.simulation.cast import Size
from demo.simulation.load import load_vendor, settle
from demo.simulation.plans import NORTHWIND
from demo.simulation.progress_bar import Bar
from demo.vendors import yesterday
from portal.tenancy.models import Vendor
from scorecards import services

FULL = Size(partners=10_000, deals=1_000_000, events=10_000_000)
QUICK = Size(partners=300, deals=30_000, events=200_000)
SMALLER = 3  # the second vendor is this many times smaller: how does time grow with the data?
LEAST_PARTNERS = 60


class Command(BaseCommand):
    help = "Measure the nightly recompute, row security and the pages in a scratch database."

    def add_arguments(self, parser: CommandParser) -> None:
        for what in ("partners", "deals", "events"):
            full, quick = getattr(FULL, what), getattr(QUICK, what)
            parser.add_argument(f"--{what}", type=int, help=f"{full:,}, or {quick:,} with --quick")
        parser.add_argument("--quick", action="store_true", help="small data and few rounds: does it work?")
        parser.add_argument("--output", type=Path, default=settings.VAR_DIR / "bench.json")

    def handle(self, *, quick: bool, output: Path, **options: Any) -> None:
        size = _size(QUICK if quick else FULL, options)
        effort = pages.Effort(rounds=3, seconds=0.2, most=16) if quick else pages.Effort()
        day = yesterday(NORTHWIND)
        figures: dict[str, Any] = {"machine": _machine(), "scale": asdict(size)}
        with scratch_database():
            large, small = self.load(size, day)
            figures["recompute"] = self.recompute(large, small, day)
            figures["rls"] = rls.aggregates(large, day)
            self.give_a_past(large, day)
            self.pages(figures, large, effort)
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
        self.stdout.write("\n".join(report.lines(figures)))
        self.stdout.write(f"\nWritten to {output}")

    def load(self, size: Size, day: date) -> tuple[Vendor, Vendor]:
        """The measured vendor, and beside it one that is `SMALLER` times smaller."""
        smaller = Size(size.partners // SMALLER, size.deals // SMALLER, 0)
        vendors = []
        for slug, of_size in (("bench", size), ("bench-small", smaller)):
            plan = replace(NORTHWIND, slug=slug, name=slug, mail_suffix=f"{slug}.example")
            started = time.monotonic()
            with Bar(slug, of_size, self.stderr) as bar:
                channel = load_vendor(plan, of_size, seed="bench", end=day, progress=bar.add)
            self.say(f"loaded {slug}: {of_size.deals:,} deals in {time.monotonic() - started:.0f} s")
            vendors.append(Vendor.objects.get(pk=channel.vendor_id))
        settle()
        large, small = vendors
        return large, small

    def recompute(self, large: Vendor, small: Vendor, day: date) -> dict[str, Any]:
        try:
            from demo.bench import recompute
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The bench compares with {error.name}; install the dev requirements."
            ) from error
        figures = recompute.measure(large, day, self.say)
        ours, by_hand = recompute.growth(small, large, day)
        return {**figures, f"growth_{SMALLER}x": ours, f"sql_growth_{SMALLER}x": by_hand}

    def give_a_past(self, vendor: Vendor, day: date) -> None:
        """Scorecards of a week ago and of twelve month-ends: the pages show changes and trends."""
        self.say("scorecards of a week ago and of twelve month-ends")
        services.nightly(vendor=vendor, as_of=day - timedelta(days=7))
        services.backfill(vendor=vendor, until=day)
        services.score(vendor=vendor, as_of=day)  # once more, now that there is a week ago to differ from
        settle(*apps.get_app_config("scorecards").get_models())

    def pages(self, figures: dict[str, Any], vendor: Vendor, effort: pages.Effort) -> None:
        wanted = pages.pages_of(vendor)
        with web_environment() as environment:
            _collect_static(environment)
            with web.web_server(environment) as port:
                timed = pages.measure(port, wanted, effort, self.say)
                figures["pages"] = pages.told(timed)
                with web.web_server({**environment, "DATABASE_URL": database_url("owner")}) as plain:
                    share = rls.dashboard_share(port, plain, wanted, effort.rounds, self.say)
        figures["rls"]["dashboard_cpu_share"] = share

    def say(self, text: str) -> None:
        self.stderr.write(f"  {text}")


def _size(default: Size, options: dict[str, Any]) -> Size:
    chosen = {what: options[what] or getattr(default, what) for what in ("partners", "deals", "events")}
    if chosen["partners"] < LEAST_PARTNERS:
        raise CommandError(f"--partners: at least {LEAST_PARTNERS}, so that a {SMALLER}rd is a channel too.")
    return Size(**chosen)


def _machine() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        (postgres,) = cursor.fetchone()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "postgresql": postgres,
    }


def _processor() -> str:
    """The model's name where the system tells it."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in told.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _collect_static(environment: dict[str, str]) -> None:
    argv = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    subprocess.run(argv, cwd=settings.BASE_DIR, env=environment, check=True)
