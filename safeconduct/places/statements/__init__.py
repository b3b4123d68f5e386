"""Statements about countries by topic: the fields, the shipped rows, the words, the invariants of each."""
