"""What the Python peers of the export tests share.

A peer reads lines that name two files: one JSON object is in the first, a list of cases by task, and the answers go into
the second, before "answered" is printed; one process serves a whole test, as imports take seconds. Arrays travel as
{"shape": [...], "data": [...]}.
"""

import json
import sys

import numpy as np


def array(value):
    value = np.asarray(value)
    return {"shape": list(value.shape), "data": value.astype(np.float64).ravel().tolist()}


def numbers(value, dtype="float32"):
    return np.array(value["data"], dtype=dtype).reshape(value["shape"])


def guarded(function):
    def call(case):
        try:
            return function(case)
        except Exception as error:  # reported case by case, so that one failure hides no other
            return {"error": f"{type(error).__name__}: {error}"[:2000]}

    return call


def serve(tasks):
    for line in sys.stdin:
        files = json.loads(line)
        with open(files["question"], encoding="utf-8") as file:
            request = json.load(file)
        answer = {task: [guarded(tasks[task])(case) for case in cases] for task, cases in request.items()}
        with open(files["answer"], "w", encoding="utf-8") as file:
            json.dump(answer, file)
        print("\nanswered", flush=True)  # a progress bar may stand before it
