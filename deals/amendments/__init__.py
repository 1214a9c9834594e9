"""Changes of a deal after its approval: small ones at once, larger ones when the vendor has approved them."""
