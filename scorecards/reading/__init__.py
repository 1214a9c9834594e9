"""A scorecard as people read it: its figures with their units, changes and explanations in words.

No query of its own: everything is made from rows that `scorecards.selectors` has read.
"""

from scorecards.reading.card import Reading
from scorecards.reading.line import Line

__all__ = ["Line", "Reading"]
