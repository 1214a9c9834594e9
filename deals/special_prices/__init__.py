"""Special prices for big deals: asked for, granted for a time, used at the win."""
