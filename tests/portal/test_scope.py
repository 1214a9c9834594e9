"""The scope reaches the database with each transaction, and leaves with it."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.tenancy.scope import ALL, NO_SCOPE, Scope, current_scope, entered, narrow, system_scope


def in_database() -> dict[str, str]:
    """The scope as PostgreSQL sees it now."""
    names = list(NO_SCOPE.as_settings())
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join('current_setting(%s, true)' for _ in names)}", names)
        return {name: value or "" for name, value in zip(names, cursor.fetchone(), strict=True)}


ONE = Scope(1, frozenset({3, 2}), actor_id=9)
TWO = Scope(2, ALL, staff=True, actor_id=8)


class TestSettings:
    def test_a_partner_person(self) -> None:
        assert ONE.as_settings() == {
            "portal.vendor_id": "1",
            "portal.actor_id": "9",
            "portal.staff": "",
            "portal.staff_writes": "",
            "portal.all_partners": "",
            "portal.partner_ids": "2,3",
            "portal.write_all_partners": "",
            "portal.write_partner_ids": "2,3",
        }

    def test_a_distributor_writes_for_itself_alone(self) -> None:
        scope = Scope(1, frozenset({2, 3}), own_partner_ids=frozenset({2}))
        assert scope.as_settings()["portal.write_partner_ids"] == "2"

    def test_read_only_closes_every_write(self) -> None:
        settings = Scope(1, ALL, staff=True, read_only=True).as_settings()
        assert settings["portal.staff"] == settings["portal.all_partners"] == "on"
        assert settings["portal.staff_writes"] == settings["portal.write_all_partners"] == ""
        assert settings["portal.write_partner_ids"] == ""

    def test_an_empty_scope_names_nothing(self) -> None:
        assert set(NO_SCOPE.as_settings().values()) == {""}


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    def test_each_transaction_starts_under_the_scope_and_takes_it_along(self) -> None:
        with entered(ONE):
            with transaction.atomic():
                assert in_database() == ONE.as_settings()
            assert in_database() == NO_SCOPE.as_settings(), "nothing outlives the transaction"
            with transaction.atomic():
                assert in_database() == ONE.as_settings()

    def test_a_scope_entered_inside_a_transaction_bites_at_once_and_is_undone(self) -> None:
        with entered(ONE), transaction.atomic():
            with entered(TWO):
                assert in_database() == TWO.as_settings()
            assert in_database() == ONE.as_settings()

    def test_narrowing_lasts_to_the_end_of_the_block(self) -> None:
        with entered(TWO), transaction.atomic():
            narrow(ONE)
            assert in_database() == ONE.as_settings()
        assert current_scope() is None

    def test_a_failed_statement_does_not_break_the_way_out(self) -> None:
        with entered(ONE), transaction.atomic():
            with pytest.raises(DatabaseError), transaction.atomic(), entered(TWO):
                in_database()
                connection.cursor().execute("select 1/0")
            assert in_database() == ONE.as_settings()

    def test_the_outer_scope_returns_after_a_python_error(self) -> None:
        with entered(ONE), transaction.atomic():
            with pytest.raises(ZeroDivisionError), entered(TWO):
                1 / 0
            assert in_database() == ONE.as_settings()
            assert current_scope() is ONE

    def test_outside_any_scope_a_transaction_names_nothing(self) -> None:
        with transaction.atomic():
            assert in_database() == NO_SCOPE.as_settings()

    def test_a_system_scope_is_of_one_vendor(self) -> None:
        assert system_scope(7) == Scope(7, ALL, staff=True)
