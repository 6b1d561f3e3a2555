"""What is used of the ADBC driver for PostgreSQL."""

from adbc_driver_manager import AdbcDatabase

def connect(uri: str) -> AdbcDatabase: ...
