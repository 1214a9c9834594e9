"""Funds: whose money, for whom, for which activities, and under which rules."""
