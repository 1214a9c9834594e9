"""From the first draft to the submitted registration, one by one and from files."""
