"""The ledger of the funds: append-only, balanced, and never overdrawn."""
