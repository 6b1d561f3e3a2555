"""A first file for tables as people have them: it plans as it is, and what cannot be learned is said at once."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelyard.api.init import init
from modelyard.api.show import show_file
from modelyard.errors import ModelyardError
from modelyard.errors.connection import UnknownConnection
from modelyard.errors.data import BadTarget, MissingColumn, UnreadableTable
from modelyard.errors.project import AlreadyThere, BadParameter


def customers(rows: int = 200) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(rows)],
            "age": [20 + n % 50 if n % 17 else None for n in range(rows)],
            "plan": ["basic" if n % 3 else "gold" for n in range(rows)],
            "country": ["DE"] * rows,
            "left": ["yes" if n % 7 == 0 else "no" for n in range(rows)],
        }
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    customers().write_csv("customers.csv")
    customers().write_parquet("customers.parquet")
    return tmp_path


@pytest.mark.parametrize("table", ["customers.csv", "customers.parquet"])
def test_the_file_is_written_beside_its_name_and_plans(here: Path, table: str) -> None:
    project = init("churn", table, "left")
    written = (here / "churn" / "modelyard.yaml").read_text()
    assert f"path: ../{table}" in written or f'path: "../{table}"' in written
    assert project.head.target.positive == "yes"
    assert project.head.roles.id == "customer_id"
    assert project.head.roles.ignore == ("country",)
    assert "model.lightgbm" in {node.kind for c in project.plan().candidates for node in c.chain}


def test_an_absolute_path_stays_absolute(here: Path) -> None:
    init("churn", here / "customers.csv", "left")
    assert str(here / "customers.csv") in (here / "churn" / "modelyard.yaml").read_text()


def test_the_positive_class_can_be_named(here: Path) -> None:
    assert init("churn", "customers.csv", "left", positive="no").head.target.positive == "no"
    with pytest.raises(BadTarget) as caught:
        init("churn2", "customers.csv", "left", positive="ye")
    assert "did you mean 'yes'?" in str(caught.value)
    assert not (here / "churn2").exists()


def test_two_whole_numbers_are_classes_however_few_the_rows(here: Path) -> None:
    (here / "few.csv").write_text("a,y\n" + "".join(f"{n / 7},{n % 2}\n" for n in range(12)))
    assert init("few", here / "few.csv", "y").head.task == "classification"


def test_whole_numbers_can_be_made_a_regression(here: Path) -> None:
    assert init("ages", "customers.csv", "age", task="regression").head.task == "regression"


def test_a_file_is_never_overwritten(here: Path) -> None:
    init("churn", "customers.csv", "left")
    before = (here / "churn" / "modelyard.yaml").read_bytes()
    with pytest.raises(AlreadyThere):
        init("churn", "customers.csv", "plan")
    assert (here / "churn" / "modelyard.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "table", "target", "error", "said"),
    [
        ("churn", "customers.csv", "lefft", MissingColumn, "did you mean 'left'?"),
        ("churn", "customer.csv", "left", UnreadableTable, "there is no file 'customer.csv'"),
        ("churn", "customers.docx", "left", UnreadableTable, ".csv, .tsv, .parquet, .pq"),
        ("churn", "empty.csv", "left", UnreadableTable, "no rows"),
        ("churn", "blank.csv", "left", UnreadableTable, "blank.csv"),
        ("1 2", "customers.csv", "left", BadParameter, "'1 2' is no name"),
        ("churn", "customers.csv", "country", BadTarget, "nothing to tell apart"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_nothing_behind(
    here: Path, name: str, table: str, target: str, error: type[ModelyardError], said: str
) -> None:
    (here / "customers.docx").write_bytes(b"PK")
    (here / "empty.csv").write_text("a,left\n")
    (here / "blank.csv").write_text("")
    with pytest.raises(error) as caught:
        init(name, table, target)
    assert said in str(caught.value)
    assert not (here / name).exists()


def test_delimiters_decimal_commas_and_columns_that_are_no_data_are_seen(here: Path) -> None:
    lines = [f"{n},5;{'yes' if n % 3 else 'no'};x y" for n in range(200)]
    (here / "german.csv").write_text("\n".join(["menge;ja;text", *lines]) + "\n")
    project = init("menge", "german.csv", "ja")
    assert 'delimiter: ";", decimal: ","' in (here / "menge" / "modelyard.yaml").read_text()
    assert project.plan().schema["menge"].kind == "number"
    nested = customers().with_columns(many=[[1, 2]] * 200)
    nested.write_parquet("nested.parquet")
    assert "many" not in init("nested", "nested.parquet", "left").plan().schema.names


@pytest.mark.parametrize("end", [".csv.gz", ".csv.zip", ".tsv", ".jsonl", ".arrow"])
def test_a_first_file_can_be_of_any_kind_that_is_read(here: Path, end: str) -> None:
    import gzip
    import zipfile

    if end == ".csv.gz":
        (here / f"t{end}").write_bytes(gzip.compress(customers().write_csv(separator=";").encode()))
    elif end == ".csv.zip":
        with zipfile.ZipFile(here / f"t{end}", "w") as archive:
            archive.writestr("t.csv", customers().write_csv())
    elif end == ".tsv":
        customers().write_csv(here / f"t{end}", separator="\t")
    else:
        (customers().write_ndjson if end == ".jsonl" else customers().write_ipc)(here / f"t{end}")
    plan = init("p", f"t{end}", "left").plan()
    assert plan.project.roles.id == "customer_id"
    assert plan.schema["age"].kind in ("integer", "number")


def test_a_first_file_can_be_of_a_table_of_a_database(here: Path) -> None:
    import sqlite3

    (here / "data").mkdir()
    database = sqlite3.connect(here / "data" / "crm.db")
    database.execute("create table customers (customer_id text, age integer, plan text, gone text)")
    rows = [(row["customer_id"], row["age"], row["plan"], row["left"]) for row in customers().to_dicts()]
    database.executemany("insert into customers values (?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    (here / "modelyard.yaml").write_text("connections: [{name: crm, kind: sqlite, path: data/crm.db}]\n")
    plan = init("churn", "crm:customers", "gone").plan()
    assert plan.tables[0].kind == "read.sql"
    assert 'path: "../data/crm.db"' in (here / "churn" / "modelyard.yaml").read_text()
    assert show_file("crm:customers", target="gone").rows == 200
    with pytest.raises(UnknownConnection, match="crn"):
        init("churn2", "crn:customers", "gone")
