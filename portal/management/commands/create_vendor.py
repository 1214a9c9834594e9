from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from portal.people.services import first_admin_invite
from portal.tenancy.new_vendor import create_vendor


class Command(BaseCommand):
    help = "Create a vendor and invite its first program admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="path segment of its address, for example acme")
        parser.add_argument("name")
        parser.add_argument("--admin", required=True, metavar="EMAIL", help="its first program admin")
        parser.add_argument("--currency", default="EUR", help="ISO code (default: %(default)s)")
        parser.add_argument("--time-zone", default="UTC", help="IANA name (default: %(default)s)")

    def handle(self, *, slug: str, name: str, admin: str, currency: str, time_zone: str, **_: Any) -> None:
        try:
            validate_email(admin)
            vendor = create_vendor(slug=slug, name=name, currency=currency, time_zone=time_zone)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        link = first_admin_invite(vendor=vendor, email=admin)
        self.stdout.write(f"{vendor} is ready. An invitation is on its way to {admin}; the link is\n{link}")
