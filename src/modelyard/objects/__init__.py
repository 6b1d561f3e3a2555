"""Object stores: bytes by key, listed, pinned, fetched and put. The only room that knows the library that speaks to
them; it is light, and what serves may import it."""
