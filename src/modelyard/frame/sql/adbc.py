"""PostgreSQL's rows as Arrow batches, by ADBC: COPY in binary, read in C. Imported where the extra is installed."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from adbc_driver_manager import AdbcConnection, AdbcStatement, Error
from adbc_driver_postgresql import connect
from arro3.core import RecordBatchReader  # comes with deltalake

from modelyard.frame.sql.postgresql import RowsRefused


def batches(login: str, query: str) -> Iterator[pl.DataFrame]:
    """The rows of one SELECT. `login`: as libpq takes it. Raises RowsRefused."""
    try:
        with (
            connect(login) as database,
            AdbcConnection(database) as connection,
            AdbcStatement(connection) as statement,
        ):
            statement.set_sql_query(query)
            stream, _ = statement.execute_query()
            for batch in RecordBatchReader.from_stream(stream):
                yield pl.DataFrame(batch)
    except Error as error:
        raise RowsRefused(str(error)) from None
    except Exception as error:  # arro3 says what went wrong in the stream by a plain Exception
        if type(error) is not Exception:
            raise
        raise RowsRefused(str(error)) from None
