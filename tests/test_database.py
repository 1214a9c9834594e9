"""The template the suite's databases are copied from: a changed schema never meets an old template."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from portal.partitions import months_ahead
from tests.database import TEMPLATE, fingerprint, schema_files

TODAY = date(2026, 11, 21)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A second checkout with the files that shape the schema, free to be changed."""
    for file in schema_files(settings.BASE_DIR):
        copy = tmp_path / file.relative_to(settings.BASE_DIR)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path


def test_the_same_files_have_the_same_fingerprint_anywhere(checkout):
    assert fingerprint(base=checkout, today=TODAY) == fingerprint(today=TODAY)
    assert fingerprint(today=TODAY) == fingerprint(today=date(2026, 11, 1))


def test_a_new_migration_a_changed_one_and_one_that_went_change_it(checkout):
    migrations = checkout / "portal/migrations"
    seen = [fingerprint(base=checkout, today=TODAY)]
    (migrations / "0999_new.py").write_text("")
    seen.append(fingerprint(base=checkout, today=TODAY))
    (migrations / "0999_new.py").write_text("# changed")
    seen.append(fingerprint(base=checkout, today=TODAY))
    next(migrations.glob("0001_*.py")).unlink()
    seen.append(fingerprint(base=checkout, today=TODAY))
    assert len(set(seen)) == len(seen)


def test_every_other_part_of_the_schema_changes_it(checkout):
    """Models, the SQL that migrations call, what runs after migrating, and the libraries with tables."""
    from portal import grants, models, partitions, rows

    shaping = [
        Path(module.__file__ or "").relative_to(settings.BASE_DIR)
        for module in (grants, models, partitions, rows)
    ]
    seen = {fingerprint(base=checkout, today=TODAY)}
    for path in [*shaping, Path("requirements/base.txt")]:
        with (checkout / path).open("a") as file:
            file.write("\n# changed\n")
        seen.add(fingerprint(base=checkout, today=TODAY))
    assert len(seen) == 1 + len(shaping) + 1


def test_another_month_has_other_partitions_and_a_clean_run_a_template_of_its_own():
    assert months_ahead(TODAY) != months_ahead(date(2026, 12, 1))
    assert fingerprint(today=TODAY) != fingerprint(today=date(2026, 12, 1))
    assert (
        fingerprint(today=TODAY) != fingerprint(today=TODAY, run="one") != fingerprint(today=TODAY, run="two")
    )


@pytest.mark.django_db(databases=["default", "owner"])
def test_the_suite_runs_on_a_copy_and_one_template_is_kept():
    with connections["owner"].cursor() as cursor:
        cursor.execute("select current_database()")
        assert not cursor.fetchone()[0].startswith(TEMPLATE)
        cursor.execute("select count(*) from pg_database where starts_with(datname, %s)", [TEMPLATE])
        assert cursor.fetchone() == (1,)
