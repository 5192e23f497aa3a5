import { DatabaseSync } from "node:sqlite";
import { pedAnova, permutationImportance } from "../../../lib/search/analysis/importance.ts";
import { correlate, lossesOf, paretoFront, rowsOf, usable } from "../../../lib/search/analysis/table.ts";
import { decodeTalosCsv, encodeTalosCsv } from "../../../lib/search/analysis/csv.ts";
import { decodeOptunaJournal, encodeOptunaJournal } from "../../../lib/search/analysis/optuna.ts";
import { smoothSurface } from "../../../lib/search/analysis/surface.ts";
import { readOptunaDatabase } from "../../../lib/search/analysis/optuna_database.ts";
import { search } from "../../../lib/search/search.ts";
import { defineSpace, type Params } from "../../../lib/search/space.ts";
import { emptyState, type StudyState } from "../../../lib/search/study_state.ts";
import type { Trial } from "../../../lib/search/trial.ts";
import { createRng, drawInteger } from "../../../lib/base/rng.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

function trialOf(number: number, params: Params, values: number[], more: Partial<Trial> = {}): Trial {
  return {
    number,
    params,
    seed: 0,
    state: "complete",
    attempts: [],
    values,
    reports: [],
    origin: "sampler",
    ...more,
  };
}

/** Sixty trials of four parameters, of which c does little and b nothing. */
const space = defineSpace({
  a: { low: 0, high: 1, float: true },
  b: { low: 1e-4, high: 1, log: true, float: true },
  c: ["p", "q", "r"],
  d: { low: 1, high: 8 },
});
const trials = Array.from({ length: 60 }, (_, i) => {
  const [a, c, d] = [((i * 37) % 60) / 59, "pqr"[Math.floor(i / 7) % 3], 1 + (i * 11) % 8];
  const b = 10 ** (-4 * ((i * 23) % 60) / 59);
  return trialOf(i, { a, b, c, d }, [(a - 0.2) ** 2 + 0.2 * (c === "q" ? 1 : 0) + 0.02 * d]);
});
const losses = lossesOf(trials, ["minimize"]);

Deno.test("pedAnova() gives Optuna's importances", () => {
  const importances = pedAnova(space, trials, losses);
  // python: optuna 5.0.0, get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()) on the same trials
  const expected = {
    a: 0.4564368548003051,
    b: 0.24782200487489087,
    d: 0.19116681871118094,
    c: 0.10457432161362296,
  };
  assertEquals(Object.keys(importances), Object.keys(expected));
  assertClose(Object.values(importances), Object.values(expected), 1e-9);
});

Deno.test("permutationImportance() finds what the objective is made of, and pedAnova() says nothing of nothing", () => {
  const rng = createRng(1);
  const drawn = Array.from({ length: 200 }, (_, i) => {
    const params = {
      a: rng(),
      b: 10 ** (-4 * rng()),
      c: "pqr"[drawInteger(rng, 3)],
      d: 1 + drawInteger(rng, 8),
    };
    return trialOf(i, params, [(params.a - 0.2) ** 2 + 0.3 * (params.c === "q" ? 1 : 0)]);
  });
  const importances = permutationImportance(space, drawn, lossesOf(drawn, ["minimize"]));
  assertEquals(new Set(Object.keys(importances).slice(0, 2)), new Set(["a", "c"]));
  assert(importances.b + importances.d < 0.05, JSON.stringify(importances));
  assertEquals(permutationImportance(space, drawn, lossesOf(drawn, ["minimize"])), importances); // its seed is fixed
  assertEquals(pedAnova(space, trials.slice(0, 1), [1]), { a: 0, b: 0, c: 0, d: 0 });
  const one = defineSpace({ kind: ["x", "y"], only: { low: 0, high: 1, float: true, when: { kind: "y" } } });
  const conditional = [trialOf(0, { kind: "x" }, [1]), trialOf(1, { kind: "y", only: 0.5 }, [0])];
  assert(Object.values(pedAnova(one, conditional, [1, 0])).every(Number.isFinite));
});

Deno.test("correlate() gives SciPy's coefficients", () => {
  const rows = [2, 1, 4, 3, 7, 7].map((y, i) => ({ x: i + 1, y, kind: "text" }));
  // python: scipy.stats.pearsonr(x, y)[0], scipy.stats.spearmanr(x, y)[0]
  assertClose(correlate(rows, "y").x, 0.8874119674649423, 1e-12);
  assertClose(correlate(rows, "y", "spearman").x, 0.8696565534786727, 1e-12);
  assertEquals(Object.keys(correlate(rows, "y")), ["x"]);
  assertThrows(() => correlate(rows, "yy"), RangeError, '(nearest: "y")');
});

Deno.test("paretoFront() leaves out what is worse or breaks a constraint", () => {
  const list = [[1, 5], [2, 4], [2, 6], [0, 9]].map((values, i) => trialOf(i, {}, values));
  list.push(trialOf(4, {}, [0, 0], { constraints: [1] }), trialOf(5, {}, [0, 0], { state: "failed" }));
  assertEquals(paretoFront(list, ["minimize", "minimize"]).map(({ number }) => number), [0, 1, 3]);
  assertEquals(paretoFront(list, ["maximize", "minimize"]).map(({ number }) => number), [1]);
});

/** A scan as source 001 prints it. */
const SCAN = `,start,end,duration,round_epochs,loss,accuracy,val_loss,val_accuracy,activation,dense_1
0,11/29/21-201603,11/29/21-201613,9.483703,20,0.523241,0.7,0.72106,0.483333,relu,64
1,11/29/21-201613,11/29/21-201622,8.852265,20,0.612493,0.657143,0.753675,0.516667,elu,96
`;
const SCANNED = defineSpace({ activation: ["relu", "elu"], dense_1: [32, 64, 96] });

Deno.test("decodeTalosCsv() reads the document's table", () => {
  const read = decodeTalosCsv(SCAN, SCANNED, "val_loss");
  assertEquals(read.map(({ params, values }) => [params, values]), [
    [{ activation: "relu", dense_1: 64 }, [0.72106]],
    [{ activation: "elu", dense_1: 96 }, [0.753675]],
  ]);
  assertEquals(read[0].attempts[0].seconds, 9.483703);
  assertEquals(read[1].metrics, {
    loss: 0.612493,
    accuracy: 0.657143,
    val_loss: 0.753675,
    val_accuracy: 0.516667,
  });
  assertThrows(() => decodeTalosCsv(SCAN, SCANNED, "val_los"), SyntaxError, 'no column "val_los"');
  const other = SCAN.replace("elu,96", "gelu,96");
  assertThrows(
    () => decodeTalosCsv(other, SCANNED, "val_loss"),
    SyntaxError,
    '"gelu" is no value of parameter "activation"',
  );
});

function stateWith(trials: Trial[], objectives: string[]): StudyState {
  const spec = {
    name: "scan",
    space: SCANNED.spec,
    directions: ["minimize" as const],
    objectives,
    sampler: { name: "grid" },
    pruner: { name: "none" },
    seed: 0,
    retries: 0,
  };
  return { ...emptyState(), spec, trials };
}

Deno.test("encodeTalosCsv() writes the document's columns in its order", () => {
  const values = {
    loss: 0.5,
    accuracy: 0.7,
    validationLoss: 0.6,
    validationAccuracy: 0.65,
    learningRate: 0.01,
  };
  const trial = trialOf(0, { dense_1: 64, activation: "relu" }, [0.6], {
    attempts: [{ worker: "w", started: "2021-11-29T20:16:03.000Z", seconds: 9.5 }],
    reports: [{ step: 20, values }],
  });
  const failed = trialOf(1, { dense_1: 32, activation: "elu" }, [], { state: "failed", values: undefined });
  const [header, line, ...more] = encodeTalosCsv(stateWith([trial, failed], ["validationLoss"])).split("\n");
  assertEquals(header, SCAN.split("\n")[0].slice(1));
  assert(/^\d\d\/\d\d\/21-\d{6},\d\d\/\d\d\/21-\d{6},9.5,20,0.5,0.7,0.6,0.65,relu,64$/.test(line), line);
  assertEquals(more, [""]);
});

Deno.test("encodeOptunaJournal() and decodeOptunaJournal() are each other's inverse", () => {
  const reports = [{ step: 1, values: { loss: 2 } }];
  const list = [
    trialOf(0, { activation: "relu", dense_1: 64 }, [0.5], { reports }),
    trialOf(1, { activation: "elu", dense_1: 32 }, [0.25], { state: "pruned" }),
    trialOf(2, { activation: "elu", dense_1: 96 }, [0.75]),
  ];
  const text = encodeOptunaJournal(stateWith(list, ["loss"]), SCANNED);
  const read = decodeOptunaJournal(text + '{"op_code": 4, "half', SCANNED);
  assertEquals(read.map(({ params, values }) => [params, values]), [
    [{ activation: "relu", dense_1: 64 }, [0.5]],
    [{ activation: "elu", dense_1: 96 }, [0.75]],
  ]);
  assertThrows(() => decodeOptunaJournal(`{half\n${text}`, SCANNED), SyntaxError, "at line 1");
});

Deno.test("encodeOptunaJournal() writes states, values and times as Optuna numbers them", () => {
  // optuna.trial.TrialState: RUNNING = 0, COMPLETE = 1, PRUNED = 2, FAIL = 3; optuna.study.StudyDirection: MINIMIZE = 1,
  // MAXIMIZE = 2
  const reports: Trial["reports"] = [{ step: 1, values: { loss: 2, other: 7 } }, {
    step: 4,
    values: { other: 8 },
  }];
  const attempts = [{ started: "2026-11-02T10:00:00.000Z", seconds: 90.5 }] as unknown as Trial["attempts"];
  const params = { activation: "elu", dense_1: 96 };
  const list = [
    trialOf(5, params, [0.5], { reports, attempts, metrics: { size: 3 } }),
    trialOf(6, params, [0.25], { state: "pruned" }),
    trialOf(7, { dense_1: 32 }, [0.75], { state: "failed" }),
    trialOf(8, params, [1], { state: "running" }),
  ];
  const linesOf = (state: StudyState) =>
    encodeOptunaJournal(state, SCANNED).trimEnd().split("\n").map((line) => JSON.parse(line));
  const [head, done, pruned, failed, ...more] = linesOf(stateWith(list, ["loss"]));
  assertEquals([head.op_code, head.directions, more.length], [0, [1], 0]);
  assertEquals(
    [done, pruned, failed].map((
      { op_code, trial_id, state, value, values },
    ) => [op_code, trial_id, state, value, values]),
    [
      [4, 0, 1, 0.5, null],
      [4, 1, 2, 0.25, null],
      [4, 2, 3, null, null],
    ],
  );
  assertEquals([done.datetime_start, done.datetime_complete], [
    "2026-11-02T10:00:00.000000",
    "2026-11-02T10:01:30.500000",
  ]);
  assertEquals([done.intermediate_values, done.user_attrs], [{ "1": 2 }, { size: 3 }]);
  assertEquals([done.params, failed.params], [{ activation: 1, dense_1: 2 }, { dense_1: 0 }]);
  assertEquals(Object.keys(failed.distributions), ["dense_1"]);
  const numbers = defineSpace({
    n: { low: 1, high: 9, step: 2 },
    x: { low: 1e-3, high: 1, log: true, float: true },
    y: { low: 0, high: 1, step: 0.25, float: true },
  });
  const several = stateWith([trialOf(0, { n: 3, x: 0.5, y: 0.25 }, [1, 2])], ["loss", "speed"]);
  const two = encodeOptunaJournal({
    ...several,
    spec: { ...several.spec!, directions: ["minimize", "maximize"] },
  }, numbers);
  const [top, one] = two.split("\n").slice(0, 2).map((line) => JSON.parse(line));
  assertEquals([top.directions, one.value, one.values], [[1, 2], null, [1, 2]]);
  assertEquals(Object.values(one.distributions as Record<string, string>).map((text) => JSON.parse(text)), [
    { name: "IntDistribution", attributes: { log: false, step: 2, low: 1, high: 9 } },
    { name: "FloatDistribution", attributes: { step: null, low: 1e-3, high: 1, log: true } },
    { name: "FloatDistribution", attributes: { step: 0.25, low: 0, high: 1, log: false } },
  ]);
  assertThrows(() => encodeOptunaJournal(emptyState(), SCANNED), Error, "Cannot export a study that is none");
});

Deno.test("decodeOptunaJournal() reads what Optuna 5 writes", () => {
  // python: optuna 5.0.0, study.optimize over JournalStorage; two trials, worker ids and dates shortened
  const written = [
    '{"op_code": 0, "worker_id": "w", "study_name": "s", "directions": [1]}',
    '{"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "2026-11-27T00:00:00.000000"}',
    '{"op_code": 5, "worker_id": "w", "trial_id": 0, "param_name": "dense_1", "param_value_internal": 2, ' +
    '"distribution": "{\\"name\\": \\"CategoricalDistribution\\", \\"attributes\\": {\\"choices\\": [32, 64, 96]}}"}',
    '{"op_code": 5, "worker_id": "w", "trial_id": 0, "param_name": "activation", "param_value_internal": 0, ' +
    '"distribution": "{\\"name\\": \\"CategoricalDistribution\\", \\"attributes\\": {\\"choices\\": [\\"relu\\", \\"elu\\"]}}"}',
    '{"op_code": 6, "worker_id": "w", "trial_id": 0, "state": 1, "values": [0.125], "datetime_complete": "2026-11-27T00:00:01.000000"}',
    '{"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "2026-11-27T00:00:02.000000"}',
    "",
  ].join("\n");
  const [read, ...more] = decodeOptunaJournal(written, SCANNED);
  assertEquals([read.params, read.values, more.length], [{ dense_1: 96, activation: "relu" }, [0.125], 0]);
});

Deno.test("rowsOf() has what a scan's table has", async () => {
  const { study, trials } = await search({ a: [1, 2] }, async ({ a }, trial) => {
    await trial.report(3, { value: Number(a), accuracy: 0.5 });
    return { values: Number(a), metrics: { size: 7 } };
  }, { sampler: "grid" });
  const rows = rowsOf(study.state).map(({ duration: _, ...row }) => row);
  assertEquals(rows[1], { trial: 1, round_epochs: 3, value: 2, accuracy: 0.5, size: 7, a: 2 });
  assertEquals(usable(trials).length, 2);
});

Deno.test("smoothSurface() weighs trials by a normal distribution around each cell", () => {
  const { dimensions: [x, kind] } = defineSpace({
    x: { low: 1, high: 100, log: true, float: true },
    kind: ["p", "q"],
  });
  const at = (place: number, kind: string, value: number) => trialOf(0, { x: 100 ** place, kind }, [value]);
  // python: w = math.sqrt(1/12) * 2**(-1/6); a, b = [math.exp(-.5 * ((12.5/24 - p)/w)**2) for p in (.25, .75)]; b / (a + b)
  const both = smoothSurface(x, kind, [at(0.25, "p", 0), at(0.75, "p", 1)]);
  assertEquals(both.length, 48);
  const cell = both[24];
  assertClose([Number(cell.a.from), cell.a.to!, cell.value], [10, 100 ** (13 / 24), 0.5392913539], 1e-6);
  assertEquals([cell.b.from, both[25].b.from], ["p", "q"]);
  assertClose(both[25].value, cell.value, 1e-9); // nobody tried "q": as for "p"
  // python: b * 1e-3 / (a + b * 1e-3)
  const apart = smoothSurface(x, kind, [at(0.25, "p", 0), at(0.75, "q", 1)]);
  assertClose(apart[24].value, 0.0011692006, 1e-6);
  assertEquals(smoothSurface(x, kind, []), []);
});

Deno.test("smoothSurface() cuts a range into 24 stretches of its own units", () => {
  const { dimensions: [x, kind] } = defineSpace({ x: { low: 10, high: 58, float: true }, kind: ["p"] });
  const cells = smoothSurface(x, kind, [
    trialOf(0, { x: 20, kind: "p" }, [1]),
    trialOf(1, { x: 40, kind: "p" }, [1]),
  ]);
  assertEquals(cells.length, 24);
  assertClose(cells.map(({ a }) => Number(a.from)), Array.from({ length: 24 }, (_, i) => 10 + 2 * i), 1e-12);
  assertClose(cells.map(({ a }) => a.to!), Array.from({ length: 24 }, (_, i) => 12 + 2 * i), 1e-12);
  assertClose(cells.map(({ value }) => value), Array(24).fill(1), 1e-9);
});

/** A database with the tables of Optuna 5 that are read, and what its two studies held. */
function makeOptunaDatabase(path: string): void {
  using database = new DatabaseSync(path);
  database.exec(OPTUNA_DATABASE);
}

// python, sqlite3 .dump of what optuna 5.0.0 wrote: create_study(study_name="net", storage="sqlite:///study.db",
// direction="maximize", sampler=RandomSampler(seed=1)).optimize(f, n_trials=4, catch=ValueError) with f taking kind of
// ["a", "b"], rate of 1e-4 to 1e-1 (log) and n of 1 to 5, giving rate * n, and raising in trial 2; two columns left out
const OPTUNA_DATABASE = `
CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id));
CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL,
  PRIMARY KEY (trial_id));
CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
  distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name));
CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT NULL,
  value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id));
INSERT INTO studies VALUES (1, 'net'), (2, 'other');
INSERT INTO trials VALUES (1, 0, 1, 'COMPLETE'), (2, 1, 1, 'COMPLETE'), (3, 2, 1, 'FAIL'), (4, 3, 1, 'COMPLETE');
INSERT INTO trial_params VALUES ${
  [[1, 1, 0.00010007903854383786, 2], [2, 0, 0.0003620600725744741, 2], [3, 1, 0.0018096039818770826, 4], [
    4,
    1,
    0.00012082666253305466,
    4,
  ]].map(([trial, kind, rate, n], i) =>
    `(${
      3 * i + 1
    }, ${trial}, 'kind', ${kind}, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
(${
      3 * i + 2
    }, ${trial}, 'rate', ${rate}, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.1, "log": true}}'),
(${
      3 * i + 3
    }, ${trial}, 'n', ${n}, '{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 5}}')`
  ).join(",")
};
INSERT INTO trial_values VALUES (1, 1, 0, 0.0002001580770876757, 'FINITE'), (2, 2, 0, 0.0007241201451489482, 'FINITE'),
  (3, 4, 0, NULL, 'INF_POS');
`;

Deno.test("readOptunaDatabase() reads what Optuna 5 keeps in SQLite", () =>
  withFolder((folder) => {
    const path = `${folder}/study.db`;
    makeOptunaDatabase(path);
    const space = defineSpace({
      kind: ["a", "b"],
      rate: { low: 1e-4, high: 0.1, log: true },
      n: { low: 1, high: 5 },
    });
    const trials = readOptunaDatabase(path, space, { study: "net" });
    assertEquals(trials.map(({ params, values, origin }) => ({ params, values, origin })), [
      {
        params: { kind: "b", rate: 0.00010007903854383786, n: 2 },
        values: [0.0002001580770876757],
        origin: "import",
      },
      {
        params: { kind: "a", rate: 0.0003620600725744741, n: 2 },
        values: [0.0007241201451489482],
        origin: "import",
      },
    ]);
    assertEquals(readOptunaDatabase(path, space, { study: "other" }), []);
    assertThrows(() => readOptunaDatabase(path, space), RangeError, "name one; there are net, other");
    assertThrows(() => readOptunaDatabase(path, space, { study: "nett" }), RangeError, '(nearest: "net")');
    const small = defineSpace({
      kind: ["a"],
      rate: { low: 1e-4, high: 0.1, log: true },
      n: { low: 1, high: 5 },
    });
    assertThrows(
      () => readOptunaDatabase(path, small, { study: "net" }),
      SyntaxError,
      'Cannot import "b" of "kind"',
    );
    Deno.writeTextFileSync(
      `${folder}/text.db`,
      "no database at all, but long enough to be taken for one".repeat(20),
    );
    assertThrows(() => readOptunaDatabase(`${folder}/text.db`, space), Error, "as a database of Optuna");
    assertThrows(() => readOptunaDatabase(`${folder}/none.db`, space), Deno.errors.NotFound);
    return Promise.resolve();
  }));
