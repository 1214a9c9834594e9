"""A channel that could have been: years of deals, leads and sign-ins of made-up partners."""
