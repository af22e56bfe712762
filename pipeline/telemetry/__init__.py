"""sluice's own metrics, logs and health."""
