"""End customers of a vendor, and by which keys they are recognised."""
