"""A file predicted part by part says what the same rows say one by one, and a wrong value leaves no file behind."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from stored_models import make_store

import modelyard as my
from modelyard.api.batch import predict_file
from modelyard.errors import ModelyardError
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.errors.project import AlreadyThere
from modelyard.errors.serving import BadRows


@pytest.fixture
def package(tmp_path: Path) -> my.Package:
    with make_store(tmp_path / "yard") as yard:
        return my.Package.load("late", yard.store)


def flights(rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "flight": [f"f{n}" for n in range(rows)],
            "extra": [1] * rows,
            "dep_delay": rng.normal(size=rows) * 30,
            "distance": rng.integers(1, 3000, rows),
            "carrier": rng.choice(["AA", "UA", "07"], rows),
            "at": ["2013-01-31T05:00:00"] * rows,
        }
    )


@pytest.mark.parametrize("source", ["in.csv", "in.parquet"])
@pytest.mark.parametrize("output", ["out.csv", "deep/out.parquet"])
def test_every_row_is_answered_in_order_beside_its_id(
    package: my.Package, tmp_path: Path, source: str, output: str
) -> None:
    given = flights(25_000)
    given.write_csv(tmp_path / source) if source.endswith("csv") else given.write_parquet(tmp_path / source)
    told: list[tuple[int, int]] = []
    done = predict_file(package, tmp_path / source, tmp_path / output, told=lambda *how: told.append(how))
    assert (done.rows, done.warned, told[0], told[-1]) == (
        25_000, (given["carrier"] == "07").sum(), (0, 25_000), (25_000, 25_000),
    )  # fmt: skip
    path = tmp_path / output
    found = pl.read_csv(path) if output.endswith("csv") else pl.read_parquet(path)
    assert found.columns == ["flight", "prediction", "score[0]", "score[1]", "warnings"]
    assert found["flight"].to_list() == given["flight"].to_list()
    expected = package.predict(given)
    assert found["score[1]"].to_list() == expected["score[1]"].to_list()
    assert found["prediction"].to_list() == expected["prediction"].to_list()
    assert sorted(p.name for p in path.parent.iterdir() if p.name.startswith(".")) == []


def test_rows_without_an_id_are_numbered_and_no_rows_are_a_table_too(package: my.Package, tmp_path: Path) -> None:
    flights(3).drop("flight").write_csv(tmp_path / "in.csv", separator=";")
    predict_file(package, tmp_path / "in.csv", tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet")["row"].to_list() == [0, 1, 2]
    flights(0).write_csv(tmp_path / "none.csv")
    assert predict_file(package, tmp_path / "none.csv", tmp_path / "none_out.csv").rows == 0
    assert (tmp_path / "none_out.csv").read_text() == "flight,prediction,score[0],score[1],warnings\n"


def test_decimal_commas_are_read_as_the_same_numbers(package: my.Package, tmp_path: Path) -> None:
    given = flights(100)
    given.write_csv(tmp_path / "in.csv", separator=";", decimal_comma=True)
    predict_file(package, tmp_path / "in.csv", tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found["score[1]"].to_list() == package.predict(given)["score[1]"].to_list()


def broken(kind: str) -> pl.DataFrame:
    rows = flights(20_003)
    value = {"distance": pl.lit("far"), "dep_delay": pl.lit("1e999"), "at": pl.lit("noon")}[kind]
    return rows.with_columns(
        pl.when(pl.col("flight") == "f20001").then(value).otherwise(pl.col(kind).cast(pl.String)).alias(kind)
    )


@pytest.mark.parametrize("kind", ["distance", "dep_delay", "at"])
def test_a_wrong_value_names_its_row_and_column_and_leaves_the_old_output(
    package: my.Package, tmp_path: Path, kind: str
) -> None:
    broken(kind).write_csv(tmp_path / "in.csv")
    (tmp_path / "out.csv").write_text("of before")
    with pytest.raises(BadRows) as caught:
        predict_file(package, tmp_path / "in.csv", tmp_path / "out.csv")
    assert caught.value.where == f"row 20001, {kind}"
    assert (tmp_path / "out.csv").read_text() == "of before"


def packed(frame: pl.DataFrame, path: Path) -> None:
    """Written by the libraries that people write such files with; JSON by polars, nested keys by hand."""
    text = frame.write_csv().encode() if ".csv" in path.name else frame.write_ndjson().encode()
    match path.suffixes[-1]:
        case ".gz":
            path.write_bytes(gzip.compress(text))
        case ".zst":
            frame.lazy().sink_csv(path, compression="zstd", check_extension=False)
        case ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("inside.csv", text)
        case ".jsonl":
            path.write_bytes(text)
        case ".json":
            path.write_text(frame.write_json())
        case ".arrow":
            frame.write_ipc(path)
        case ".feather":
            frame.write_ipc_stream(path)
        case ".tsv":
            frame.write_csv(path, separator="\t")
        case ".xlsx":
            frame.write_excel(path)


@pytest.mark.parametrize(
    "name", ["in.csv.gz", "in.csv.zst", "in.csv.zip", "in.tsv", "in.jsonl", "in.jsonl.gz", "in.json", "in.arrow",
             "in.feather", "in.xlsx"],
)  # fmt: skip
def test_whatever_a_read_step_reads_is_predicted_to_the_same_numbers(
    package: my.Package, tmp_path: Path, name: str
) -> None:
    given = flights(11_000).with_columns(pl.col("dep_delay").round(4))  # a workbook holds 16 digits
    packed(given, tmp_path / name)
    done = predict_file(package, tmp_path / name, tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert (done.rows, done.warned) == (11_000, (given["carrier"] == "07").sum())
    assert found["flight"].to_list() == given["flight"].to_list()
    assert found["score[1]"].to_list() == package.predict(given)["score[1]"].to_list()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("in.jsonl", b'{"distance": 1}\n{"distance": }\n', "in.jsonl, line 2"),
        ("in.json", b'[{"distance": 1},\n{"distance": 2}', "cut short"),
        ("in.json", b'[{"distance": 1} {"distance": 2}]', "no array of objects"),
        ("in.json", b'[{"distance": 1},, {"distance": 2}]', "no array of objects"),
        ("in.json", b'[{"distance": 1}, 2]', "no array of objects"),
        ("in.json", b'[{"distance": 1}] {}', "no array of objects"),
        ("in.csv.gz", b"not packed", "cannot be unpacked"),
        ("in.csv.zip", b"not packed", "cannot be unpacked"),
        ("in.csv.zst", b"not packed", "in.csv.zst"),
        ("in.parquet.gz", b"", ".parquet.gz is no table that we read"),
    ],
)
def test_a_torn_file_names_its_place(package: my.Package, tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableTable) as caught:
        predict_file(package, tmp_path / name, tmp_path / "out.csv")
    assert said in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("source", "output", "error", "said"),
    [
        ("gone.csv", "out.csv", UnreadableTable, "no such file"),
        ("in.txt", "out.csv", UnreadableTable, ".csv, .tsv, .json"),
        ("in.csv", "out.xlsx", UnreadableTable, ".csv, .parquet, .pq"),
        ("torn.parquet", "out.csv", UnreadableTable, "torn.parquet"),
        ("short.csv", "out.csv", MissingColumn, "no column 'distance'"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    package: my.Package, tmp_path: Path, source: str, output: str, error: type[ModelyardError], said: str
) -> None:
    flights(3).write_csv(tmp_path / "in.csv")
    flights(3).drop("distance").write_csv(tmp_path / "short.csv")
    (tmp_path / "in.txt").write_text("a")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(error) as caught:
        predict_file(package, tmp_path / source, tmp_path / output)
    assert said in str(caught.value)
    assert not (tmp_path / output).exists()


def test_the_rows_that_are_read_are_never_overwritten(package: my.Package, tmp_path: Path) -> None:
    flights(3).write_csv(tmp_path / "in.csv")
    before = (tmp_path / "in.csv").read_bytes()
    (tmp_path / "link.csv").symlink_to(tmp_path / "in.csv")
    for output in ("in.csv", "link.csv"):
        with pytest.raises(AlreadyThere):
            predict_file(package, tmp_path / "in.csv", tmp_path / output)
    assert (tmp_path / "in.csv").read_bytes() == before


PEAK = """
import resource, sys
from pathlib import Path
import modelyard as my
from modelyard.api.batch import predict_file
package = my.Package.load("late", sys.argv[1])
for source in sys.argv[2:]:
    predict_file(package, Path(source), Path(source + ".out.parquet"))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("end", [".csv", ".csv.gz", ".json"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, end: str) -> None:
    make_store(tmp_path / "yard").close()
    for name, rows in (("small", 60_000), ("large", 300_000)):
        frame = flights(rows).drop("at")
        frame.write_csv(tmp_path / f"{name}.csv") if end == ".csv" else packed(frame, tmp_path / f"{name}{end}")
    words = [str(tmp_path / "yard"), str(tmp_path / f"small{end}"), str(tmp_path / f"large{end}")]
    done = subprocess.run([sys.executable, "-c", PEAK, *words], capture_output=True, text=True, check=True)
    small, large = map(int, done.stdout.split())
    assert large < 1.5 * small
