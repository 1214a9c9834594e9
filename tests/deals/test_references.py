"""References: unguessable, sayable, unique per vendor, and counting nothing; one's own or 404 when sent."""

import math
import re
from collections.abc import Callable, Collection
from typing import Any

import pytest
from django.db import transaction

from deals.deal.models import Deal
from deals.deal.references import references_take
from portal.references import ALPHABET, LENGTH, draw, meant, scattered
from portal.tenancy.scope import entered, system_scope
from tests.support import leads
from tests.support.deals import draft, submitted
from tests.support.factories import DealFactory
from tests.support.worlds import PortalClient, VendorWorld

SignIn = Callable[..., PortalClient]


def test_said_on_the_phone_nothing_is_mistaken() -> None:
    assert not set(ALPHABET) & set("AEIOUY01LSZBND")
    assert len(draw("D", 1, lambda _: ())[0]) == 2 + LENGTH


def test_what_is_taken_is_drawn_again() -> None:
    seen: list[str] = []

    def taken(candidates: Collection[str]) -> Collection[str]:
        fresh = [one for one in candidates if not seen]
        seen.extend(candidates)
        return fresh

    drawn = draw("D", 5, taken)
    assert len(set(drawn)) == 5
    assert len(seen) == 10
    assert not set(drawn) & set(seen[:5])


def test_generated_data_has_one_for_each_number() -> None:
    assert math.gcd(611_953_007, len(ALPHABET) ** LENGTH) == 1
    assert len({scattered("D", number) for number in range(100_000)}) == 100_000


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("D-4F7HQ2X", "D-4F7HQ2X"), ("d-4f7hq2x", "D-4F7HQ2X"), (" d 4f7 hq2x ", "D-4F7HQ2X"),
        ("4F7HQ2X", "D-4F7HQ2X"), ("D4F7HQ2X", "D-4F7HQ2X"), ("d-17", "D-000017"), ("D-000017", "D-000017"),
        ("CRWQXPM", ""), ("Tiroler", ""), ("", ""), ("D-", ""), ("L-4F7HQ2X", ""),
    ],
)  # fmt: skip
def test_what_people_type_is_understood(text: str, reference: str) -> None:
    assert meant("D", text) == reference


@pytest.mark.django_db
class TestDeals:
    def test_nobody_learns_how_many_there_are(self, world: VendorWorld, other_world: VendorWorld) -> None:
        made = [draft(world.people[name], world).reference for name in ("partner_rep", "sub_rep") * 3]
        made.append(draft(other_world.people["partner_rep"], other_world).reference)
        assert len(set(made)) == 7
        assert all(meant("D", one) == one for one in made)
        assert made != sorted(made)  # 1 in 5,040 by chance

    def test_thousands_in_one_statement_each(
        self, world: VendorWorld, django_assert_max_num_queries: Any
    ) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic(), django_assert_max_num_queries(6):
            assert len(set(references_take(3_000))) == 3_000

    def test_it_is_found_however_it_was_heard(self, world: VendorWorld, client_as: SignIn) -> None:
        with entered(system_scope(world.vendor.pk)):
            DealFactory(partner=world.partners["beta"], reference="D-4F7HQ2X", submitted=True)
            DealFactory(partner=world.partners["beta"], reference="D-000017", submitted=True)
        manager = client_as(world.people["manager"])
        for text in ("D-4F7HQ2X", "4f7 hq2x", "d-17"):
            assert "1 deal found" in " ".join(manager.get("/deals/", {"q": text}).text.split())


#: Where a person names a deal or a lead beside the address itself.
QUESTION = {"customer_name": "Tiroler Logistik AG", "customer_domain": "", "customer_country": "AT"}


@pytest.mark.django_db
class TestOwnOrNotFound:
    def rivals(self, world: VendorWorld) -> Deal:
        return submitted(world.people["distributor_rep"], world)

    @pytest.mark.parametrize("address", ["/deals/register/check/", "/deals/register/duplicates/"])
    def test_a_rivals_reference_is_refused(self, address: str, world: VendorWorld, client_as: SignIn) -> None:
        """It took the rival's registration out of the check, and so told who holds the claim."""
        rival, rep = self.rivals(world), client_as(world.people["partner_rep"])
        question = {**QUESTION, "lines-0-product": world.products[0].pk}
        own = draft(world.people["partner_rep"], world)
        assert rep.get(address, question).status_code == 200
        assert rep.get(address, {**question, "deal": own.reference}).status_code == 200
        for foreign in (rival.reference, "D-2222222", rival.reference + "\0", "x" * 300):
            assert rep.get(address, {**question, "deal": foreign}).status_code == 404

    def test_without_scripts_too(self, world: VendorWorld, client_as: SignIn) -> None:
        rival, rep = self.rivals(world), client_as(world.people["partner_rep"])
        form = {**QUESTION, "lines-TOTAL_FORMS": 1, "lines-0-product": world.products[0].pk, "check": "1"}
        assert rep.post("/deals/register/", form).status_code == 200
        assert rep.post("/deals/register/", {**form, "deal": rival.reference}).status_code == 404

    def test_a_distributors_sub_partner_is_not_its_own(self, world: VendorWorld, client_as: SignIn) -> None:
        below = submitted(world.people["sub_rep"], world)
        question = {**QUESTION, "lines-0-product": world.products[0].pk, "deal": below.reference}
        distributor = client_as(world.people["distributor_rep"])
        assert distributor.get("/deals/register/check/", question).status_code == 404

    def test_ticked_rows_of_others_are_as_if_they_were_not(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        deal, lead = self.rivals(world), leads.lead(world)
        other = client_as(world.people["other_manager"])
        for address, reference in (("/deals/inbox/", deal.reference), ("/leads/offer/", lead.reference)):
            answers = [
                re.sub(r"csrf\w+|value=\"[\w-]{60,}\"", "", other.post(address, sent, follow=True).text)
                for sent in ({"reference": reference}, {"reference": "X-2222222"})
            ]
            assert reference not in answers[0]
            assert ("Nothing was selected" in answers[0]) == ("Nothing was selected" in answers[1])
        with entered(system_scope(world.vendor.pk)):
            assert Deal.objects.get(pk=deal.pk).status == deal.status
