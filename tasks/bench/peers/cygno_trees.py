"""Gradient-boosted trees on what an analysis measures of a track: length, width, density.

Usage: cygno_trees.py TRAIN TEST, files of float32 rows (length, width, density, label). Writes JSON: "scores" of TEST.
Settings are chosen by early stopping on a tenth of TRAIN.
"""

import json
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

train, test = (np.fromfile(path, np.float32).reshape(-1, 4) for path in sys.argv[1:3])
trees = HistGradientBoostingClassifier(
    max_iter=1000, learning_rate=0.03, max_leaf_nodes=15, early_stopping=True, n_iter_no_change=30, random_state=0
)
trees.fit(train[:, :3], train[:, 3])
print(json.dumps({"scores": [round(float(p), 6) for p in trees.predict_proba(test[:, :3])[:, 1]]}))
