"""A plausible channel, made up from a seed: for the demo, for trying sizes out and for the bench."""
