"""Leads: customers the vendor knows of and hands to a partner, with a clock on the answer and the contact."""
