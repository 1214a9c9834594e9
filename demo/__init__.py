"""Demo vendors, the simulation behind them, and the bench. Production does without."""
