import { join } from "@std/path";
import { startEngine } from "../../../../lib/engine/mod.ts";
import {
  columnsBehind,
  reachedColumns,
  superNemoCalorimeter,
} from "../../../../lib/experiments/supernemo/calorimeter.ts";
import type { Options } from "../../../../lib/run/experiment.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
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

Deno.test("reachedColumns() marks modules, columnsBehind() what lies behind the last layer", () => {
  const rows = Uint32Array.of(0, 0);
  assertEquals(ones(reachedColumns({ events: EVENT, rows }).data), [0, 21, 22, 43]);
  assertEquals(ones(columnsBehind(EVENT.hits).data), [1, 20]);
  const real = { ...EVENT, calorimeter: { ...EVENT.calorimeter, module: Uint16Array.of(7, 600) } };
  assertThrows(() => reachedColumns({ events: real, rows }), TypeError, "calo_column 0 to 21");
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
