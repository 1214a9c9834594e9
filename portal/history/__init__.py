"""What was true before: the values of a row until they were changed."""
