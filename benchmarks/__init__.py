"""Measured against others in the same run: `make bench [ONLY=…]`, or `python -m benchmarks --only fanout`."""
