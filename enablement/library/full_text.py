"""Searching words in the language they are written in.

An asset's words are kept as a `tsvector`, a question becomes a `tsquery`, both by the dictionary of the
asset's own language. None of this is leak-proof in PostgreSQL's sense: callers filter on ids first.
"""

from typing import Any, Final

from django.contrib.postgres.search import SearchVectorField
from django.db import models

#: PostgreSQL's dictionaries by language; in any other language a word is found as it is written.
_DICTIONARIES: Final = {
    "en": "english", "de": "german", "fr": "french", "it": "italian", "es": "spanish", "pt": "portuguese",
    "nl": "dutch",
}  # fmt: skip
#: Around what was found in an excerpt; no text holds them, because control characters are taken out of it.
MARK, END_MARK = "\x02", "\x03"
_EXCERPT: Final = f"StartSel={MARK}, StopSel={END_MARK}, MaxFragments=1, MaxWords=18, MinWords=8"


def _dictionary(language: str) -> str:
    """SQL of the dictionary of a row whose language stands in this column."""
    known = " ".join(f"when '{code}' then '{name}'::regconfig" for code, name in _DICTIONARIES.items())
    return f"(case {language} {known} else 'simple'::regconfig end)"


class _OfLanguage(models.Func):
    """The last argument is the column of the language; `{0}`, `{1}` ... of `sql` are the ones before it."""

    sql = ""

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> Any:  # type: ignore[override]
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        *given, (language, _) = compiled
        written = self.sql.format(*(sql for sql, _ in given), dictionary=_dictionary(language))
        return written, [parameter for _, parameters in given for parameter in parameters]


class WordsOf(_OfLanguage):
    """(title, summary, text, language): what the title says weighs most."""

    arity = 4
    output_field = SearchVectorField()
    sql = (
        "(setweight(to_tsvector({dictionary}, {0}), 'A') || setweight(to_tsvector({dictionary}, {1}), 'B') "
        "|| setweight(to_tsvector({dictionary}, {2}), 'D'))"
    )


class Says(_OfLanguage):
    """(tsvector, what is asked for, language): whether it is said there."""

    arity = 3
    output_field = models.BooleanField()
    sql = "({0} @@ websearch_to_tsquery({dictionary}, {1}))"


class Rank(_OfLanguage):
    """The same as a number: higher fits better."""

    arity = 3
    output_field = models.FloatField()
    sql = "ts_rank({0}, websearch_to_tsquery({dictionary}, {1}))"


class Excerpt(_OfLanguage):
    """(text, what is asked for, language): the place that says it, with marks around the words."""

    arity = 3
    output_field = models.TextField()
    sql = f"ts_headline({{dictionary}}, {{0}}, websearch_to_tsquery({{dictionary}}, {{1}}), '{_EXCERPT}')"
