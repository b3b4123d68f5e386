"""The prebuilt index that the search reads: one file for all processes, mapped into memory, never written to twice.

It is built from the tables, not from the shipped files: names that only this deployment's tables hold (former ones,
those of merged places) are in it, and a load of new data makes a new file. It refuses to be a source of anything:
a file that is missing, damaged or of another load is built again.
"""
