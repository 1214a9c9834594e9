"""Whether training goes with winning: three looks at the same deals, each with its interval."""
