import { join } from "@std/path";
import { createRng } from "../../../../lib/base/rng.ts";
import { readSuperNemo } from "../../../../lib/data/supernemo.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import {
  addIsolatedHits,
  loseHeights,
  measureRobustness,
} from "../../../../lib/experiments/supernemo/robustness.ts";
import { superNemoFileName, writeSuperNemo } from "../../../../lib/simulate/supernemo/set.ts";
import { assert, assertEquals } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";

/** Two events of one hit each. */
const HITS = {
  offsets: Uint32Array.of(0, 1, 2),
  side: Uint8Array.of(1, 0),
  layer: Uint8Array.of(3, 4),
  column: Uint8Array.of(30, 40),
  radiusMm: Float32Array.of(5, 6),
  heightMm: Float32Array.of(700, 800),
};

Deno.test("addIsolatedHits() adds as many as it says after an event's own, loseHeights() only touches heights", () => {
  const grown = addIsolatedHits(HITS, 2, createRng(1, 1));
  assertEquals([[...grown.offsets], grown.column[0], grown.column[3]], [[0, 3, 6], 30, 40]);
  assertEquals([...grown.side], [1, 1, 1, 0, 0, 0]);
  assert(grown.layer.every((layer) => layer < 9) && grown.column.every((column) => column < 113));
  const rolls = [0.2, 0.05], lost = loseHeights(HITS, 0.1, () => rolls.shift()!);
  assertEquals([[...lost.heightMm], lost.radiusMm], [[700, 0], HITS.radiusMm]);
});

Deno.test("measureRobustness() gives each set before and after what helps", () =>
  withFolder(async (folder) => {
    await startEngine();
    const read = async (law: "document" | "detector") => {
      await writeSuperNemo(folder, { law, tracks: [1], events: 40 }, { seed: 3, workers: 1 });
      return await readSuperNemo([join(folder, superNemoFileName(law, 1, 0))]);
    };
    // Counts a track where few cells were hit, and two where many were: isolated hits are its undoing.
    const model = tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [9, 113, 1] }),
        tf.layers.dense({ units: 4, activation: "softmax" }),
      ],
    });
    const column = (weight: number) => tf.fill([9 * 113, 1], weight),
      bias = tf.tensor1d([0, -150, -1e4, -1e4]);
    model.layers[1].setWeights([tf.concat([column(0), column(1), column(0), column(0)], 1), bias]);
    const clean = await read("document");
    const rows = await measureRobustness(model, "top", clean, await read("detector"), {
      rng: createRng(1, 2),
      isolatedHits: 200,
    });
    assertEquals(rows.map(({ events }) => events).filter((_, i) => i % 2 === 0), [
      "as learned",
      "with 200 isolated hits",
      "with 10 % of the heights missing",
      "of the harder generator",
    ]);
    assertEquals([rows[0].accuracy.value, rows[0].accuracy.n], [1, 40]);
    assert(rows[2].accuracy.value < 0.5, `${rows[2].accuracy.value} with isolated hits`);
    assert(rows[3].accuracy.value > rows[2].accuracy.value, "the filter helps");
    model.dispose();
  }));
