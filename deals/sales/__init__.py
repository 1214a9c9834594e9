"""The sales quadrant: what deals add up to."""
