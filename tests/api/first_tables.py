"""Tables that people begin with: scikit-learn's own, flights, a Titanic-like one with text and gaps, a wide one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from sklearn import datasets

from flights import flights


def toy(name: str) -> pl.DataFrame:
    """One of scikit-learn's own, its target last as `target`: words for classes."""
    found = getattr(datasets, f"load_{name}")()
    names = [str(word).replace(" (cm)", "") for word in found.feature_names]
    target = found.target if name == "diabetes" else [str(found.target_names[code]) for code in found.target]
    return pl.DataFrame({**dict(zip(names, found.data.T, strict=True)), "target": target})


def titanic(rows: int = 900) -> pl.DataFrame:
    """Like the list of passengers of the Titanic: names, ticket numbers, mostly empty cabins, ages with gaps, and two
    columns that were written down afterwards."""
    rng = np.random.default_rng(5)
    pclass, woman = rng.choice([1, 2, 3], rows, p=[0.25, 0.2, 0.55]), rng.random(rows) < 0.36
    survived = rng.random(rows) < np.clip(0.75 - 0.17 * pclass + 0.45 * woman, 0.03, 0.97)
    age = np.round(np.abs(rng.normal(30, 13, rows)), 1)
    fare = np.round(rng.lognormal(4.3 - 0.7 * pclass, 0.5), 4)
    boat = [str(rng.integers(1, 17)) if s and rng.random() < 0.95 else None for s in survived]
    body = [int(rng.integers(1, 330)) if not s and rng.random() < 0.2 else None for s in survived]
    return pl.DataFrame(
        {
            "PassengerId": np.arange(1, rows + 1),
            "Survived": survived.astype(int),
            "Pclass": pclass,
            "Name": [f'Person {n}, {"Mrs." if w else "Mr."} of "Somewhere"' for n, w in enumerate(woman)],
            "Sex": ["female" if w else "male" for w in woman],
            "Age": [None if rng.random() < 0.2 else float(a) for a in age],
            "SibSp": rng.poisson(0.5, rows),
            "Ticket": [f"PC {n}" if n % 4 else str(n) for n in rng.integers(1, 700, rows)],
            "Fare": fare,
            "Cabin": [f"{'ABCDE'[n % 5]}{n % 60}" if rng.random() < 0.22 else None for n in range(rows)],
            "Embarked": [None if n == 7 else "SCQ"[n % 3] for n in range(rows)],
            "Boat": boat,
            "Body": body,
        }
    )


def wide(rows: int = 400, columns: int = 5000) -> pl.DataFrame:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(rows, columns))
    y = X[:, :5].sum(axis=1) + rng.normal(size=rows) > 0
    return pl.DataFrame({**{f"g{n:04}": X[:, n] for n in range(columns)}, "ill": np.where(y, "yes", "no")})


TABLES: dict[str, tuple[Callable[[], pl.DataFrame], str]] = {
    **{name: (lambda name=name: toy(name), "target") for name in ("iris", "wine", "breast_cancer", "diabetes")},
    "digits": (lambda: toy("digits"), "target"),
    "flights": (flights, "arr_delay"),
    "titanic": (titanic, "Survived"),
    "wide": (wide, "ill"),
}
