"""Where everything lies: metadata, blobs, pointer, segments, lake; one file each, so that a server imports few."""
