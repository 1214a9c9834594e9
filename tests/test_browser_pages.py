"""Every page as every role in a real browser: readable for everybody, nothing too wide, nothing refused.

The role a page is made for sees it wide and light, then narrow and dark; every other role that has the page
sees it once, wide and dark or narrow and light, by turns. The whole cross product would tell no more: what
roles see differently are words and buttons, not the styles.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.utils import timezone

from deals.conflicts.claims import claims_beside
from deals.disputes import services as disputes_services
from deals.outcome import services as outcome_services
from portal.people.services import first_admin_invite
from portal.sealed_ids import sealed
from scorecards import services as scorecards
from tests.support import deals, leads
from tests.support.answers import wait_for_answers
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

WIDE, NARROW = 1280, 390
BOTH = [(WIDE, "light"), (NARROW, "dark")]
ONE_OF = [(WIDE, "dark"), (NARROW, "light")]
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
}
TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"
#: Colours that are still on their way would be measured as they are in between.
SETTLED = "Promise.all(document.getAnimations().map(one => one.finished))"
#: A page that answers 4xx on purpose says so in the console; every other message is a defect.
EXPECTED = "Failed to load resource: the server responded with a status of 4"

Step = Callable[[Any], None]


def _searched(words: str) -> Step:
    """Types into the filter, waits until HTMX has put the new list in the place of the old."""

    def search(page: Any) -> None:
        field = page.locator("main form.tools input[name=q]")
        with page.expect_response(lambda answer: f"q={words}" in answer.url):
            field.fill(words)
            field.press("Enter")
        page.wait_for_load_state("networkidle")

    return search


def _unfolded(page: Any) -> None:
    page.eval_on_selector_all("main details", "all => all.forEach(one => { one.open = true; })")


def _sent_empty(page: Any) -> None:
    page.get_by_role("button", name="Submit for approval").click()
    page.locator(".sumerr").wait_for()


STAFF = {
    "home": "",
    "portfolio": "portfolio/",
    "portfolio without a hit": "portfolio/?q=zzzz",
    "effect of training": "training-effect/",
    "partners": "partners/",
    "partner": "partners/beta/",
    "timeline": "partners/beta/timeline/",
    "deals of a partner": "partners/beta/deals/",
    "people of a partner": "partners/beta/people/",
    "sub-partners": "partners/alpha/sub-partners/",
    "scorecard": "partners/beta/scorecard/",
    "scorecard of a day": "partners/beta/scorecard/?as_of=1999-01-01",
    "rows of a metric": "partners/beta/scorecard/win_rate/",
    "deals": "deals/",
    "inbox": "deals/inbox/",
    "pending deal": "deals/{pending}/",
    "approved deal": "deals/{approved}/",
    "won deal": "deals/{won}/",
    "requests": "deals/inbox/requests/",
    "special price": "deals/{approved}/price/",
    "shared credit": "deals/{approved}/credit/",
    "proof of sale": "deals/{won}/proof/",
    "shared deals": "deals/shared/",
    "conflict cases": "deals/cases/",
    "conflict case": "deals/cases/{case}/",
    "leads": "leads/",
    "free lead": "leads/{free}/",
    "offered lead": "leads/{offered}/",
    "notifications": "notifications/",
}
DECIDER = {
    "edit a partner": "partners/beta/edit/",
    "claims": "deals/{pending}/claims/",
    "enter a lead": "leads/enter/",
}
PARTNER = {
    "home": "",
    "scorecard": "scorecard/",
    "rows of a metric": "partners/beta/scorecard/win_rate/",
    "deals": "deals/",
    "register": "deals/register/",
    "register with errors": "deals/register/?wrong",
    "draft": "deals/{draft}/edit/",
    "pending deal": "deals/{pending}/",
    "approved deal": "deals/{approved}/",
    "won deal": "deals/{won}/",
    "contested deal": "deals/{contested}/",
    "change": "deals/{approved}/change/",
    "special price": "deals/{approved}/price/",
    "shared credit": "deals/{approved}/credit/",
    "proof of sale": "deals/{won}/proof/",
    "shared deals": "deals/shared/",
    "register many": "deals/register/many/",
    "leads": "leads/",
    "offered lead": "leads/{offered}/",
    "accepted lead": "leads/{accepted}/",
    "notifications": "notifications/",
    "notification preferences": "notifications/preferences/",
    "people": "partners/people/",
    "not there": "partners/no-such-partner/",
    "not allowed": "partners/",
    "switch": "switch/",
}
#: What a distributor sees more: the partners below it.
DISTRIBUTOR = {
    "home": "",
    "scorecard": "scorecard/",
    "scorecard of a sub-partner": "partners/gamma/scorecard/",
    "rows of a metric": "partners/gamma/scorecard/win_rate/",
    "deals": "deals/",
    "register": "deals/register/",
    "people": "partners/people/",
    "sub-partner": "partners/gamma/",
}
ADMINISTRATION = {
    "administration": "admin/",
    "list of the administration": "admin/partners/partner/",
    "form of the administration": "admin/partners/tier/add/",
    "import": "admin/partners/partner/import/",
}
ACCOUNT = {
    "password": "accounts/password/change/",
    "two-factor": "accounts/2fa/",
    "set up two-factor": "accounts/2fa/totp/activate/",
    "sign out": "accounts/logout/",
}
ANONYMOUS = {
    "sign-in": "accounts/login/",
    "forgotten password": "accounts/password/reset/",
    "join": "join/{token}/",
    "closed invitation": "join/no-such-invitation/",
    "reset link that does not work": "accounts/password/reset/key/1-nothing/",
}
#: Per role: pages seen in two views, and pages seen in one.
ROLES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "manager": (STAFF | DECIDER, ACCOUNT),
    "partner_rep": (PARTNER | ACCOUNT, {}),
    "distributor_admin": ({"sub-partner": "partners/gamma/"}, DISTRIBUTOR),
    "executive": ({}, STAFF),
    "program_admin": (ADMINISTRATION, STAFF | DECIDER),
    "anonymous": (ANONYMOUS, {}),
}
#: What is done on a page before it is looked at once more.
STEPS: dict[str, Step] = {
    "portfolio": _searched("beta"),
    "deals": _searched("tiroler"),
    "pending deal": _unfolded,
    "approved deal": _unfolded,
    "contested deal": _unfolded,
    "conflict case": _unfolded,
    "free lead": _unfolded,
    "offered lead": _unfolded,
    "accepted lead": _unfolded,
    "special price": _unfolded,
    "shared credit": _unfolded,
    "proof of sale": _unfolded,
    "scorecard": _unfolded,
    "register with errors": _sent_empty,
}


@pytest.fixture
def places(world: VendorWorld) -> dict[str, str]:
    """Deals, leads and a conflict of beta, an invitation, last night's scorecards: what paths aim at."""
    rep, manager = world.people["partner_rep"], world.people["manager"]
    made: dict[str, Any] = {
        "draft": deals.draft(rep, world, customer_name="Murtal Transport"),
        "pending": deals.submitted(
            rep, world, customer_name="Ostwerk GmbH", customer_domain="ostwerk.example"
        ),
        "approved": deals.approved(world),
        "won": deals.approved(world, customer_name="Gailtal Holz", customer_domain="gailtal.example"),
    }
    deals.do(
        outcome_services.deal_win, manager, made["won"], amount=90_000_00, closed_on=timezone.localdate()
    )
    rivals = {"customer_name": "Mölltal Papier", "customer_domain": "moelltal.example"}
    deals.submitted(world.people["sub_rep"], world, **rivals)
    made["contested"] = deals.submitted(rep, world, **rivals)
    with acting_as(manager) as actor:
        claim = claims_beside(made["contested"])[0]
        case = disputes_services.case_open(actor=actor, deal=made["contested"], claim=claim)
    made["free"], made["offered"] = leads.lead(world), leads.offered(world)
    made["accepted"] = leads.accepted(world)
    token = first_admin_invite(vendor=world.vendor, email="new@example.com").rstrip("/").rsplit("/", 1)[1]
    yesterday = timezone.now().astimezone(world.vendor.zone).date() - timedelta(days=1)
    scorecards.nightly(vendor=world.vendor, as_of=yesterday)
    references = {name: row.reference for name, row in made.items()}
    return references | {"token": token, "case": sealed(case.pk)}


@dataclass
class Walk:
    """One person's window and what was wrong in it."""

    page: Any
    root: str
    wrong: list[str] = field(default_factory=list)
    where: str = ""

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.note(f"script: {error}"))

    def _heard(self, message: Any) -> None:
        is_axe = not message.location["url"]  # it hides things with inline styles, which the policy refuses
        if message.type == "error" and not is_axe and not message.text.startswith(EXPECTED):
            self.note(f"console: {message.text}")

    def note(self, problem: str) -> None:
        self.wrong.append(f"{self.where}: {problem}")

    def open(self, name: str, path: str, views: list[tuple[int, str]]) -> None:
        self.where = f"{name} ({path})"
        self._show(*views[0])
        answer = self.page.goto(self.root + path)
        assert answer.status < 500, self.where
        if self.page.locator("[hx-trigger*=load]").count():
            self.page.wait_for_load_state("networkidle")
        self._look(views)
        if name in STEPS:
            self.where += " after a step"
            STEPS[name](self.page)
            self._look(views)

    def _show(self, width: int, theme: str) -> None:
        self.page.set_viewport_size({"width": width, "height": 844})
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        self.page.evaluate(SETTLED)

    def _look(self, views: list[tuple[int, str]]) -> None:
        self.page.evaluate(AXE_SCRIPT)
        for width, theme in views:
            self._show(width, theme)
            wider = self.page.evaluate(TOO_WIDE)
            if wider > 0:
                self.note(f"{wider} px too wide at {width}")
            for rule in self.page.evaluate("options => axe.run(options)", AXE_OPTIONS)["violations"]:
                targets = [node["target"] for node in rule["nodes"][:3]]
                self.note(f"{rule['id']} at {width} {theme}: {targets}")


@pytest.fixture
def window(
    chromium: Any, live_server: Any, world: VendorWorld, client_as: Callable[..., Any]
) -> Iterator[Callable[[str], Walk]]:
    """`window("manager")` is that person's browser, signed in by the session's cookie."""
    contexts = []

    def open_for(name: str) -> Walk:
        context = chromium.new_context(viewport={"width": WIDE, "height": 844}, locale="en-GB")
        contexts.append(context)
        if name in world.people:
            session = client_as(world.people[name]).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
            )
        return Walk(context.new_page(), f"{live_server.url}/v/{world.vendor.slug}/")

    yield open_for
    for context in contexts:
        context.close()
    wait_for_answers()


@pytest.mark.parametrize("name", ROLES)
def test_pages_are_readable_and_fit(name: str, places: dict[str, str], window: Callable[[str], Walk]) -> None:
    walk, (fully, once) = window(name), ROLES[name]
    for label, path in fully.items():
        walk.open(label, path.format(**places), BOTH)
    for (label, path), view in zip(once.items(), cycle(ONE_OF), strict=False):
        walk.open(label, path.format(**places), [view])
    assert not walk.wrong, "\n".join(walk.wrong)
