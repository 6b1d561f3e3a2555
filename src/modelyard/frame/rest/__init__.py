"""Tables of web services: asked page by page, over a wire that only leads where the connection says."""
