"""The Python side of tasks/bench/io.ts: h5py and uproot. One JSON object a line in, one out."""
import json
import sys
import time

import h5py
import numpy as np

SHAPE = (32, 32, 2)


def make_hdf5(path, rows, way):
    """Sparse pictures as the published calorimeter files: 4.5 % of values are not zero."""
    rng = np.random.default_rng(1)
    packing = dict(lzf=dict(compression="lzf"), gzip=dict(compression="gzip", compression_opts=4))[way]
    with h5py.File(path, "w") as file:
        data = file.create_dataset("X", (rows, *SHAPE), "f4", chunks=(100, *SHAPE), **packing)
        for first in range(0, rows, 5000):
            count = min(5000, rows - first)
            block = rng.standard_normal((count, *SHAPE)).astype("f4")
            block[rng.random(block.shape) > 0.045] = 0
            block[:, 0, 0, 0] = np.arange(first, first + count)
            data[first : first + count] = block


def sequential(path):
    start, total = time.perf_counter(), 0.0
    with h5py.File(path) as file:
        data = file["X"]
        for first in range(0, data.shape[0], 1000):
            total += float(data[first : first + 1000].reshape(-1, 2048)[:, 0].sum(dtype="f8"))
    return time.perf_counter() - start, total


def slabs(path, places):
    start, total = time.perf_counter(), 0.0
    with h5py.File(path) as file:
        data = file["X"]
        for first in places:
            total += float(data[first : first + 32].reshape(-1, 2048)[:, 0].sum(dtype="f8"))
    return time.perf_counter() - start, total


def tracks(path, names):
    """Sums of jagged branches, which both sides read whole."""
    import awkward as ak
    import uproot

    start, total = time.perf_counter(), 0.0
    with uproot.open(path) as file:
        tree = file["hit_tree"]
        for name in names:
            total += float(ak.sum(tree[name].array()))
    return time.perf_counter() - start, total


for line in sys.stdin:
    order = json.loads(line)
    if order["do"] == "make":
        make_hdf5(order["path"], order["rows"], order["way"])
        print(json.dumps({}), flush=True)
    else:
        if order["do"] == "tracks":
            seconds, total = tracks(order["path"], order["names"])
        elif order["do"] == "sequential":
            seconds, total = sequential(order["path"])
        else:
            seconds, total = slabs(order["path"], order["places"])
        print(json.dumps(dict(seconds=seconds, sum=total)), flush=True)
