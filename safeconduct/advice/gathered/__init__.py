"""What each step of a briefing is made from: one module a step or two, all from the same materials."""
