"""What a table promises. Pure data: no file of this room knows a library but msgspec."""
