import { startEngine } from "../../../../lib/engine/mod.ts";
import { networkSays } from "../../../../lib/experiments/supernemo/network_says.ts";
import { assertEquals } from "../../../assert.ts";

const tf = await startEngine({ backend: "cpu" });

Deno.test("networkSays() gives the class of every event, of the hits that the network is to see", async () => {
  // Hits of an event less 2.5 against 0: class 1 from 3 hits on.
  const dense = tf.layers.dense({ units: 2 });
  const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [9, 113, 1] }), dense] });
  const kernel = new Float32Array(9 * 113 * 2).map((_, i) => i % 2);
  dense.setWeights([tf.tensor(kernel, [9 * 113, 2]), tf.tensor([0, -2.5])]);
  const layer = [0, 1, 8, /* the second's */ 3, 4, 4, 8];
  const column = [5, 5, 99, /* the second's */ 50, 51, 52, 90];
  const hits = {
    offsets: Uint32Array.of(0, 0, 3, 7),
    side: new Uint8Array(7),
    layer: Uint8Array.from(layer),
    column: Uint8Array.from(column),
    radiusMm: new Float32Array(7).fill(5),
    heightMm: new Float32Array(7),
  };
  const events = { hits, firstWireMm: 51 };
  assertEquals([...await networkSays(model, "top", events)], [0, 1, 1]);
  const clean = { isolated: "drop", missingHeight: "zero" } as const;
  assertEquals(
    [...await networkSays(model, "top", events, clean)],
    [0, 0, 1],
    "one of three hits stands alone",
  );
  model.dispose();
});
