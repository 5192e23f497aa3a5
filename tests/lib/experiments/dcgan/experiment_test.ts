/** A GAN from its digits to its report: a run that was stopped ends bit for bit as one that was not, samples included. */
import { join } from "@std/path";
import { parseCard } from "../../../../lib/card/card.ts";
import { startEngine } from "../../../../lib/engine/mod.ts";
import { dcgan } from "../../../../lib/experiments/dcgan/experiment.ts";
import { entropies, frechetBetween } from "../../../../lib/experiments/dcgan/judge.ts";
import { toGreyLevels } from "../../../../lib/experiments/dcgan/samples.ts";
import { optionsFor } from "../../../../lib/run/options_for.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { smallMnist } from "../../../small_mnist.ts";

await startEngine();

Deno.test("dcgan stopped and resumed makes the digits that it makes in one go, and reports them", () =>
  withFolder(async (parent) => {
    await smallMnist(parent, 320, 200);
    const given = { data: parent, images: 256, measured: 200, filters: 8, epochs: 2, batch: 64, seed: 5 };
    const options = optionsFor(dcgan, given), common = { options, dataFolder: parent, shards: 1 };
    const [whole, broken] = [join(parent, "whole"), join(parent, "broken")];
    const { card, metrics = {} } = await runExperiment(dcgan, { ...common, folder: whole });

    const stop = new AbortController();
    const unjudged = { ...dcgan, evaluate: () => ({ metrics: {} }) }; // judged once: it takes longer than training
    const { history } = await runExperiment(unjudged, {
      ...common,
      folder: broken,
      signal: stop.signal,
      onEpoch: () => stop.abort(),
    });
    assertEquals([history.ending, history.epochs.length], ["interrupted", 1]);
    await runExperiment(unjudged, { ...common, folder: broken, resume: true });

    for (const name of ["model.onnx", "plots/samples.svg", "plots/samples_by_epoch.gif"]) {
      assertEquals(await Deno.readFile(join(broken, name)), await Deno.readFile(join(whole, name)), name);
    }
    assertEquals(parseCard(JSON.stringify(card)).outputs[0].kind, "image");
    const { frechetDistance, classEntropy, imageEntropy } = metrics;
    assert(frechetDistance.value > frechetDistance.baseline!.value, "noise was as good as digits");
    for (const { value } of [classEntropy, imageEntropy]) assert(value >= 0 && value <= Math.log(10) + 1e-6);
  }));

Deno.test("entropies() are log of the classes where all are as likely, and none where one is sure", () => {
  const sure = { data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] };
  assertEquals(entropies(sure).single, 0);
  assertClose([entropies(sure).overall], [Math.LN2], 1e-12);
  const { single, overall } = entropies({ data: Float32Array.of(0.5, 0.5), shape: [1, 2] });
  assertClose([single, overall], [Math.LN2, Math.LN2], 1e-12);
});

Deno.test("frechetBetween() is the squared distance of the means where the spreads are alike", () => {
  // Two clouds of the same shape, 3 apart: 9, and the interval holds the value.
  const cloud = (off: number) => {
    const data = Float32Array.of(0, 0, 1, 2, 2, 1, 3, 3).map((x, i) => i % 2 === 0 ? x + off : x);
    return { features: { data, shape: [4, 2] }, probabilities: { data, shape: [4, 2] } };
  };
  const { value, low, high } = frechetBetween(cloud(0), cloud(3), 1);
  assertClose([value], [9], 1e-6);
  assert(low <= value && value <= high);
});

Deno.test("toGreyLevels() takes -1 for black and 1 for white, and what lies beyond for these", () => {
  assertEquals(toGreyLevels(Float32Array.of(-3, -1, 0, 1, 2)), Uint8Array.of(0, 0, 128, 255, 255));
});
