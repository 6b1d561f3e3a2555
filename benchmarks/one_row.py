"""One row: a dict in, a probability out, on one thread. Ours, checks of the contract included, against the scikit-learn
pipeline on a DataFrame of that row. Median of 5 rounds. Aim: 300 times.
"""

from __future__ import annotations

from pipelines.flights import MODELS, TRAIN, different, labelled, np, pair, records, seconds

MANY, FEW = 2000, 40


def compare(model: str) -> None:
    import pandas as pd

    both = pair(model)
    fresh = labelled(6000, start=TRAIN)[0]
    rows = records(fresh)
    plain, scorer, read = both.reader().plain.read, both.scorer, both.reader().read

    def ours(row: dict[str, object]) -> float:
        usual = plain(row)
        return scorer.row(usual[0])[1] if usual else float(scorer.answers(read([row]).inputs, 1)[1][0])

    def theirs(row: dict[str, object]) -> float:
        return float(both.theirs.predict_proba(pd.DataFrame([row]).fillna(np.nan))[0, 1])

    def told(name: str, some: list[dict[str, object]]) -> None:
        mine, other = seconds(lambda: [ours(row) for row in some], lambda: [theirs(row) for row in some[:FEW]])
        mine, other = mine / len(some), other / FEW
        off = different(np.array([ours(row) for row in some[:FEW]]), np.array([theirs(row) for row in some[:FEW]]))
        print(
            f"{model}, row {name}: {other / mine:,.0f} times scikit-learn ({mine * 1e6:.1f} µs against "
            f"{other * 1e3:.1f} ms), {off}"
        )

    told("complete", [row for row in rows if None not in row.values()][:MANY])
    told("with a gap", [row for row in rows if None in row.values()][:MANY])


for name in MODELS:
    compare(name)
