"""Co-sell: two partners on one deal, who is credited with how much of it. See docs/credit.md."""
