"""How far the people of a partner have come: the enablement quadrant, as of any day."""
