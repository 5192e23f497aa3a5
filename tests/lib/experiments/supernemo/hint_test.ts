import { join } from "@std/path";
import { startEngine } from "../../../../lib/engine/mod.ts";
import { segmentsOf, superNemoHint, valuesOf } from "../../../../lib/experiments/supernemo/hint.ts";
import type { Options } from "../../../../lib/run/experiment.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";

await startEngine();

const truth = {
  offsets: Uint32Array.of(0, 1, 2, 4),
  side: Uint8Array.of(0, 0, 1, 1),
  vertexYMm: Float32Array.of(-2486, 1, 0, 0),
  vertexZMm: new Float32Array(4),
  slopeY: Float32Array.of(0, 50, 0, 0),
  slopeZ: new Float32Array(4),
};
const none = new Uint8Array(0), numbers = new Float32Array(0);
const hits = {
  offsets: new Uint32Array(4),
  side: none,
  layer: none,
  column: none,
  radiusMm: numbers,
  heightMm: numbers,
};

Deno.test("segmentsOf() tells angle and foil in segments, of events of one track only", () => {
  const events = { hits, truth, firstWireMm: 51 }, rows = Uint32Array.of(1, 0);
  assertEquals([...segmentsOf({ events, rows }, "angle")], [4, 2]);
  assertEquals([...segmentsOf({ events, rows }, "foil")], [5, 0]);
  assertEquals([...valuesOf({ events, rows }, "foil")], [1, -2486]);
  assertClose(valuesOf({ events, rows }, "angle"), [88.8542, 0], 1e-4);
  const two = () => segmentsOf({ events, rows: Uint32Array.of(2) }, "foil");
  assertThrows(two, RangeError, "Cannot learn from event 2 as it must have one track: got 2");
});

for (const as of ["segments", "value"] as const) {
  Deno.test(`supernemo-hint trains on ${as}, and serves as trained`, () => train(as));
}

async function train(as: "segments" | "value") {
  const folder = await Deno.makeTempDir();
  try {
    const values = Object.fromEntries(
      Object.entries(superNemoHint.options).map((
        [name, spec],
      ) => [name, "default" in spec ? spec.default : []]),
    );
    const lines: string[] = [];
    const { metrics } = await runExperiment(superNemoHint, {
      folder: join(folder, "run"),
      options: { ...values, events: 80, testEvents: 40, epochs: 1, batch: 16, seed: 1, as } as Options<
        typeof superNemoHint.options
      >,
      dataFolder: folder,
      log: (line) => lines.push(line),
    });
    if (as === "segments") {
      assertEquals(metrics!.accuracy.n, 40);
      assert(metrics!.withinOneSegment.value >= metrics!.accuracy.value);
    } else {
      assertEquals([metrics!.rms.n, metrics!.rms.units], [40, "degrees"]);
      const { value } = metrics!.rms.baseline!;
      assert(value > 40 && value < 60, `${value}°: isotropic directions, 90° / √3 if they were uniform`);
    }
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
