"""Gradient-boosted trees on what an analysis measures of a shower: how hard a set of calorimeter pictures is without a network.

Usage: ecal_trees.py PHOTONS.hdf5 ELECTRONS.hdf5. The first three quarters of each file train, the rest tests.
Writes JSON: "shapes", the AUC by 19 shower shapes; "cells", by these and the energies of a few cells; "times", by times alone.
"""

import json
import sys

import h5py
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score


def shapes(energy):
    """Sums, shares, moments along both axes plain and by logarithmic weights, and sizes: [n, 19] of [n, 32, 32]."""
    n, place = len(energy), np.arange(32) - 16.0
    total = energy.sum((1, 2))
    along, across = energy.sum(1) / total[:, None], energy.sum(2) / total[:, None]
    x, y = along @ place, across @ place
    xx, yy = along @ place**2 - x**2, across @ place**2 - y**2
    xy = np.einsum("nij,i,j->n", energy, place, place) / total - x * y
    skew = np.einsum("nj,nj->n", along, (place[None] - x[:, None]) ** 3)
    weight = np.maximum(0, 4.7 + np.log(np.maximum(energy, 1e-9) / total[:, None, None]))
    weight[:, :14] = weight[:, 19:] = 0
    whole = weight.sum((1, 2))
    log_x, log_y = weight.sum(1) @ place / whole, weight.sum(2) @ place / whole
    log_xx = weight.sum(1) @ place**2 / whole - log_x**2
    log_yy = weight.sum(2) @ place**2 / whole - log_y**2
    shares = [energy[:, 16 - h : 17 + h, 16 - h : 17 + h].sum((1, 2)) / total for h in (0, 1, 2)]
    hits, columns = (energy > 0).sum((1, 2)), (energy[:, 14:19] > 0).any(1).sum(1)
    columns_of = [total, *shares, x, y, np.abs(x), xx, yy, xy, skew, np.abs(skew)]
    columns_of += [log_x, log_xx, log_y, log_yy, log_xx / (log_yy + 1e-3), hits, columns]
    return np.stack(columns_of, 1).reshape(n, 19)


pictures, labels, trains = [], [], []
for path in sys.argv[1:3]:
    with h5py.File(path) as file:
        pictures.append(file["X"][:])
        labels.append(file["y"][:])
    trains.append(np.arange(len(labels[-1])) < len(labels[-1]) * 3 // 4)
pictures, labels, train = np.concatenate(pictures), np.concatenate(labels), np.concatenate(trains)
energy, time = pictures[..., 0].astype(np.float64), pictures[..., 1]
total = energy.sum((1, 2))
middle = energy[:, 13:20, 6:27] / total[:, None, None]
features = {
    "shapes": shapes(energy),
    "cells": np.concatenate([shapes(energy), middle.sum(1), middle[:, 2:5].reshape(len(labels), -1)], 1),
    "times": np.concatenate([time[:, 12:21, 4:29].reshape(len(labels), -1), (time != 0)[:, 12:21].sum(1)], 1),
}
result = {}
for name, values in features.items():
    trees = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.08, max_leaf_nodes=15, l2_regularization=1, random_state=0
    )
    trees.fit(values[train], labels[train])
    result[name] = round(float(roc_auc_score(labels[~train], trees.predict_proba(values[~train])[:, 1])), 4)
print(json.dumps(result))
