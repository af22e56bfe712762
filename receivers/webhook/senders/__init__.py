"""The senders of webhooks (webhooks contract §3, §5)."""
