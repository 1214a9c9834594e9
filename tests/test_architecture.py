"""Who may know whom, where the import linter cannot see: foreign keys, and strings that name models."""

from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.conf import settings

#: Left to right; an app points only to itself and to its left.
ROOMS = ["portal", "partners", "deals", "enablement", "mdf", "scorecards", "demo"]
PROJECT = Path(settings.BASE_DIR)
COMPOSITION_ROOT = {"settings.py", "urls.py", "urls_lobby.py", "urls_content.py", "celery.py", "wsgi.py"}


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


def test_today_is_the_vendors() -> None:
    """A day without a zone is that of whichever is active just now; `vendor.today` is what people mean."""
    nobodys = ("localdate()", "date.today()", "datetime.now()")
    guilty = [
        f"{path.relative_to(PROJECT)}: {line.strip()}"
        for room in ROOMS
        for path in (PROJECT / room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if any(call in line for call in nobodys)
    ]
    assert guilty == []


def circles(graph: grimp.ImportGraph) -> list[list[str]]:
    """Groups of modules that reach each other along imports, by Tarjan's algorithm."""
    found, order, low, path = [], {}, {}, []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        path.append(module)
        for other in graph.find_modules_directly_imported_by(module):
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in path:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            place = path.index(module)
            found.append(sorted(path[place:]))
            del path[place:]

    for module in sorted(graph.modules):
        if module not in order:
            visit(module)
    return [group for group in found if len(group) > 1]


def test_there_is_no_import_circle() -> None:
    """Imports inside functions count too: a circle hidden there is one all the same."""
    graph = grimp.build_graph(*ROOMS, exclude_type_checking_imports=True)
    assert circles(graph) == []


def test_a_circle_would_be_noticed() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")):
        graph.add_module(importer) if importer not in graph.modules else None
        graph.add_module(imported) if imported not in graph.modules else None
        graph.add_import(importer=importer, imported=imported)
    assert circles(graph) == [["a", "b", "c"]]
