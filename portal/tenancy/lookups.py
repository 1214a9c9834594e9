"""Field lookups and expressions of our own."""

from typing import Any

from django.db import models

from portal.text import APOSTROPHES, DASHES, INVISIBLE


@models.CharField.register_lookup
@models.TextField.register_lookup
class Prefix(models.Lookup):
    """`name_key__prefix="alp"`: PostgreSQL's `^@`, which row security lets use an index; LIKE it does not."""

    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", (*left_params, *right_params)


def _escaped(characters: str) -> str:
    """Characters and ranges for a bracket expression of PostgreSQL's, in plain ASCII."""
    return "".join(
        one if one == "-" else f"\\U{ord(one):08x}" if ord(one) > 0xFFFF else f"\\u{ord(one):04x}"
        for one in characters
    )


class FoldedName(models.Func):
    """`portal.text.folded_name` of a column, for one that the database computes; a test holds both together.

    Cut to the column's length: folding may lengthen a text ("ß" is "ss").
    """

    arity = 1
    output_field = models.CharField()
    template = (
        "left(normalize(casefold(btrim(regexp_replace(regexp_replace(regexp_replace(regexp_replace("
        f"normalize(%(expressions)s, NFKC), '[{_escaped(INVISIBLE)}]', '', 'g'), "
        f"'[{_escaped(APOSTROPHES)}]', '''', 'g'), '[{_escaped(DASHES.replace('-', ''))}]', '-', 'g'), "
        "'[[:space:]\\u0085\\u1680\\u2028\\u2029]+', ' ', 'g')) collate pg_unicode_fast), NFKC), %(length)s)"
    )

    def __init__(self, expression: Any, *, length: int) -> None:
        super().__init__(expression, length=length)
