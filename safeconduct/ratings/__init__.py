"""Our own ratings of destinations: a published formula over official advice and alerts, overrides, history."""
