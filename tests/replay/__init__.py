"""Recorded days as a tape for `safeconduct replay`."""
