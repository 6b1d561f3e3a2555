"""polars frames in and out of `rows.Table`: the only room that knows DataFrames; nothing that serves imports it."""
