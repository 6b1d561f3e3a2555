"""The whole loop on real flights: the data set, the replay client, the live table, the summary.

Everything here goes through the doors that a person has: the project file, the run, the HTTP server, the loop.
"""
