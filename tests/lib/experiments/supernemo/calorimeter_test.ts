import { join } from "@std/path";
import { startEngine } from "../../../../lib/engine/mod.ts";
import {
  associationTarget,
  superNemoCalorimeter,
} from "../../../../lib/experiments/supernemo/calorimeter.ts";
import {
  PLACES,
  placesBehind,
  placesByFits,
  reachedPlaces,
} from "../../../../lib/experiments/supernemo/calorimeter_places.ts";
import {
  compareAssociations,
  plotAssociations,
} from "../../../../lib/experiments/supernemo/compare_associations.ts";
import { readSuperNemo } from "../../../../lib/data/supernemo.ts";
import type { Options } from "../../../../lib/run/experiment.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { superNemoFileName, writeSuperNemo } from "../../../../lib/simulate/supernemo/set.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";

await startEngine();

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

type Values = Options<typeof superNemoCalorimeter.options>;

function options(changes: Partial<Values> = {}): Values {
  const values = Object.fromEntries(
    Object.entries(superNemoCalorimeter.options).map((
      [name, spec],
    ) => [name, "default" in spec ? spec.default : []]),
  );
  return { ...values, events: 80, testEvents: 40, epochs: 1, batch: 16, seed: 1, ...changes } as Values;
}

/** One event: hits in the last layer at column 0 and 112, one in the layer before, modules 0 and 21. */
const EVENT = {
  hits: {
    offsets: Uint32Array.of(0, 3),
    side: Uint8Array.of(0, 0, 0),
    layer: Uint8Array.of(8, 7, 8),
    column: Uint8Array.of(0, 50, 112),
    radiusMm: new Float32Array(3),
    heightMm: new Float32Array(3),
  },
  calorimeter: { offsets: Uint32Array.of(0, 2), column: Uint8Array.of(0, 21), row: Uint8Array.of(0, 14) },
  firstWireMm: 22,
};

/** Numbers of those that are 1. */
const ones = (data: Uint8Array) => [...data.keys()].filter((i) => data[i] === 1);

Deno.test("true lines reach the parts that simulated events say, and so do fitted ones", async (t) => {
  for (const law of ["document", "detector"] as const) {
    const into = join(folder, `fits_${law}`), events = 150;
    await Deno.mkdir(into);
    await writeSuperNemo(into, { law, tracks: [1], events }, { seed: 41 });
    const set = await readSuperNemo([join(into, superNemoFileName(law, 1, 0))]), truth = set.truth!;
    const rows = Uint32Array.from({ length: events }, (_, i) => i);
    for (const name of law === "document" ? ["columns", "rows"] as const : ["modules"] as const) {
      await t.step(`${law}, ${name}`, () => {
        const { data: reached, shape: [, parts] } = reachedPlaces({ events: set, rows }, name);
        const isRight = (event: number, part: number | undefined) => reached[event * parts + part!] === 1;
        const straight = [...rows].filter((event) => !truth.kinked?.[event]);
        const missed = straight.filter((event) => {
          const { side, vertexYMm, vertexZMm, slopeY, slopeZ } = truth;
          const line = {
            ...{ side: side[event], vertexYMm: vertexYMm[event], vertexZMm: vertexZMm[event] },
            ...{ angleDegrees: Math.atan(slopeY[event]) * 180 / Math.PI, slopeZ: slopeZ[event] },
          };
          return !isRight(event, PLACES[name].reachedBy(line));
        });
        assert(straight.length > 50, `${straight.length} straight tracks`);
        assertEquals(missed, [], "true lines");
        const fitted = placesByFits(set, rows, name, () => 1).data;
        const found = straight.filter((event) =>
          isRight(event, fitted.indexOf(1, event * parts) - event * parts)
        );
        const least = { columns: 0.97, rows: 0.9, modules: 0.7 }[name];
        assert(found.length / straight.length > least, `${found.length} of ${straight.length} by fits`);
      });
    }
  }
});

Deno.test("reachedPlaces() marks what was reached, placesBehind() what lies behind the last layer", () => {
  const rows = Uint32Array.of(0, 0);
  assertEquals(ones(reachedPlaces({ events: EVENT, rows }, "columns").data), [0, 21, 22, 43]);
  assertEquals(ones(reachedPlaces({ events: EVENT, rows }, "rows").data), [0, 14, 15, 29]);
  assertEquals(ones(placesBehind(EVENT.hits, "columns").data), [1, 20]);
  assertEquals(ones(placesBehind(EVENT.hits, "rows").data), [], "no hit has a height");
  const heights = { ...EVENT.hits, heightMm: Float32Array.of(-1549, 0, 1) };
  assertEquals(ones(placesBehind(heights, "rows").data), [1, 7]);
  // Module 13 · column + row of side 0: y = -2464 mm is in column 0, z = -1549 mm in row 0 and 1 mm in row 6.
  assertEquals(ones(placesBehind(heights, "modules").data), [0, 13 * 19 + 6]);
});

Deno.test("reachedPlaces() takes modules by their numbers, without what gammas reached", () => {
  const rows = Uint32Array.of(0);
  const calorimeter = { ...EVENT.calorimeter, module: Uint16Array.of(7, 600), tracks: Uint16Array.of(0, 1) };
  const real = { ...EVENT, calorimeter };
  assertEquals(ones(reachedPlaces({ events: real, rows }, "modules").data), [600]);
  assertThrows(() => reachedPlaces({ events: real, rows }, "columns"), TypeError, "calo_column 0 to 21");
  assertThrows(() => reachedPlaces({ events: EVENT, rows }, "modules"), TypeError, "must have calo_id");
});

Deno.test("associationTarget() shares 1 among the parts, or names the one", () => {
  const both = { data: Uint8Array.of(1, 0, 1, 0, 1, 0), shape: [2, 3] };
  assertClose(associationTarget(both, "softmax").data, [0.5, 0, 0.5, 0, 1, 0], 1e-6);
  assertEquals([...associationTarget(both, "sigmoid").data], [1, 0, 1, 0, 1, 0]);
  assertThrows(() => associationTarget(both, "single"), RangeError, "event 0 reaches 2: choose --tracks 1");
  const one = { data: Uint8Array.of(0, 1, 0), shape: [1, 3] };
  assertEquals(associationTarget(one, "single"), { data: Int32Array.of(1), shape: [1] });
});

for (const loss of ["sigmoid", "softmax"] as const) {
  Deno.test(`supernemo-calorimeter trains by ${loss}, and serves labels as trained`, async () => {
    const lines: string[] = [];
    const { card, metrics } = await runExperiment(superNemoCalorimeter, {
      folder: join(folder, loss),
      options: options({ loss }),
      dataFolder: folder,
      log: (line) => lines.push(line),
    });
    const [output] = card!.outputs;
    assert(output.kind === "labels" && output.labels.length === 22);
    assertEquals(output.thresholds![3], loss === "sigmoid" ? 0.5 : 0.25);
    assertEquals(metrics!.exactMatch.n, 40);
    const { coverage, f1 } = metrics!;
    assert(coverage.low < coverage.value && coverage.value < coverage.high, JSON.stringify(coverage));
    assertEquals([coverage.n, f1.n], [40, 40]);
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
    const data = await superNemoCalorimeter.load(options({ loss }), { dataFolder: folder, log: () => {} });
    const { targets } = await data.train.read(Uint32Array.of(0, 1, 2));
    const sums = [0, 1, 2].map((row) =>
      Array.from(targets.columns.data.subarray(row * 22, row * 22 + 22)).reduce((a, b) => a + b, 0)
    );
    if (loss === "softmax") assertClose(sums, [1, 1, 1], 1e-6);
    else assert(sums.every((sum) => sum === 1 || sum === 2), String(sums));
  });
}

Deno.test("supernemo-calorimeter names the one row of one track, and modules of the hard generator", async () => {
  const cases = [
    { learn: "rows", loss: "single", tracks: 1, kind: "classes", labels: 15 },
    { learn: "modules", loss: "sigmoid", tracks: 2, kind: "labels", labels: 712 },
  ] as const;
  for (const { kind, labels, ...own } of cases) {
    const lines: string[] = [];
    const settled = superNemoCalorimeter.resolveOptions!(options(own), new Set());
    const { card, metrics } = await runExperiment(superNemoCalorimeter, {
      folder: join(folder, own.learn),
      options: settled,
      dataFolder: folder,
      log: (line) => lines.push(line),
    });
    const [output] = card!.outputs;
    assertEquals([output.kind, (output as { labels: string[] }).labels.length], [kind, labels]);
    assertEquals([metrics!.bestIsReached.n, card!.inputs.length], [40, own.learn === "rows" ? 1 : 3]);
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
  }
});

Deno.test("supernemo-calorimeter --model document counts tracks and names columns by one network", async () => {
  const published = superNemoCalorimeter.resolveOptions!(options({ model: "document" }), new Set(["epochs"]));
  assertEquals([published.batch, published.epochs, published.loss], [512, 1, "sigmoid"]);
  const context = { dataFolder: folder, log: () => {} }, few = { ...published, events: 40, testEvents: 40 };
  const data = await superNemoCalorimeter.load({ ...few, batch: 16 }, context);
  const { targets } = await data.train.read(Uint32Array.from({ length: data.train.size }, (_, i) => i));
  assertEquals([...new Set(Array.from(targets.tracks.data))].sort(), [0, 1, 2, 3]);
  assertEquals(targets.columns.shape[1], 22);
  const n = data.test.size, row = (values: number[]) => Array.from({ length: n }, () => values).flat();
  const tracks = { data: Float32Array.from(row([1, 0, 0, 0])), shape: [n, 4] };
  const columns = { data: Float32Array.from(data.reached.data), shape: data.reached.shape };
  const { metrics } = await superNemoCalorimeter.evaluate(
    { tracks, columns },
    data,
    few,
    undefined as never,
  );
  assertEquals([metrics.countAccuracy.value, metrics.exactMatch.value], [0.25, 1]);
  assertThrows(
    () => superNemoCalorimeter.build({ ...few, learn: "rows" }, data),
    RangeError,
    "Cannot train the published network but on --learn columns",
  );
});

Deno.test("compareAssociations() trains both forms for each number of tracks, and draws them in one chart", async () => {
  const context = { dataFolder: folder, log: () => {} };
  const all = await compareAssociations(options({ events: 40 }), context, { trackCounts: [3] });
  assertEquals(
    all.map(({ form, tracks }) => `${form} ${tracks}`),
    ["softmax 3", "sigmoid 3"],
  );
  assert(all.every(({ metrics }) => metrics.exactMatch.n === 40));
  const { layer } = plotAssociations(all) as unknown as { layer: { data?: { values: unknown[] } }[] };
  assertEquals(layer[2].data!.values, [
    { group: "3 tracks", series: "softmax", value: 0.865 },
    { group: "3 tracks", series: "sigmoid", value: 0.412 },
  ]);
});
