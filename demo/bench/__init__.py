"""How fast the nightly recompute and the pages are, as ratios within one run, in a scratch database."""
