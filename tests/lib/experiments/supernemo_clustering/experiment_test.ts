import { join } from "@std/path";
import { startEngine } from "../../../../lib/engine/mod.ts";
import {
  type ClusteringData,
  superNemoClustering,
} from "../../../../lib/experiments/supernemo_clustering/experiment.ts";
import type { mask } from "../../../../lib/card/outputs/mask.ts";
import { optionsFor } from "../../../../lib/run/options_for.ts";
import { createUnit } from "../../../../lib/score/compute.ts";
import { findExamples } from "../../../../lib/score/examples.ts";
import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { runIn, type StoppedRunOptions } from "../_stopped_run.ts";

await startEngine();

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const SMALL = { events: 60, testEvents: 40, batch: 16, epochs: 2, seed: 1 } as const;

const run = (name: string, given: Record<string, unknown>, stops: StoppedRunOptions = {}) =>
  runIn(folder, name, superNemoClustering, { ...SMALL, ...given }, stops);

Deno.test("supernemo-clustering trains, resumes to the same bits, and scores hits of a file as trained", async () => {
  const whole = await run("whole", {});
  await run("broken", {}, { stopAfter: 1 });
  const { metrics, card, lines } = await run("broken", {}, { resume: true });
  assertEquals(metrics, whole.metrics);
  const weights = (name: string) => Deno.readFile(join(folder, name, "model.onnx"));
  assertEquals(await weights("broken"), await weights("whole"));
  assert(lines.some((line) => line.startsWith("Served as trained: 16 raw test examples")), lines.join("\n"));
  assertEquals([metrics!.iou.n, metrics!.iou.split, metrics!.iou.baseline!.name], [
    40,
    "test",
    "the input as it is",
  ]);
  const [output] = card!.outputs;
  assert(output.kind === "mask" && output.threshold > 0 && output.threshold < 1, JSON.stringify(output));
  const plots = Array.from(Deno.readDirSync(join(folder, "whole", "plots")), ({ name }) => name);
  for (const name of ["sorted_events", "numbers"]) {
    assert(plots.some((plot) => plot.startsWith(name)), `${plots}`);
  }
  const file = join(folder, "supernemo", "document_2_40_seed2", "my_generator_t2_0.h5");
  const found = await findExamples(await Deno.readFile(file), { inputs: card!.inputs });
  const unit = createUnit();
  await unit.load("m", { card: card!, onnx: await weights("whole") });
  const { results: [scored] } = await unit.run("m", [{
    arrays: "arrays" in found[0] ? found[0].arrays : {},
    view: true,
  }]);
  assert("answers" in scored && scored.hits, "the first event was scored");
  const answer = scored.answers.mask as ReturnType<typeof mask.read>;
  assertEquals(answer.shape, [116, 12]);
  const occupied = new Set(
    Array.from(scored.hits.column, (column, i) => (column + 2) * 12 + scored.hits!.layer[i] + 2),
  );
  answer.mask.forEach((label, cell) => assert(label === 0 || occupied.has(cell), `cell ${cell} has no hit`));
  await unit.close();
});

for (
  const given of [
    { network: "segnet", labels: "published", tracks: "1-4" },
    { network: "filters", task: "keep-one" },
    { network: "latent", latent: 4 },
    { task: "all" },
  ]
) {
  Deno.test(`supernemo-clustering trains with ${JSON.stringify(given)}, and serves as trained`, async () => {
    const { metrics, lines } = await run(Object.values(given).join("_"), { ...given, epochs: 1 });
    const names = "network" in given ? ["iou", "cellAccuracy"] : ["adjustedRand", "adjustedRandOfFits"];
    for (const name of names) assert(Number.isFinite(metrics![name].value), name);
    assertEquals("iouOf4" in metrics!, given.tracks === "1-4");
    assertEquals("adjustedRandOf4" in metrics!, given.task === "all");
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
  });
}

for (const against of ["discriminator", "criteria"] as const) {
  Deno.test(`supernemo-clustering learns against ${against}, resumes to the same bits, and says whether it collapsed`, async () => {
    const given = { against, batch: 16, epochs: 2 };
    const { metrics, lines } = await run(`${against}-whole`, given);
    await run(`${against}-parted`, given, { stopAfter: 1 });
    await run(`${against}-parted`, given, { resume: true });
    const weights = (name: string) => Deno.readFile(join(folder, `${against}-${name}`, "model.onnx"));
    assertEquals(await weights("parted"), await weights("whole"));
    assert([0, 1].includes(metrics!.collapsed.value), `${metrics!.collapsed.value}`);
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
  });
}

Deno.test("supernemo-clustering trains each network at its own rate, as published against a discriminator, unless one is given", () => {
  const rates = (given: Record<string, unknown>) => {
    const options = optionsFor(superNemoClustering, given);
    const { schedule } = superNemoClustering.recipe(options, {} as ClusteringData, {});
    return [options.rate, (schedule as unknown as { config: { name: string } }).config.name];
  };
  const against = { against: "discriminator", network: "segnet" };
  assertEquals(rates({}), [3e-3, "oneCycle"]);
  assertEquals(rates({ network: "segnet" }), [1e-3, "constant"]);
  assertEquals(rates({ network: "latent", rate: 2e-3 }), [2e-3, "constant"]);
  assertEquals(rates(against), [1e-3, "constant"]);
  assertEquals(rates({ ...against, task: "keep-one" }), [1e-4, "constant"]);
  assertEquals(rates({ ...against, task: "keep-one", rate: 1e-3 }), [1e-3, "constant"]);
});

Deno.test("supernemo-clustering refuses labels that were never published, and a start of all tracks", async () => {
  const load = (given: Record<string, unknown>) =>
    superNemoClustering.load(optionsFor(superNemoClustering, { ...SMALL, ...given }), {
      dataFolder: folder,
      log: () => {},
    });
  await assertRejects(() => load({ task: "all", labels: "published" }), RangeError, 'labels of task "all"');
  const critic = { against: "discriminator", network: "filters" };
  await assertRejects(() => load(critic), RangeError, "the discriminator as it sees one channel");
  await assertRejects(() => load({ task: "all", network: "filters" }), RangeError, "told of one track");
});
