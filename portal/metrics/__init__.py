"""What a metric is; the apps declare theirs."""
