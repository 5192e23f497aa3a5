import { join } from "@std/path";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { plotHistory } from "../../../lib/run/learning_curve.ts";
import type { Experiment, Figure } from "../../../lib/run/experiment.ts";
import { writeReport } from "../../../lib/run/report.ts";
import { newRecord, type RunRecord } from "../../../lib/run/run_folder.ts";
import type { History } from "../../../lib/train/mod.ts";
import { assert, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

await startEngine({ backend: "cpu" });

const EXPERIMENT = { name: "digits", summary: "Digits as they are written" } as Experiment;
const HISTORY: History = {
  epochs: [{ epoch: 1, loss: 2 }, { epoch: 2, loss: 1 }],
  ending: "finished",
  steps: 40,
  seconds: 12.4,
  weightsOf: 2,
  shards: 3,
  precision: "mixed",
  tuning: { "8×8×256 by 3×3 same to 256": "tiles of 4" },
  states: {},
};
const RECORD: RunRecord = {
  ...newRecord("digits", { epochs: 2, batch: 32, seed: 7 }),
  started: "2026-11-02T12:34:56.789Z",
  host: "desk.lab",
  origin: "data/digits",
  examples: { train: 12_345, validation: 67, test: 890 },
  engine: { backend: "tensorflow", version: "2.21.0", threads: 4 },
  parameters: 1_234_567,
  learningRates: { learningRate: { first: 0.1, highest: 0.1, last: 0.1 } },
  serving: { largest: 1.26e-7, examples: 16 },
};

/** What a page says at its head, by the words before it. */
function factsIn(html: string): Record<string, string> {
  const rows = html.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>([^<]*)<\/dd>/g);
  return Object.fromEntries([...rows].map(([, name, value]) => [name, value]));
}

async function report(
  folder: string,
  record: RunRecord,
  history: History,
  figures: Figure[] = [],
): Promise<string> {
  const kind = tf.layers.dense({ units: 2, name: "kind", trainable: false });
  const hidden = tf.layers.dense({ units: 3, inputShape: [4], name: "hidden" });
  const model = tf.sequential({ name: "net", layers: [hidden, kind] });
  const models = {
    model,
    judge: tf.sequential({ name: "other", layers: [tf.layers.dense({ units: 1, inputShape: [1] })] }),
  };
  await writeReport(folder, EXPERIMENT, {
    record,
    history,
    metrics: { accuracy: { value: 0.875, low: 0.8, high: 0.9, n: 80, split: "test" } },
    figures,
    models,
  });
  return await Deno.readTextFile(join(folder, "report.html"));
}

Deno.test("writeReport() says at the head what was trained, on what, how and where", () =>
  withFolder(async (folder) => {
    const facts = factsIn(await report(folder, RECORD, HISTORY));
    assertEquals(facts, {
      data: "data/digits",
      "examples to train, validate, test": "12,345, 67, 890",
      epochs: "2",
      "weights of epoch": "2",
      batch: "32",
      "learning rate": "0.1",
      seed: "7",
      parameters: "1,234,567",
      "seconds of training": "12",
      engine: "tensorflow 2.21.0",
      "threads, shards": "4, 3",
      precision: "mixed",
      "convolutions, measured": "8×8×256 by 3×3 same to 256: tiles of 4",
      host: "desk.lab",
      started: "2026-11-02 12:34 UTC",
      "train/serve difference": "1.3e-7",
    });
  }));

Deno.test("writeReport() says how far a run went, how its rate changed, and nothing of what is not known", () =>
  withFolder(async (folder) => {
    const learningRates = { learningRate: { first: 0.0123456, highest: 0.5, last: 0.000456 } };
    const { examples: _, serving: __, parameters: ___, ...bare } = RECORD;
    const record = { ...bare, options: { ...RECORD.options, epochs: 5 }, learningRates };
    const facts = factsIn(await report(folder, record, { ...HISTORY, ending: "interrupted" }));
    assertEquals([facts.epochs, facts["learning rate"]], [
      "2 of 5, interrupted",
      "0.0123 to 4.6e-4, at most 0.5",
    ]);
    assertEquals([facts.parameters, facts["examples to train, validate, test"]], ["0", "0, 0, 0"]);
    assert(!("train/serve difference" in facts));
    for (const rates of [[0.1, 0.2, 0.1], [0.2, 0.2, 0.1]]) {
      const [first, highest, last] = rates;
      const changed = { ...RECORD, learningRates: { learningRate: { first, highest, last } } };
      const said = factsIn(await report(folder, changed, HISTORY))["learning rate"];
      assertEquals(said, `${first} to ${last}, at most ${highest}`);
    }
  }));

Deno.test("writeReport() writes each figure for itself, and all of them by section with the models behind", () =>
  withFolder(async (folder) => {
    const gif = new TextEncoder().encode("GIF89a");
    const html = await report(folder, RECORD, HISTORY, [
      { name: "curve", section: "Training", caption: "How it went", spec: plotHistory(HISTORY.epochs) },
      { name: "film", section: "Events", gif },
      { name: "turned", section: "Training", html: "<p>turn me</p>" },
    ]);
    assertEquals((await Array.fromAsync(Deno.readDir(join(folder, "plots")), ({ name }) => name)).sort(), [
      "curve.png",
      "curve.svg",
      "film.gif",
      "turned.html",
    ]);
    assertEquals(await Deno.readFile(join(folder, "plots", "film.gif")), gif);
    assertEquals(await Deno.readTextFile(join(folder, "plots", "turned.html")), "<p>turn me</p>");
    assert(html.includes("plots/turned.html"));
    const titles = [...html.matchAll(/<h2[^>]*>([^<]*)<\/h2>/g)].map(([, title]) => title);
    assertEquals(titles, ["Results", "Training", "Events", "Model", "Model: judge"]);
    assert(
      html.includes("<title>cloudchamber: digits</title>") && html.includes("Digits as they are written"),
    );
    // hidden: 4 · 3 + 3 = 15 are trained; kind: 3 · 2 + 2 = 8 are not
    assert(html.includes("net: 23 parameters, 15 of them trained, 8 not."));
    assert(html.includes("other: 2 parameters, 2 of them trained, 0 not."));
  }));

Deno.test("writeReport() shows where a step's time goes where that was asked for", () =>
  withFolder(async (folder) => {
    const profile = {
      ...{ steps: 5, traceMs: 12.5, firstMs: 678.9, stepMs: 20, busyMs: 30 },
      parts: [{ part: "conv <1>", forwardMs: 10, gradientMs: 20, share: 0.75 }],
      ops: Array.from({ length: 30 }, (_, i) => ({ op: `Kind${i}`, count: 2, ms: 1, share: 1 / 30 })),
    };
    const html = await report(folder, { ...RECORD, profile }, HISTORY);
    const titles = [...html.matchAll(/<h2[^>]*>([^<]*)<\/h2>/g)].map(([, title]) => title);
    assertEquals(titles, ["Results", "Time of a step", "Model", "Model: judge"]);
    assert(html.includes("20.00 ms a step, the mean of 5; all ops together 30.00 ms, on 4 threads."));
    assert(html.includes("12.50 ms to take the graph down, 678.90 ms for the first run"));
    assert(html.includes("conv &#60;1&#62;") && html.includes("75.0 %"));
    assert(html.includes("Kind19") && !html.includes("Kind20"), "twenty kinds");
  }));
