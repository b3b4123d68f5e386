"""Which alert concerns whom, and why."""
