"""modelyard.yaml -> Project -> Graph -> Plan, and edits that keep comments. Reads no rows: schemas are handed in."""
