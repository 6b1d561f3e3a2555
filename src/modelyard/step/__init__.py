"""What the author of a step meets: Step and its three sorts, Batch, Fitted, Learned, Context, Registry."""
