from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.imports.reference import fields_as_markdown, with_fields


class Command(BaseCommand):
    help = "The fields of every kind of import as Markdown; with a file, written between its marks."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="such as docs/import/README.md")

    def handle(self, *, file: Path | None, **options: Any) -> None:
        if file is None:
            self.stdout.write(fields_as_markdown())
            return
        file.write_text(with_fields(file.read_text(encoding="utf-8")), encoding="utf-8")
