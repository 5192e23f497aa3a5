"""Optuna on the problems of ../_search_problems.ts: a JSON line in, a JSON line out.

{"sampler": "tpe", "problem": "branin", "seed": 3, "trials": 100} gives {"best": ..., "seconds": ...};
{"journal": "file", "trials": 100} gives the seconds of opening it, of importances and of a further trial.
"""
import json
import math
import sys
import time
import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore")

HARTMANN_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
HARTMANN_P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650],
              [4047, 8828, 8732, 5743, 1091, 381]]
HARTMANN_C = [1, 1.2, 3, 3.2]


def floats(trial, count, low, high):
    return [trial.suggest_float(f"x{i}", low, high) for i in range(count)]


def branin(trial):
    x, y = trial.suggest_float("x0", -5, 10), trial.suggest_float("x1", 0, 15)
    inner = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return inner**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(trial):
    x = floats(trial, 6, 0, 1)
    return -sum(c * math.exp(-sum(a * (xj - p / 1e4) ** 2 for a, xj, p in zip(row, x, place)))
                for c, row, place in zip(HARTMANN_C, HARTMANN_A, HARTMANN_P))


def rosenbrock8(trial):
    x = floats(trial, 8, -2.048, 2.048)
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def conditional(trial):
    model = trial.suggest_categorical("model", ["linear", "net", "trees"])
    if model == "linear":
        return 0.5 + 0.1 * (math.log10(trial.suggest_float("alpha", 1e-5, 1, log=True)) + 2) ** 2
    if model == "trees":
        depth, share = trial.suggest_int("depth", 1, 20), trial.suggest_float("share", 0.1, 1)
        return 0.3 + 0.005 * (depth - 7) ** 2 + (share - 0.6) ** 2
    rate, layers = trial.suggest_float("rate", 1e-5, 1e-1, log=True), trial.suggest_int("layers", 1, 3)
    loss = 0.1 + 0.2 * (math.log10(rate) + 3) ** 2 + 0.1 * (3 - layers)
    for i in range(1, layers + 1):
        loss += 0.02 * (math.log2(trial.suggest_int(f"units{i}", 8, 512, log=True)) - 8 + i) ** 2
    return loss


def mixed(trial):
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam", "rmsprop", "nadam"])
    activation = trial.suggest_categorical("activation", ["relu", "elu", "tanh"])
    rate = trial.suggest_float("rate", 1e-5, 1, log=True)
    decay = trial.suggest_float("decay", 1e-7, 1e-1, log=True)
    dropout = trial.suggest_float("dropout", 0, 0.8)
    units = math.log2(trial.suggest_int("units", 8, 1024, log=True)) - 8
    layers = trial.suggest_int("layers", 1, 10)
    off = math.log10(rate) - {"sgd": -1, "adam": -3, "rmsprop": -3.5, "nadam": -2.7}[optimizer]
    return ({"sgd": 0.2, "adam": 0, "rmsprop": 0.1, "nadam": 0.05}[optimizer]
            + {"relu": 0, "elu": 0.05, "tanh": 0.15}[activation] + 0.15 * off**2 + 0.02 * (math.log10(decay) + 4) ** 2
            + (dropout - 0.3) ** 2 + 0.03 * units**2 + 0.02 * (layers - 4) ** 2 + 0.1 * abs(off * units) * layers / 10)


def make_sampler(name, seed):
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed)
    if name == "gp":
        return optuna.samplers.GPSampler(seed=seed)
    return optuna.samplers.CmaEsSampler(seed=seed)


def measure_journal(path, trials):
    """Opens a study, runs trials of nothing, and takes importances: seconds each."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    start = time.perf_counter()
    study = optuna.load_study(study_name="many", storage=JournalStorage(JournalFileBackend(path)),
                              sampler=optuna.samplers.RandomSampler(seed=0))
    len(study.get_trials(deepcopy=False))
    opening = time.perf_counter() - start
    start = time.perf_counter()
    optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    importance = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(trials):
        trial = study.ask()
        for i in range(8):
            trial.suggest_float(f"x{i}", 0, 1)
        study.tell(trial, 0)
    return {"opening": opening, "importance": importance, "trial": (time.perf_counter() - start) / trials}


for line in sys.stdin:
    ask = json.loads(line)
    if "journal" in ask:
        print(json.dumps(measure_journal(ask["journal"], ask["trials"])), flush=True)
        continue
    start = time.perf_counter()
    study = optuna.create_study(sampler=make_sampler(ask["sampler"], ask["seed"]))
    study.optimize(globals()[ask["problem"]], n_trials=ask["trials"])
    print(json.dumps({"best": study.best_value, "seconds": time.perf_counter() - start}), flush=True)
