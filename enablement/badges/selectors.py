"""Reads of keys and of what is revoked. Under the vendor's system scope."""

from django.db.models import QuerySet

from enablement.badges.models import LIST_SIZE, Badge, IssuerKey


def keys_published() -> QuerySet[IssuerKey]:
    """All of them, the one in use first."""
    return IssuerKey.objects.order_by("-number")


def revoked_bits(number: int) -> list[int]:
    """The bits of this status list that are set."""
    begins = number * LIST_SIZE
    rows = Badge.objects.filter(place__gte=begins, place__lt=begins + LIST_SIZE)
    places = rows.filter(award__revoked_at__isnull=False).values_list("place", flat=True)
    return [place - begins for place in places]


def is_list(number: int) -> bool:
    """The first list is there from the beginning, others once something stands in them."""
    begins = number * LIST_SIZE
    return number == 0 or Badge.objects.filter(place__gte=begins, place__lt=begins + LIST_SIZE).exists()


def list_of(award_id: int) -> int:
    """The number of the status list an award stands in, or will stand in."""
    found: Badge | None = Badge.objects.filter(award=award_id).first()
    return found.status_list if found else 0
