"""How a person states a fact: entry by entry in a form, or in one line of a table. Checked like the shipped data."""
