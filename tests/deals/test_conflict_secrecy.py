"""What the conflict check gives away: nothing but its verdict, not in words, not in bytes, not in time."""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.urls import URLPattern, reverse
from rapidfuzz import fuzz, process

from deals import urls
from deals.approvals import services
from deals.conflicts import candidates
from deals.conflicts.candidates import Typed, matches
from deals.conflicts.models import DirectAccount
from deals.customers.models import Customer
from deals.deal.models import Deal
from portal.tenancy.scope import entered, system_scope
from tests.support.deals import do, posted, submitted
from tests.support.pages import BUDGET, statements
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], PortalClient]
NAME, DOMAIN = "Tiroler Logistik AG", "tiroler-logistik.at"
CHECK = "/deals/register/check/"


def typed(world: VendorWorld, name: str = NAME, domain: str = DOMAIN) -> dict[str, str]:
    first, second = (str(product.pk) for product in world.products)
    return {
        "customer_name": name,
        "customer_domain": domain,
        "customer_country": "AT",
        "lines-0-product": first,
        "lines-1-product": second,
    }


# Who holds it -----------------------------------------------------------------------------------------


def pending(world: VendorWorld, **changes: Any) -> Deal:
    return submitted(world.people["sub_rep"], world, (0, 1), **changes)


def protected(world: VendorWorld, **changes: Any) -> Deal:
    return do(services.deal_approve, world.people["program_admin"], pending(world, **changes))


def returned(world: VendorWorld, **changes: Any) -> Deal:
    return do(services.deal_return, world.people["program_admin"], pending(world, **changes), reason="Why?")


def held_by_the_distributor(world: VendorWorld, **changes: Any) -> Deal:
    return submitted(world.people["distributor_rep"], world, (0, 1), **changes)


def sold_directly(world: VendorWorld, **changes: Any) -> None:
    name, domain = changes.get("customer_name", NAME), changes.get("customer_domain", DOMAIN)
    with acting_as(world.people["program_admin"]):
        key = Typed.of(name, domain, "AT")
        customer = Customer.objects.create(
            name=name, normalised_name=key.name, domain=key.domain, country="AT"
        )
        DirectAccount.objects.create(customer=customer, name=name, owner="Canary of direct sales")


HOLDERS = [pending, protected, returned, held_by_the_distributor, sold_directly]


@contextmanager
def undone() -> Iterator[None]:
    mark = transaction.savepoint()
    yield
    transaction.savepoint_rollback(mark)


def without_the_clock(page: str) -> str:
    return re.sub(r"Checked .*?, again", "Checked, again", page)


@pytest.mark.parametrize(("name", "domain"), [(NAME, DOMAIN), ("Tirloer Logistik", "")])
def test_the_answer_is_the_same_to_the_byte_whoever_holds_it(
    world: VendorWorld, client_as: SignIn, name: str, domain: str
) -> None:
    """Protected, pending, returned, by this partner or that one, or an account of the vendor."""
    client, answers = client_as(world.people["partner_rep"]), {}
    for holder in HOLDERS:
        with undone():
            holder(world)
            answer = client.get(CHECK, typed(world, name, domain))
            headers = {key: value for key, value in answer.headers.items() if key != "Content-Length"}
            answers[holder.__name__] = (without_the_clock(answer.content.decode()), headers)
    first = answers["pending"]
    assert "claimed" in first[0]
    assert [holder for holder, answer in answers.items() if answer != first] == []


@pytest.mark.parametrize("holder", HOLDERS)
def test_submitting_tells_no_more(
    world: VendorWorld, client_as: SignIn, holder: Callable[[VendorWorld], Any]
) -> None:
    client = client_as(world.people["partner_rep"])
    data = posted(world, submit="1")
    pages = []
    for hold in (pending, holder):
        with undone():
            hold(world)
            pages.append(client.post("/deals/register/", data, follow=True).content.decode())
    # References, times of day, CSRF tokens, keys of forms.
    unlike = re.compile(r"D-\w+|\d{1,2}:\d\d|\b\w{64}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
    first, second = (unlike.sub("", page) for page in pages)
    assert "Claimed" in first
    assert first == second


# Canaries ---------------------------------------------------------------------------------------------

CANARY = "Canary"


@pytest.fixture
def watched(world: VendorWorld) -> VendorWorld:
    """Whatever a holder has typed and the vendor knows carries the canary; then beta asks as well."""
    theirs = {
        "customer_name": f"{CANARY} Tiroler Logistik",
        "contact_name": f"{CANARY} contact",
        "use_case": f"{CANARY} use",
        "competitor": f"{CANARY} competitor",
        "notes": f"{CANARY} notes",
        "amount": 77_777_77,
    }
    for name in ("alpha", "gamma", "delta"):
        with acting_as(world.people["program_admin"]):
            partner = world.partners[name]
            partner.name = f"{CANARY} {name}"
            partner.save(update_fields=["name"])
    protected(world, **theirs)
    held_by_the_distributor(world, **{**theirs, "customer_name": f"{CANARY} Logistik"})
    with acting_as(world.people["program_admin"]):
        customer = Customer.objects.create(
            name=f"{CANARY} Alpen", normalised_name="alpen bau", domain="alpen.at", country="AT"
        )
        DirectAccount.objects.create(customer=customer, name=f"{CANARY} Alpen", owner=f"{CANARY} Jo")
    return world


def test_no_address_of_the_app_tells_a_partner_of_a_holder(watched: VendorWorld, client_as: SignIn) -> None:
    """The resolver is walked: every address, read as page and as fragment, with the own deal and theirs."""
    with acting_as(watched.people["program_admin"]):
        theirs = list(Deal.objects.values_list("reference", flat=True))
    mine = submitted(watched.people["partner_rep"], watched, customer_name="Mine", customer_domain=DOMAIN)
    client = client_as(watched.people["partner_rep"])
    asked = {**typed(watched), "all": "1"}
    seen = 0
    addresses = [(address, ()) for address in urls.urlpatterns if isinstance(address, URLPattern)]
    for pattern, above in [*addresses, *((address, ("reference",)) for address in urls.deal_urlpatterns)]:
        for reference in (mine.reference, *theirs):
            places = {
                "reference": reference,
                "slug": "beta",
                **dict.fromkeys(("key", "pk", "token", "file"), "1"),
            }
            names = (*above, *pattern.pattern.converters)
            path = reverse(f"deals:{pattern.name}", kwargs={name: places[name] for name in names})
            for headers in ({}, {"hx-request": "true"}):
                answer = client.get(path, asked, headers=headers)
                body = b"".join(answer) if answer.streaming else answer.content
                told = body.decode() + str(answer.headers)
                assert CANARY.lower() not in told.lower(), (path, headers)
                assert "77,777" not in told, path
                seen += answer.status_code == 200
    assert seen > 20


@pytest.mark.parametrize("button", ["submit", "draft", "check", "add_line"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"customer_name": "Alpen Bau", "customer_domain": "alpen.at"},
        {"amount": "nonsense"},
        {"customer_name": "Tirloer Logistik", "customer_domain": ""},
    ],
)
def test_no_answer_of_the_form_does(
    watched: VendorWorld, client_as: SignIn, button: str, changes: dict[str, str]
) -> None:
    client = client_as(watched.people["partner_rep"])
    data = {**posted(watched, **changes), button: "1"}
    answer = client.post("/deals/register/", data, follow=True)
    assert answer.status_code in (200, 422)
    assert CANARY not in answer.content.decode()


def test_the_canaries_can_sing(watched: VendorWorld, client_as: SignIn) -> None:
    """The negative control: who decides does see the holder, with the very words looked for above."""
    mine = submitted(watched.people["partner_rep"], watched, customer_name="Mine", customer_domain=DOMAIN)
    page = client_as(watched.people["manager"]).get(f"/deals/{mine.reference}/claims/").content.decode()
    assert f"{CANARY} gamma" in page
    assert f"{CANARY} alpha" in page


def test_mails_and_notices_to_the_partner_do_not_either(watched: VendorWorld) -> None:
    from portal.events.models import OutboxMessage

    mine = submitted(watched.people["partner_rep"], watched, customer_domain=DOMAIN)
    do(services.deal_reject, watched.people["program_admin"], mine, reason="Somebody was first.")
    beta = {watched.people[name].user.email for name in ("partner_rep", "partner_admin")}
    with acting_as(watched.people["program_admin"]):
        payloads = [message.payload for message in OutboxMessage.objects.all()]
        told = [str(payload) for payload in payloads if beta & set(str(payload).split("'"))]
    assert told
    assert not [text for text in told if CANARY in text]


# Time -------------------------------------------------------------------------------------------------

KNOWN, UNKNOWN = "Birkenfeld Tor", "Quixzorb Vash"


def make_customers(world: VendorWorld, count: int) -> None:
    """Two words of pronounceable letters each, in SQL: fifty thousand in a second or two."""
    word = "translate(substr(md5(({0} * n)::text), 1, {1}), '0123456789', 'aeiouaeiou')"
    name = f"{word.format(7, 7)} || ' ' || {word.format(13, 5)}"
    with entered(system_scope(world.vendor.pk)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "insert into deals_customer"
            " (vendor_id, name, normalised_name, domain, country, sector, created_at)"
            f" select %s, {name}, {name}, md5(n::text) || '.example', 'AT', '', now()"
            " from generate_series(1, %s) as n",
            [world.vendor.pk, count],
        )


def settle_customers() -> None:
    """What autovacuum does soon after a large import; it sees only what is committed."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("analyze deals_customer, deals_customerword")


@pytest.fixture
def crowded(world: VendorWorld) -> VendorWorld:
    make_customers(world, 4_000)
    with acting_as(world.people["program_admin"]):
        Customer.objects.create(
            name=KNOWN, normalised_name="birkenfeld tor", domain="birkenfeld.at", country="AT"
        )
    return world


CASES = {
    "claimed": (NAME, DOMAIN),
    "known and free": (KNOWN, "birkenfeld.at"),
    "unknown": (UNKNOWN, "quixzorb.at"),
}


def test_the_work_is_the_same_whatever_the_answer(
    crowded: VendorWorld, client_as: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many statements and, within a few in a hundred, as many names compared."""
    protected(crowded)
    compared: list[str] = []
    judge = candidates.likeness

    def counting(one: str, other: str, common: Any) -> float:
        compared.append(other)
        return judge(one, other, common)

    monkeypatch.setattr(candidates, "likeness", counting)
    client, work = client_as(crowded.people["partner_rep"]), {}
    client.get("/")
    for case, (name, domain) in CASES.items():
        compared.clear()
        work[case] = (statements(client, f"{CHECK}?{_query(crowded, name, domain)}"), len(compared))
    assert len({asked for asked, _ in work.values()}) == 1, work
    assert max(asked for asked, _ in work.values()) <= BUDGET
    counts = [names for _, names in work.values()]
    assert min(counts) > 100
    assert max(counts) < 1.15 * min(counts), work


def _query(world: VendorWorld, name: str, domain: str) -> str:
    return "&".join(f"{key}={value}" for key, value in typed(world, name, domain).items())


def test_the_times_of_clear_and_claimed_overlap(crowded: VendorWorld, client_as: SignIn) -> None:
    """Asked in turns; the middle half of each lies across the others' middle half."""
    protected(crowded)
    client = client_as(crowded.people["partner_rep"])
    times: dict[str, list[float]] = {case: [] for case in CASES}
    for _ in range(25):
        for case, (name, domain) in CASES.items():
            started = time.process_time()
            client.get(CHECK, typed(crowded, name, domain))
            times[case].append(time.process_time() - started)
    quartiles = {case: statistics.quantiles(taken[3:], n=4) for case, taken in times.items()}
    assert max(q[0] for q in quartiles.values()) < 1.1 * min(q[2] for q in quartiles.values()), quartiles


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_fifty_thousand_customers_take_hardly_longer_than_five_hundred(world: VendorWorld) -> None:
    """And a small part of what comparing all of them takes."""
    names = ["Tiroler Logistik", "Birkenfeld Tor", "Quixzorb Vash", "Aeiou Bcdef", "Nordlicht Werk"]
    make_customers(world, 500)
    settle_customers()
    few = _took(world, names)
    make_customers(world, 49_500)
    settle_customers()
    many = _took(world, names)
    started = time.perf_counter()
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        everybody = list(Customer.objects.values_list("pk", "normalised_name"))
    for name in names:
        process.extract(name, dict(everybody), scorer=fuzz.WRatio, score_cutoff=80, limit=None)
    naive = time.perf_counter() - started
    assert many < 4 * few, (few, many)
    assert many < naive / 2, (many, naive)


def _took(world: VendorWorld, names: list[str]) -> float:
    """Seconds for all of them, the better of two rounds."""
    rounds = []
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for _ in range(2):
            started = time.perf_counter()
            for name in names:
                matches([Typed.of(name, "", "AT")])
            rounds.append(time.perf_counter() - started)
    return min(rounds)
