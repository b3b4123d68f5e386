"""Official sources, read politely."""
