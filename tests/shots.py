"""`python -m tests.shots`: photograph every page as every role, wide and narrow, light and dark.

Needs a running portal (`make demo`); its logins are in var/demo.json, the pictures go to var/shots/. With
`--axe` every page is also checked for accessibility. Nothing is asserted: the pictures are for looking at.
"""

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = {1280: 900, 390: 844}
THEMES = ("light", "dark")
VAR = Path(os.environ.get("PORTAL_VAR", Path(__file__).resolve().parent.parent / "var"))

STAFF = {
    "home": "",
    "portfolio": "portfolio/?sort=-booked",
    "portfolio-map": "portfolio/map/",
    "portfolio-empty": "portfolio/?q=zzzz",
    "training-effect": "training-effect/",
    "partners": "partners/",
    "partner": "partners/{partner}/",
    "partner-timeline": "partners/{partner}/timeline/",
    "scorecard": "partners/{partner}/scorecard/",
    "scorecard-past": "partners/{partner}/scorecard/?as_of=2026-03-15",
    "scorecard-future": "partners/{partner}/scorecard/?as_of=2999-01-01",
    "metric": "partners/{partner}/scorecard/win_rate/",
    "metric-weighted": "partners/{partner}/scorecard/weighted_pipeline/",
    "deals": "deals/",
    "deals-inbox": "deals/inbox/",
    "cases": "deals/cases/",
    "notifications": "notifications/",
    "deal": "{deal}",
    "leads": "leads/?all=1",
    "leads-free": "leads/?state=free",
    "leads-overdue": "leads/?state=overdue",
    "lead": "{lead}",
    "lead-enter": "leads/enter/",
    "partner-leads": "partners/{partner}/leads/",
}
PARTNER = {
    "home": "",
    "scorecard": "scorecard/",
    "metric": "partners/{partner}/scorecard/sales_cycle/",
    "deals": "deals/",
    "deal-register": "deals/register/",
    "notifications": "notifications/",
    "notification-preferences": "notifications/preferences/",
    "deal": "{deal}",
    "leads": "leads/?all=1",
    "lead": "{lead}",
    "people": "partners/people/",
    "missing": "partners/no-such-partner/",
}
#: A lead to be looked at: for the vendor one that needs a partner, for a partner one to answer.
A_LEAD = {False: "leads/?state=free", True: "leads/?state=open"}
PARTNER_ROLES = {"partner_rep", "partner_admin", "distributor_rep", "distributor_admin"}
DISTRIBUTOR = PARTNER | {"sub-scorecard": "partners/{sub}/scorecard/"}
ADMIN = STAFF | {"admin": "admin/", "admin-tiers": "admin/partners/tier/",
                 "admin-rules": "admin/deals/approvalrule/", "admin-rule": "admin/deals/approvalrule/add/",
                 "admin-hours": "admin/portal/workinghours/"}  # fmt: skip
PAGES = {
    "channel_manager": STAFF,
    "executive": STAFF,
    "program_admin": ADMIN,
    "partner_rep": PARTNER,
    "partner_admin": PARTNER,
    "distributor_rep": DISTRIBUTOR,
    "distributor_admin": DISTRIBUTOR,
}


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which page, how wide and in which light."""

    role: str
    page: str
    path: str
    width: int
    theme: str

    @property
    def name(self) -> str:
        return f"{self.role}/{self.page}-{self.width}-{self.theme}.png"


def main() -> None:
    asked = _arguments()
    logins = [login for login in _logins() if _wanted(login, asked)]
    (VAR / "shots").mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for login in logins:
            _photograph(browser, login, asked)
        browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vendor", help="slug; default: the first vendor of var/demo.json")
    parser.add_argument("--role", action="append", help="only this role (may be repeated)")
    parser.add_argument("--page", action="append", help="only this page (may be repeated)")
    parser.add_argument("--width", type=int, action="append", choices=list(WIDTHS), help="only this width")
    parser.add_argument("--theme", action="append", choices=THEMES, help="only this theme")
    parser.add_argument("--base-url", help="where the portal answers; default: as in var/demo.json")
    parser.add_argument("--axe", action="store_true", help="check accessibility too")
    return parser.parse_args()


def _logins() -> list[dict[str, Any]]:
    found = json.loads((VAR / "demo.json").read_text())
    return [login | {"base_url": found["base_url"]} for login in found["logins"]]


def _wanted(login: dict[str, Any], asked: argparse.Namespace) -> bool:
    vendor = asked.vendor or _logins()[0]["vendor"]
    return (
        login["vendor"] == vendor
        and login["role"] in PAGES
        and (not asked.role or login["role"] in asked.role)
        and login == next(one for one in _logins() if (one["vendor"], one["role"]) == (vendor, login["role"]))
    )


def _photograph(browser: Browser, login: dict[str, Any], asked: argparse.Namespace) -> None:
    root = login["url"].replace(login["base_url"], asked.base_url or login["base_url"])
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    try:
        _sign_in(context, root, login)
        places = _places(context, root, login)
        for shot in _shots(login["role"], places, asked):
            _take(context, root, shot, axe=asked.axe)
    finally:
        context.close()


def _sign_in(context: BrowserContext, root: str, login: dict[str, Any]) -> None:
    page = context.new_page()
    page.goto(f"{root}accounts/login/")
    page.fill("input[name=login]", login["email"])
    page.fill("input[name=password]", login["password"])
    page.click("main button[type=submit], form button[type=submit]")
    page.wait_for_url(root)
    page.close()


def _places(context: BrowserContext, root: str, login: dict[str, Any]) -> dict[str, str]:
    """The partner, sub-partner and deal whose pages are shown: those the person sees first."""
    page = context.new_page()
    a_lead = A_LEAD[login["role"] in PARTNER_ROLES]
    deal, lead = (_first(page, root, login, path) for path in ("deals/", a_lead))
    partner = login["partner"] or _first_partner(page, root)
    others = [slug for slug in login["sees"] if slug != partner] if isinstance(login["sees"], list) else []
    page.close()
    return {"partner": partner, "sub": others[0] if others else partner, "deal": deal, "lead": lead}


def _first(page: Page, root: str, login: dict[str, Any], path: str) -> str:
    """The path of the first row of a list; that of the list where it has none."""
    page.goto(root + path)
    row = page.locator("main tbody th a").first
    return (row.get_attribute("href") or "").split(f"/v/{login['vendor']}/")[-1] if row.count() else path


def _first_partner(page: Page, root: str) -> str:
    page.goto(f"{root}portfolio/?sort=-booked")
    href = page.locator("#portfolio tbody th a").first.get_attribute("href") or ""
    return href.rstrip("/").rsplit("/", 1)[-1]


def _shots(role: str, places: dict[str, str], asked: argparse.Namespace) -> Iterator[Shot]:
    pages = {name: path for name, path in PAGES[role].items() if not asked.page or name in asked.page}
    widths, themes = asked.width or WIDTHS, asked.theme or THEMES
    for (name, path), width, theme in product(pages.items(), widths, themes):
        yield Shot(role, name, path.format(**places), width, theme)


def _take(context: BrowserContext, root: str, shot: Shot, *, axe: bool) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": shot.width, "height": WIDTHS[shot.width]})
    page.emulate_media(color_scheme=shot.theme)  # type: ignore[arg-type]
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if _is_problem(message) else None)
    answer = page.goto(root + shot.path)
    page.wait_for_load_state("networkidle")
    target = VAR / "shots" / shot.name
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target, full_page=True)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    notes = [f"{too_wide} px too wide"] * (too_wide > 0) + problems + (_violations(page) if axe else [])
    print(answer.status if answer else "-", shot.name, *notes, sep="  ", flush=True)
    page.close()


def _is_problem(message: ConsoleMessage) -> bool:
    """A page that answers with 404 or 422 is meant to; the browser calls that an error too."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def _violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    return [
        f"axe {rule['id']}: {node['target']}"
        for rule in found.response["violations"]
        for node in rule["nodes"][:3]
    ]


if __name__ == "__main__":
    main()
