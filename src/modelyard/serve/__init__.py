"""The prediction server: bytes -> checked rows -> program -> bytes, logged before the reply.

Import-light on purpose: numpy, msgspec and uvicorn are all it knows, so that it starts in a fraction of a second and a
machine that only serves needs nothing else.
"""
