"""What rows must be."""
