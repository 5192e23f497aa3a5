"""Gradient-boosted trees on what an analysis measures of a track.

Usage: cygno_trees.py TRAIN TEST, files of float32 rows (ten measures, the first of them length, width and density; label; energy).
Writes JSON for TEST: "three" and "ten", P(nuclear) from three and from all measures, and "energies" from all.
Settings are chosen by early stopping on a tenth of TRAIN.
"""

import json
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

train, test = (np.fromfile(path, np.float32).reshape(-1, 12) for path in sys.argv[1:3])
settings = dict(
    max_iter=1000, learning_rate=0.03, max_leaf_nodes=15, early_stopping=True, n_iter_no_change=30, random_state=0
)


def kinds(measures):
    trees = HistGradientBoostingClassifier(**settings).fit(train[:, :measures], train[:, 10])
    return trees.predict_proba(test[:, :measures])[:, 1]


energies = HistGradientBoostingRegressor(**settings).fit(train[:, :10], train[:, 11]).predict(test[:, :10])
found = {"three": kinds(3), "ten": kinds(10), "energies": energies}
print(json.dumps({name: [round(float(value), 6) for value in values] for name, values in found.items()}))
