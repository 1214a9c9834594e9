"""The learning home: the next step, what was asked of one, the path, the catalogue."""
