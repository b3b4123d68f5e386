"""What is worth telling a person, and how they want to be told."""
