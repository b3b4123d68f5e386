"""Organisations, programmes, memberships and rights."""
