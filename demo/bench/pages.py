"""Which pages are measured, as whom, and against what: the floor page of the same person."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from deals.deal.models import Deal
from demo.bench import web
from demo.bench.timing import p50, p95
from partners.models import Partner
from portal.people.models import Membership, User
from portal.people.sessions import SessionStore
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope

CLIENTS = 16
FLOOR = "bench_floor"
WIDEST = "program admin"  # who sees most
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True, slots=True)
class Page:
    """A page as one person sees it. Each has a session of its own: lists remember how they were filtered."""

    name: str
    path: str
    person: str
    request: bytes
    of_dashboard: bool = False


@dataclass(slots=True)
class Timed:
    """What a page took, request by request."""

    page: Page
    answers: list[web.Answer] = field(default_factory=list)
    crowd: web.Crowd | None = None

    @property
    def ms(self) -> list[float]:
        return [answer.ms for answer in self.answers]


@dataclass(frozen=True, slots=True)
class Effort:
    """How thoroughly: rounds of single requests, then seconds of a crowd."""

    rounds: int = 60
    seconds: float = 4.0
    most: int = 3_000


def pages_of(vendor: Vendor) -> list[Page]:
    """The floor of every person first, then the pages."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        partner = Partner.objects.order_by("pk")[:1].get()
        # One that was sent: a draft is nobody's business but the partner's.
        deal = Deal.objects.filter(partner=partner, submitted_at__isnull=False).order_by("-pk")[:1].get()
        people = {
            WIDEST: _member(Role.PROGRAM_ADMIN),
            "channel manager": _member(Role.CHANNEL_MANAGER, groups__region=partner.region),
            "partner admin": _member(Role.PARTNER_ADMIN, seats__partner=partner),
        }
    every = WIDEST, "channel manager", "partner admin"
    asked = [
        (FLOOR, "/bench/floor/", every, False),
        ("home", "/", every, True),
        ("scorecards:portfolio", "/portfolio/", every[:2], True),
        ("partners:list", "/partners/", every[:2], False),
        ("partners:detail", f"/partners/{partner.slug}/", every, True),
        ("scorecards:detail", f"/partners/{partner.slug}/scorecard/", every, True),
        (
            "scorecards:metric_rows",
            f"/partners/{partner.slug}/scorecard/bookings/",
            every[:1],
            False,
        ),
        ("deals:list", "/deals/", every, False),
        ("deals:list?filtered", "/deals/?status=won&sort=-amount", every, False),
        ("deals:list?last", "/deals/?page=last", every, False),
        ("deals:inbox", "/deals/inbox/", every[:2], False),
        ("deals:detail", f"/deals/{deal.reference}/", every[1:], False),
    ]
    return [
        _page(vendor, name, path, person, people[person], of_dashboard)
        for name, path, persons, of_dashboard in asked
        for person in persons
    ]


def _member(role: Role, **where: Any) -> User:
    lookup = {f"user__{name}": value for name, value in where.items()}
    members = Membership.objects.filter(role=role, **lookup).select_related("user").order_by("pk")
    return members[:1].get().user


def _page(vendor: Vendor, name: str, path: str, person: str, user: User, of_dashboard: bool) -> Page:
    full = f"/v/{vendor.slug}{path}"
    return Page(name, full, person, web.request_bytes(full, _session(user)), of_dashboard)


def _session(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def measure(port: int, pages: list[Page], effort: Effort, say: Callable[[str], object]) -> list[Timed]:
    """Rounds through all pages with one client, so that a slow moment of the machine meets all alike."""
    timed = [Timed(page) for page in pages]
    say("warming up")
    for page in pages:
        web.crowd(port, page.request, clients=4, seconds=effort.seconds, most=12)
    say(f"{len(pages)} pages, one client")
    for _ in range(effort.rounds):
        for one in timed:
            one.answers.append(web.fetch(port, one.page.request))
    for one in timed:
        say(f"{CLIENTS} clients: {one.page.name}, {one.page.person}")
        one.crowd = web.crowd(
            port, one.page.request, clients=CLIENTS, seconds=effort.seconds, most=effort.most
        )
    return timed


def told(timed: list[Timed]) -> dict[str, dict[str, Any]]:
    """{"<url name>": figures}, with the person where it is not `WIDEST`; times are the server's own."""
    floors = {one.page.person: one for one in timed if one.page.name == FLOOR}
    return {_key(one.page): _told(one, floors[one.page.person]) for one in timed}


def _key(page: Page) -> str:
    return page.name if page.person == WIDEST else f"{page.name} ({page.person})"


def _told(one: Timed, floor: Timed) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "ms_p50": round(p50(one.ms), 2),
        "ms_p95": round(p95(one.ms), 2),
        "vs_floor": round(p50(one.ms) / p50(floor.ms), 2),
        # Now and then a process asks for the vendor again, which is no page's own statement.
        "sql": median_low(answer.sql for answer in one.answers),
        "html_kb_gz": round(one.answers[-1].kb_gz, 1),
    }
    if one.crowd and floor.crowd:
        figures[f"at_{CLIENTS}"] = {
            "ms_p50": round(p50(one.crowd.ms), 1),
            "ms_p95": round(p95(one.crowd.ms), 1),
            "per_second": round(one.crowd.per_second, 1),
            "share_of_floor": round(one.crowd.per_second / floor.crowd.per_second, 3),
        }
    return figures
