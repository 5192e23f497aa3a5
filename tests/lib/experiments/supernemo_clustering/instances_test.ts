import { join } from "@std/path";
import { startEngine } from "../../../../lib/engine/mod.ts";
import {
  pointLabels,
  superNemoInstances,
  tracksOfPoints,
} from "../../../../lib/experiments/supernemo_clustering/instances.ts";
import { optionsFor } from "../../../../lib/run/options_for.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { assert, assertEquals } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { drawn } from "./_drawn.ts";

await startEngine();

Deno.test("pointLabels() numbers the points' tracks from the left, and tracksOfPoints() gives hits that are none the nearest point's", () => {
  const hits = drawn("aa.bb\naa.bb", "b");
  assertEquals(pointLabels(hits, 10), {
    data: Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    shape: [2, 10],
  });
  const few = pointLabels(hits, 4);
  assertEquals([...few.data], [1, 1, 2, 2, 1, 0, 0, 0], "every second of eight hits");
  assertEquals([...tracksOfPoints(few.data, hits, 4)], [1, 1, 1, 1, 2, 2, 2, 2, 1]);
  assertEquals([...tracksOfPoints([4, 3, 2, 1, 9, 9, 9, 9], hits, 4)], [4, 4, 3, 3, 2, 2, 1, 1, 9]);
});

Deno.test("supernemo-instances trains, and serves as trained", () =>
  withFolder(async (folder) => {
    const lines: string[] = [];
    const { metrics, card } = await runExperiment(superNemoInstances, {
      folder: join(folder, "run"),
      options: optionsFor(superNemoInstances, {
        events: 60,
        testEvents: 40,
        hits: 16,
        epochs: 1,
        batch: 16,
        seed: 1,
      }),
      dataFolder: folder,
      log: (line) => lines.push(line),
    });
    assertEquals([metrics!.adjustedRand.n, metrics!.adjustedRandOf4.n], [40, 10]);
    assertEquals(card!.outputs[0].kind, "mask");
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
  }));
