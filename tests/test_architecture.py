"""Who may know whom, where the import linter cannot see: foreign keys, and strings that name models."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

#: Left to right; an app points only to itself and to its left.
ROOMS = ["portal", "partners", "deals", "enablement", "mdf", "scorecards"]
PROJECT = Path(settings.BASE_DIR)
COMPOSITION_ROOT = {"settings.py", "urls.py", "urls_lobby.py", "celery.py", "wsgi.py"}


def test_foreign_keys_point_to_the_left() -> None:
    for model in apps.get_models():
        here = model._meta.app_label
        if here not in ROOMS:
            continue
        for field in model._meta.concrete_fields:
            there = field.remote_field.model._meta.app_label if field.remote_field else here
            if there in ROOMS:
                assert ROOMS.index(there) <= ROOMS.index(here), f"{field} points to {there}"


@pytest.mark.parametrize("room", ROOMS[1:])
def test_the_kernel_never_names_a_room_above_it(room: str) -> None:
    """Not inline, not as a string: "partners.Partner" in the kernel would be a key in disguise."""
    kernel = [
        path
        for path in (PROJECT / "portal").rglob("*.py")
        if path.name not in COMPOSITION_ROOT and "migrations" not in path.parts
    ]
    assert len(kernel) > 20
    guilty = [
        path.name
        for path in kernel
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith((f"import {room}", f"from {room}")) or f'"{room}.' in line
    ]
    assert guilty == []


def test_deals_and_enablement_do_not_know_each_other() -> None:
    for here, there in (("deals", "enablement"), ("enablement", "deals")):
        for path in (PROJECT / here).rglob("*.py"):
            assert f"from {there}" not in path.read_text(encoding="utf-8"), path


def test_no_room_is_called_after_nothing() -> None:
    catch_alls = {"utils.py", "common.py", "helpers.py"}
    assert not [path for room in ROOMS for path in (PROJECT / room).rglob("*.py") if path.name in catch_alls]
