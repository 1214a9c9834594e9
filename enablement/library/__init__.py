"""The content library: what partners may use in front of customers, and who uses it."""
