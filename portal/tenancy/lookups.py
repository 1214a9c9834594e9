"""Field lookups of our own."""

from typing import Any

from django.db import models


@models.CharField.register_lookup
@models.TextField.register_lookup
class Prefix(models.Lookup):
    """`name_key__prefix="alp"`: PostgreSQL's `^@`, which row security lets use an index; LIKE it does not."""

    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", (*left_params, *right_params)
