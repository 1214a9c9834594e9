"""The fields of every kind of import as Markdown: what docs/import/README.md lists."""

from collections.abc import Iterator

from portal.imports import kinds
from portal.imports.cells import Cell, Choice
from portal.imports.kinds import ImportKind

BEGIN = "<!-- fields: written by manage.py import_fields -->"
END = "<!-- end of fields -->"


def fields_as_markdown() -> str:
    """A section per kind, in the order in which a programme is loaded."""
    return "\n".join(line for kind in kinds.kinds() for line in _section(kind))


def with_fields(text: str) -> str:
    """A document with the list between its marks replaced by the present one."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{fields_as_markdown()}\n{END}{after}"


def _section(kind: ImportKind) -> Iterator[str]:
    resource = kind.resource_class
    keys = ", ".join(f"`{name}`" for name in resource.keys)
    yield from ("", f"### {kind.name}", "")
    yield f"{'Keys' if len(resource.keys) > 1 else 'Key'}: {keys}. {resource.about}".strip()
    yield from ("", "| field | needed | value | also called |", "|---|---|---|---|")
    for name, cell in resource.cells().items():
        names = ", ".join(f"`{other}`" for other in cell.names)
        yield f"| `{name}` | {'yes' if cell.required else ''} | {_value(cell)} | {names} |"


def _value(cell: Cell) -> str:
    keys = f" One of {cell.widget.keys}." if isinstance(cell.widget, Choice) else ""
    several = " Several where lines are grouped." if cell.many else ""
    return f"{cell.help}{keys}{several}"
