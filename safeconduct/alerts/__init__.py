"""Events and immutable alert versions."""
