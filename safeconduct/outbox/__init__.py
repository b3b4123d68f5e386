"""Messages, deliveries and attempts."""
