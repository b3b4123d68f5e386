"""What a worker that is killed leaves behind."""
