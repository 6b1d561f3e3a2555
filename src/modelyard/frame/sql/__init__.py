"""Tables of databases: read in batches, written in one transaction. One file for each way that a database speaks."""
