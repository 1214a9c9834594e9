"""`python -m tests.dump_pages --out DIR`: every page the demo offers to every role, as normalised HTML.

For moving code without fear: dump before and after, then `--compare BEFORE AFTER`. Rows, words and numbers of
SQL statements should be the same. Works on the demo's database (PORTAL_VAR names another `var/`), whether
the demo is running or not; stop it, or its worker may change something between two dumps.

Nothing is written: every page is asked for in a transaction that is rolled back. The clock stands still at
the moment kept in DIR/index.json; `--like BEFORE` asks for the very pages of an earlier dump at its moment.
"""

import argparse
import difflib
import hashlib
import json
import os
import re
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from tests.support.clocks import stopped_at

Login = dict[str, Any]
#: Of addresses that differ only in values this many are looked at, and of one route this many in all:
#: filters and orders of a list make thousands.
PER_KIND, PER_ROUTE = 2, 6
#: Leaving, and what is no page: files are handed out and lists exported with an event.
LEFT_OUT = re.compile(r"logout|/switch/|/open/|jsi18n|/static/|brand\.css|export|\.csv|template/|/rejected/")
LINK = re.compile(r"""\b(?:href|hx-get)=["']([^"'#]+)""")
FIRST_ROW = re.compile(r"""<tbody.*?<th\b[^>]*>.*?<a\b[^>]*\bhref=["']([^"']+)""", re.DOTALL)
#: What is different each time and says nothing.
CHANGING = [
    (re.compile(r"""(?<=name="csrfmiddlewaretoken" value=")[^"]*"""), "CSRF"),
    (re.compile(r"\b[A-Za-z0-9]{64}\b"), "CSRF"),
    (re.compile(r"""(?<=nonce=")[^"]*"""), "NONCE"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"(/static/[\w./-]+?)\.[0-9a-f]{12}(?=\.\w+)"), r"\1"),
    (re.compile(r"\b[\w-]{8,}:[\w-]{6}:[\w-]{43}\b"), "SIGNED"),
]


@dataclass(frozen=True, slots=True)
class Dumped:
    """One page of one person: its file, address (within the vendor), HTTP status and SQL statements."""

    file: str
    vendor: str
    role: str
    path: str
    status: int
    statements: int


@dataclass(slots=True)
class Dump:
    """A folder of pages under construction; `moment` is what the clock says all the while."""

    folder: Path
    moment: datetime
    like: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    pages: list[Dumped] = field(default_factory=list)

    def keep(self, file: str, text: str) -> None:
        target = self.folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + "\n")

    def finish(self) -> None:
        rows = [asdict(page) for page in self.pages]
        self.keep("index.json", json.dumps({"moment": self.moment.isoformat(), "pages": rows}, indent=1))


def main() -> int:
    asked = _arguments()
    if asked.compare:
        return compare(*map(Path, asked.compare))
    if os.environ.get("PYTHONHASHSEED") != "0":  # Django's admin lists what is in a set
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.dump_pages", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    _set_up()
    dump(Path(asked.out), like=Path(asked.like) if asked.like else None, vendor=asked.vendor)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", metavar="DIR", help="where the pages go")
    what.add_argument(
        "--compare", nargs=2, metavar=("BEFORE", "AFTER"), help="print the differences of two dumps"
    )
    parser.add_argument("--like", metavar="BEFORE", help="the pages and the moment of this dump")
    parser.add_argument("--vendor", help="only this vendor's logins")
    return parser.parse_args()


def _set_up() -> None:
    """Django over the demo's database, as the tests have it: no hashed static files, vendors kept."""
    from manage import DEMO_ENVIRONMENT
    from portal import embedded

    for name, value in {**DEMO_ENVIRONMENT, "DJANGO_SETTINGS_MODULE": "portal.settings"}.items():
        os.environ.setdefault(name, value)
    embedded.join()
    import django
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment(debug=False)


def dump(folder: Path, *, like: Path | None, vendor: str | None) -> None:
    from django.db import transaction

    from portal.tenancy import vendors as tenancy_vendors

    tenancy_vendors.KEPT_SECONDS = 3_600
    before = json.loads((like / "index.json").read_text()) if like else None
    making = Dump(folder, datetime.fromisoformat(before["moment"]) if before else datetime.now(UTC))
    for page in before["pages"] if before else []:
        making.like.setdefault((page["vendor"], page["role"]), []).append(page["path"])
    logins = [login for login in _logins() if vendor in (None, login["vendor"])]
    with stopped_at(making.moment), transaction.atomic():
        _warm_up()
        _dump_scores(making, sorted({login["vendor"] for login in logins}))
        for login in logins:
            _dump_login(making, login)
        transaction.set_rollback(True)
    making.finish()


def _logins() -> list[Login]:
    """The first login of each vendor and role."""
    from django.conf import settings

    found = json.loads((settings.VAR_DIR / "demo.json").read_text())["logins"]
    first: dict[tuple[str, str], Login] = {}
    for login in found:
        first.setdefault((login["vendor"], login["role"]), login)
    return list(first.values())


def _warm_up() -> None:
    """What a process reads once must not count for the page that happens to come first."""
    from django.apps import apps
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects.get_for_models(*apps.get_models())


def _dump_scores(making: Dump, vendors: list[str]) -> None:
    from django.core.management import call_command

    for vendor in vendors:
        said = StringIO()
        with _undone():
            call_command("score", vendor=vendor, json=True, stdout=said)
        making.keep(f"{vendor}/score.json", said.getvalue().strip())


def _dump_login(making: Dump, login: Login) -> None:
    browser = Browser(login)
    known = making.like.get((login["vendor"], login["role"]))
    if known is None and making.like:
        return
    found = ((path, browser.get(path)) for path in known) if known is not None else crawl(browser)
    before = len(making.pages)
    for path, answer in found:
        file = f"{login['vendor']}/{login['role']}/{file_name(path)}"
        making.keep(file, f"<!-- {answer.status} {path} -->\n{normalised(answer.text)}")
        making.pages.append(
            Dumped(file, login["vendor"], login["role"], path, answer.status, answer.statements)
        )
    print(login["vendor"], login["role"], len(making.pages) - before, "pages", flush=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_page` is False for files and the like."""

    status: int
    text: str
    statements: int
    is_page: bool


class Browser:
    """A signed-in person; what a page writes is undone at once."""

    def __init__(self, login: Login) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client

        self.login = login
        self.root = f"/v/{login['vendor']}/"
        self.client = Client(raise_request_exception=False)
        user = get_user_model().objects.get(email=login["email"])
        self.client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        self._be_known()
        self.get("")  # reads what is read once: the vendor and its hosts

    def _be_known(self) -> None:
        """As after the first page: the sign-in is recorded. Its event would have another number each time."""
        from portal.tenancy.models import Vendor

        session = self.client.session
        session["recorded_once"] = [f"portal.login:{Vendor.objects.get(slug=self.login['vendor']).pk}"]
        session.save()

    def get(self, path: str) -> Answer:
        from django.db import connection
        from django.urls import set_script_prefix

        statements = Statements()
        with _undone(), connection.execute_wrapper(statements):
            response = self.client.get(self.root + path)
            is_page = not response.streaming and "html" in response.headers.get("Content-Type", "")
            text = response.content.decode() if is_page else ""
        set_script_prefix("/")
        self.client.cookies.pop("messages", None)  # what one page says must not stand on the next
        if "Location" in response.headers:
            text = f'<a href="{response.headers["Location"]}">moved</a>'
        return Answer(response.status_code, text, statements.count, is_page)


class Statements:
    """Counts what asks or tells something; the savepoints are only there because of the dump."""

    NOISE = ("SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT set_config")

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += not sql.startswith(self.NOISE)
        return execute(sql, params, many, context)


def crawl(browser: Browser) -> Iterator[tuple[str, Answer]]:
    """The pages that are photographed (tests/shots.py), then what they link to, some of each kind."""
    waiting = deque(_listed(browser))
    seen: set[str] = set(waiting)
    looked_at: Counter[str] = Counter()
    while waiting:
        path = waiting.popleft()
        answer = browser.get(path)
        if not answer.is_page:
            continue
        yield path, answer
        for link in links(answer.text, browser.root + path, browser.root):
            pattern, names = route(link)
            kind = f"{pattern}?{names}"
            if link not in seen and looked_at[pattern] < PER_ROUTE and looked_at[kind] < PER_KIND:
                seen.add(link)
                looked_at.update([pattern, kind])
                waiting.append(link)


def _listed(browser: Browser) -> list[str]:
    from tests.shots import A_LEAD, PAGES, PARTNER_ROLES

    login = browser.login
    partner = login["partner"] or _first_row(browser, "portfolio/?sort=-bookings").rstrip("/").split("/")[-1]
    others = [slug for slug in login["sees"] if slug != partner] if isinstance(login["sees"], list) else []
    places = {
        "partner": partner,
        "sub": others[0] if others else partner,
        "deal": _first_row(browser, "deals/"),
        "lead": _first_row(browser, A_LEAD[login["role"] in PARTNER_ROLES]),
    }
    return list(
        dict.fromkeys(path.format(**places) for path in PAGES.get(login["role"], {"home": ""}).values())
    )


def _first_row(browser: Browser, path: str) -> str:
    """The path of the first row of a list; that of the list where it has none."""
    row = FIRST_ROW.search(browser.get(path).text)
    return unescape(row[1]).removeprefix(browser.root) if row else path


def links(text: str, here: str, root: str) -> Iterator[str]:
    """Paths within the vendor, in the order of the page."""
    for address in LINK.findall(text):
        target = urlsplit(urljoin(here, unescape(address)))
        if target.netloc or not target.path.startswith(root) or LEFT_OUT.search(target.path):
            continue
        query = f"?{target.query}" if target.query else ""
        yield target.path.removeprefix(root) + query


def route(path: str) -> tuple[str, str]:
    """What addresses of one kind of page have in common: the URL pattern and the names of the parameters."""
    from django.urls import Resolver404, resolve

    target = urlsplit(path)
    names = ",".join(sorted({name for name, _ in parse_qsl(target.query, keep_blank_values=True)}))
    try:
        return resolve("/" + target.path).route, names
    except Resolver404:
        return "nowhere", names


def file_name(path: str) -> str:
    readable = re.sub(r"[^\w.=-]+", "~", path).strip("~") or "home"
    if len(readable) > 100:
        readable = f"{readable[:80]}~{hashlib.sha256(path.encode()).hexdigest()[:12]}"
    return f"{readable}.html"


def normalised(text: str) -> str:
    """One tag or text a line, without what is different each time."""
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    lines = re.sub(r"(<[^>]*>)", r"\n\1\n", text).splitlines()
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _undone() -> Any:
    from contextlib import contextmanager

    from django.db import transaction

    @contextmanager
    def undone() -> Iterator[None]:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    return undone()


def compare(before: Path, after: Path) -> int:
    """Print what differs, each difference once with the pages that have it; 1 when there is any."""
    old, new = _files(before), _files(after)
    for name in sorted(old - new):
        print(f"only in {before}: {name}")
    for name in sorted(new - old):
        print(f"only in {after}: {name}")
    changes: dict[str, list[str]] = defaultdict(list)
    for name in sorted(old & new):
        change = _difference(before / name, after / name)
        if change:
            changes[change].append(name)
    counted = _statement_changes(before, after)
    for change, names in sorted(changes.items(), key=lambda item: -len(item[1])):
        print(f"\n== {len(names)} x: {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}\n{change}")
    for line in counted:
        print(line)
    differing = sum(map(len, changes.values()))
    print(f"\n{len(old & new)} pages compared, {differing} differ, {len(old ^ new)} in one dump only,",
          f"{len(counted)} with another number of statements")  # fmt: skip
    return int(bool(differing or counted or old ^ new))


def _files(folder: Path) -> set[str]:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.is_file()}
    if not found:
        sys.exit(f"There is no dump in {folder}.")
    return found - {"index.json"}


def _difference(before: Path, after: Path) -> str:
    old, new = (path.read_text().splitlines() for path in (before, after))
    if old == new:
        return ""
    lines = list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    return "\n".join(line if not line.startswith("@@") else "@@" for line in lines)


def _statement_changes(before: Path, after: Path) -> list[str]:
    counts = [
        {
            page["file"]: page["statements"]
            for page in json.loads((folder / "index.json").read_text())["pages"]
        }
        for folder in (before, after)
    ]
    return [
        f"{file}: {counts[0][file]} -> {counts[1][file]} statements"
        for file in sorted(counts[0].keys() & counts[1].keys())
        if counts[0][file] != counts[1][file]
    ]


if __name__ == "__main__":
    sys.exit(main())
