"""cmi5: units of a package, each launched with a key of its own for the record store."""
