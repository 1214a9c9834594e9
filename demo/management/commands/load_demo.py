"""Demo vendors and a login for every role; idempotent, so that `make demo` can resume."""

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import vendors
from demo.simulation.load import settle
from demo.simulation.names import Unique
from demo.simulation.progress_bar import Bar
from demo.vendors import Login


class Command(BaseCommand):
    help = "Load three demo vendors and print a login for every role. Only with DEMO=1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", default=settings.BASE_URL, help=f"default: {settings.BASE_URL}")
        parser.add_argument("--reset", action="store_true", help="empty the whole database first")

    def handle(self, *, base_url: str, reset: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo vendors come with published passwords; they need DEMO=1.")
        if reset:
            call_command("flush", database="owner", interactive=False, verbosity=0)
        self.report_existing()
        self.load_missing()
        for vendor in vendors.vendors():
            vendors.work(vendor)
        self.score()
        self.print_logins(vendors.make_logins(base_url))

    def report_existing(self) -> None:
        for vendor in vendors.vendors():
            self.stdout.write(f"{vendor.name} is there; its data end on {vendors.last_day(vendor):%d %b %Y}.")

    def load_missing(self) -> None:
        domains, missing = Unique(), vendors.missing()
        for plan in missing:
            size, started = vendors.size_of(plan), time.monotonic()
            with Bar(f"Making up {plan.name}", size, self.stdout) as bar:
                vendors.load(plan, domains, bar.add)
            self.stdout.write(
                f"{plan.name}: {size.partners} partners, {size.deals:,} deals and {size.events:,} events "
                f"until yesterday, {time.monotonic() - started:.1f} s"
            )
        if missing:
            settle()

    def score(self) -> None:
        started = time.monotonic()
        runs = sum(vendors.score(vendor) for vendor in vendors.vendors())
        self.stdout.write(f"Scorecards of {runs} vendor days are there, {time.monotonic() - started:.1f} s")

    def print_logins(self, logins: list[Login]) -> None:
        """By vendor; the password is the same for all."""
        self.stdout.write(f"\nEverybody's password: {logins[0].password}")
        vendor = ""
        for login in logins:
            if login.vendor != vendor:
                vendor = login.vendor
                self.stdout.write(f"\n{login.url}")
            where = f" of {login.partner}" if login.partner else ""
            role = login.role.replace("_", " ")
            self.stdout.write(f"  {login.email:<52} {role}{where}")
