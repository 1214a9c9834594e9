"""Asking for a change and answering it."""

from collections.abc import Callable
from typing import Any

from deals.amendments.models import Amendment
from deals.amendments.requests import AMENDMENT
from deals.deal.models import Deal
from portal.requests.services import request_ask
from tests.support.worlds import Person, acting_as

AMOUNT = 86_000_00


def ask(person: Person, deal: Deal, products: dict[Any, int], amount: int = AMOUNT, **more: Any) -> Amendment:
    with acting_as(person) as actor:
        return request_ask(
            actor=actor,
            kind=AMENDMENT,
            subject=deal,
            amount=amount,
            lines=[(product.pk, count) for product, count in products.items()],
            **{"expected_close": deal.expected_close, **more},
        )


def answer(service: Callable[..., Amendment], person: Person, amendment: Amendment, **more: Any) -> Amendment:
    with acting_as(person) as actor:
        there = Amendment.objects.select_related("deal").get(pk=amendment.pk)
        return service(actor=actor, request=there, **more)
