"""100,000 flights through the whole pipeline on one thread, preprocessing included: ours against the scikit-learn
pipeline, and against the model's own predictor alone on rows already prepared. Median of 5, interleaved.

Aim: 3 times the scikit-learn pipeline with LightGBM, 6 times with HistGradientBoosting.
"""

from __future__ import annotations

from pipelines.flights import TRAIN, different, frame, labelled, pair, seconds

AIMS = {"LightGBM": 3, "HistGradientBoosting": 6}


def compare(model: str) -> None:
    both = pair(model)
    fresh = labelled(100_000, start=TRAIN)[0]
    given, coded = frame(fresh), both.coded(fresh)
    transform, estimator = both.theirs[:-1], both.theirs[-1]
    prepared = transform.transform(given)
    own = estimator.booster_.predict if model == "LightGBM" else estimator.predict_proba
    ours, pipeline, alone = seconds(
        lambda: both.scorer.table(coded), lambda: both.theirs.predict_proba(given), lambda: own(prepared)
    )
    off = different(both.scorer.table(coded).scores, both.theirs.predict_proba(given))
    print(
        f"{model}: {pipeline / ours:.1f} times the scikit-learn pipeline (aim {AIMS[model]}), {alone / ours:.1f} times "
        f"the model's own predictor on prepared rows ({100_000 / ours:,.0f} rows/s), {off}"
    )


for name in AIMS:
    compare(name)
