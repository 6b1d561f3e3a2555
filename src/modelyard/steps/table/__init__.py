"""Table steps: frames in, frames out, on the training side and in batch."""
