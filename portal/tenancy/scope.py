"""Who is looking, and at whose rows: the one value PostgreSQL's row security reads.

A `Scope` is entered once (per request, task or command). It travels in a ContextVar; the database
wrapper in `portal.postgres` writes it into each transaction with `set_config(..., is_local => true)`.
Outside a transaction, or without a scope, row security answers with no rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections


class All:
    def __repr__(self) -> str:
        return "ALL"

    def __contains__(self, partner_id: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True


ALL: Final = All()
PartnerIds = frozenset[int] | All


@dataclass(frozen=True, slots=True)
class Scope:
    """What one actor may read and write.

    `partner_ids` are the partners whose rows can be read; `own_partner_ids`, where given, narrows the
    writing (a distributor reads its sub-partners and writes only for itself). `staff` opens the vendor's
    own tables; `read_only` closes every write.
    """

    vendor_id: int | None
    partner_ids: PartnerIds = frozenset()
    staff: bool = False
    actor_id: int | None = None
    own_partner_ids: PartnerIds | None = None
    read_only: bool = False

    @property
    def write_partner_ids(self) -> PartnerIds:
        if self.read_only:
            return frozenset()
        return self.partner_ids if self.own_partner_ids is None else self.own_partner_ids

    def as_settings(self) -> dict[str, str]:
        """The session settings the row-security policies compare with; '' stands for "nothing"."""
        return {
            "portal.vendor_id": _text(self.vendor_id),
            "portal.actor_id": _text(self.actor_id),
            "portal.staff": _flag(self.staff),
            "portal.staff_writes": _flag(self.staff and not self.read_only),
            "portal.all_partners": _flag(self.partner_ids is ALL),
            "portal.partner_ids": _listed(self.partner_ids),
            "portal.write_all_partners": _flag(self.write_partner_ids is ALL),
            "portal.write_partner_ids": _listed(self.write_partner_ids),
        }


NO_SCOPE: Final = Scope(vendor_id=None)
_current: ContextVar[Scope | None] = ContextVar("portal_scope", default=None)


def current_scope() -> Scope | None:
    return _current.get()


def current_vendor_id() -> int | None:
    """The vendor of the current scope; the default of every tenant row's `vendor`."""
    scope = _current.get()
    return scope.vendor_id if scope else None


@contextmanager
def entered(scope: Scope) -> Iterator[Scope]:
    """Run the block under `scope`; inside an open transaction it bites at once and is undone on exit."""
    token = _current.set(scope)
    try:
        _apply_to_open_transactions(scope)
        yield scope
    finally:
        _current.reset(token)
        _apply_to_open_transactions(_current.get() or NO_SCOPE)


def narrow(scope: Scope) -> None:
    """Replace the scope for the rest of the enclosing `entered` block, which also undoes it."""
    _current.set(scope)
    _apply_to_open_transactions(scope)


def system_scope(vendor_id: int, actor_id: int | None = None) -> Scope:
    """The vendor's own machinery (nightly jobs, imports): every row of one vendor, never of two."""
    return Scope(vendor_id=vendor_id, partner_ids=ALL, staff=True, actor_id=actor_id)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _flag(on: bool) -> str:
    return "on" if on else ""


def _listed(partner_ids: PartnerIds) -> str:
    return "" if isinstance(partner_ids, All) else ",".join(map(str, sorted(partner_ids)))


def _apply_to_open_transactions(scope: Scope) -> None:
    for connection in connections.all(initialized_only=True):
        # Any other database, which a test may have beside ours, knows no scopes.
        ours: Any = connection
        if hasattr(ours, "apply_scope") and ours.in_atomic_block and ours.accepts_statements:
            ours.apply_scope(scope)
