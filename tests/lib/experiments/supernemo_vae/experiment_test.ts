// Not counted: simulates events and draws maps hit by hit.
import { join } from "@std/path";
import { createRng } from "../../../../lib/base/rng.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { superNemoVae } from "../../../../lib/experiments/supernemo_vae/experiment.ts";
import { bendEvents } from "../../../../lib/experiments/supernemo_vae/strange.ts";
import { buildSuperNemoVae, decodeCodes } from "../../../../lib/models/supernemo_vae.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { runIn, type StoppedRunOptions } from "../_stopped_run.ts";
import { drawn } from "../supernemo_clustering/_drawn.ts";

await startEngine();

for (const encoder of ["trunk", "narrow"] as const) {
  Deno.test(`buildSuperNemoVae() decodes the mean of its code by the ${encoder} encoder when it is asked`, () => {
    const model = buildSuperNemoVae({ encoder, latent: 3, filters: 4, seed: 1 });
    const x = tf.randomUniform([2, 116, 12, 1], 0, 1, "float32", 3);
    const [reconstruction, mean, logVariance] = model.predict(x) as tf.Tensor[];
    assertEquals([reconstruction.shape, mean.shape, logVariance.shape], [[2, 116, 12, 1], [2, 3], [2, 3]]);
    assertClose(decodeCodes(model, mean).dataSync(), reconstruction.dataSync(), 1e-5);
    const plain = buildSuperNemoVae({ encoder, variational: false, filters: 4, seed: 1 });
    assertEquals(plain.outputNames, ["reconstruction", "z_mean"]);
    model.dispose();
    plain.dispose();
  });
}

Deno.test("bendEvents() moves hits behind a layer along the foil, more with each layer, and lets go of those outside", () => {
  const straight = drawn(Array.from({ length: 9 }, () => "....a").join("\n"));
  const { layer, column } = bendEvents(straight, createRng(2));
  const moves = Array.from(column, (value) => value - 4);
  const first = moves.findIndex((move) => move !== 0);
  assert(first >= 4 && first <= 6, `the first of layer ${layer[first]}`);
  const slope = moves[first];
  assert(Math.abs(slope) >= 1 && Math.abs(slope) <= 3, `${slope}`);
  moves.slice(first).forEach((move, i) => assertEquals(move, slope * (i + 1)));
  assertEquals(moves.length, slope < 0 ? Math.min(9, first + Math.floor(4 / -slope)) : 9);
});

for (
  const [kind, alike] of [["variational", "pixels"], ["plain", "pixels"], ["variational", "learned"]] as const
) {
  const isVariational = kind === "variational", resumes = isVariational ? ", resumes to the same bits" : "";
  Deno.test(`supernemo-vae trains a ${kind} autoencoder with ${alike} likeness${resumes}, and serves as trained`, () =>
    withFolder(async (folder) => {
      const given = {
        kind,
        alike,
        events: 60,
        testEvents: 40,
        filters: 4,
        latent: 4,
        epochs: 2,
        batch: 16,
        seed: 1,
      };
      const run = (name: string, stops: StoppedRunOptions = {}) =>
        runIn(folder, name, superNemoVae, given, stops);
      const { metrics, card, lines } = await run("whole");
      if (isVariational) { // what the other shares, but for its noise
        await run("broken", { stopAfter: 1 });
        await run("broken", { resume: true });
        const weights = (name: string) => Deno.readFile(join(folder, name, "model.onnx"));
        assertEquals(await weights("broken"), await weights("whole"));
      }
      assertEquals([metrics!.iou.n, metrics!.noisyAuc.n, metrics!.bentAuc.n], [40, 80, 80]);
      assertEquals("divergence" in metrics!, isVariational);
      assertEquals(card!.outputs[0].kind, "mask");
      assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
      const plots = Array.from(Deno.readDirSync(join(folder, "whole", "plots")), ({ name }) => name).join();
      for (const name of ["drawn_again", "between", "strange_events"]) assert(plots.includes(name), plots);
      assertEquals(plots.includes("samples"), isVariational);
    }));
}
