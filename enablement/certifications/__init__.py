"""Certifications, the awards people hold, and what a partner must have of them."""
