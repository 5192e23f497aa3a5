/** Random models and training recipes of Keras, against Keras itself. @module */
import { join } from "@std/path";
import { startEngine } from "../../lib/engine/mod.ts";
import { readKeras } from "../../lib/export/keras_read.ts";
import { readEnvironment } from "../../lib/base/environment.ts";
import {
  alternate,
  type BenchContext,
  type BenchTable,
  type Parts,
  readProgram,
  runParts,
} from "./_bench.ts";
import { openVerdicts } from "./_kept_verdicts.ts";
import { layersTable, shareRead } from "./_keras_layers.ts";
import {
  judgeModel,
  judgeModels,
  judgeRecipes,
  KerasPeer,
  type PeerModel,
  type Verdict,
} from "./_conformance.ts";

export const name = "conformance";
export const summary =
  "Random models and recipes of Keras read, run, trained and written here (parts: models, recipes, short, older, layers, reading)";

/** How many are drawn in the whole form, and in the short one. */
const MODELS = 2000, RECIPES = 1000, SHORT = 60;
/** At most this share may be refused. */
const REFUSED = 0.05;
/** Earlier versions of Keras whose files are read as well, with what each needs besides. */
const OLDER = { "3.0.5": ["dm-tree"], "3.4.1": [] } as const;
const OLDER_MODELS = 200;

const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed);

/** Runs the chosen parts; without any, models and recipes in full. */
export function run(context: BenchContext): Promise<BenchTable[]> {
  const usual: Parts = {
    models: () => models(context, MODELS),
    recipes: () => recipes(context, RECIPES),
  };
  const onRequest: Parts = {
    short: async () => [...await models(context, SHORT), ...await recipes(context, SHORT / 2)],
    older: () => older(context),
    layers: () => Promise.resolve(layers()),
    reading: () => reading(context),
  };
  return runParts(name, context, usual, onRequest);
}

/** Says what is not exact, and how far it is. */
function teller(context: BenchContext, what: string, count: number) {
  let done = 0;
  return ({ seed, outcome, why, used }: Verdict) => {
    if (outcome !== "exact") context.say(`${what} ${seed} is ${outcome}: ${why} (${used.join(", ")})`);
    if (++done % 100 === 0) context.say(`${done} of ${count} ${what}s`);
  };
}

/** Judges what earlier runs have left, keeps each verdict, and gives all. */
async function judgeLeft(
  { keep, say }: BenchContext,
  kind: string,
  count: number,
  judge: (seeds: readonly number[], onVerdict: (verdict: Verdict) => void) => Promise<Verdict[]>,
  tell: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const kept = await openVerdicts(keep, kind, seeds(count)), { earlier } = kept;
  if (earlier.length > 0) {
    say(`${earlier.length} of ${count} ${kind} are from earlier runs, by the code of then`);
  }
  earlier.forEach(tell);
  const found = await judge(seeds(count).filter(kept.isLeft), (verdict) => {
    kept.add(verdict);
    tell(verdict);
  });
  return [...earlier, ...found];
}

async function models(context: BenchContext, count: number): Promise<BenchTable[]> {
  const { folder } = context;
  await using peer = new KerasPeer(context.need("keras"));
  const verdicts = await judgeLeft(
    context,
    "models",
    count,
    (left, onVerdict) => judgeModels(left, { peer, folder, check: true, onVerdict }),
    teller(context, "model", count),
  );
  for (const { seed } of wrongOf(verdicts).slice(0, 5)) context.say(await smallest(peer, seed, folder));
  return [
    tableOf(`${count} random models: cpu, wasm, tensorflow, and written again as .keras and .onnx`, verdicts),
  ];
}

async function recipes(context: BenchContext, count: number): Promise<BenchTable[]> {
  const { folder } = context;
  await using peer = new KerasPeer(context.need("keras"));
  const verdicts = await judgeLeft(
    context,
    "recipes",
    count,
    (left, onVerdict) => judgeRecipes(left, { peer, folder, onVerdict }),
    teller(context, "recipe", count),
  );
  for (const { seed } of wrongOf(verdicts).slice(0, 5)) {
    const without = await fewestParts(peer, seed, folder);
    context.say(`recipe ${seed} is still wrong without ${without.join(", ") || "any part of it left out"}`);
  }
  return [tableOf(`${count} random recipes: three steps on cpu, wasm and tensorflow`, verdicts)];
}

const wrongOf = (verdicts: readonly Verdict[]) => verdicts.filter(({ outcome }) => outcome === "wrong");

/** How many came out how, in all and with each layer and option. */
export function tableOf(title: string, verdicts: readonly Verdict[]): BenchTable {
  const count = (outcome: Verdict["outcome"]) => verdicts.filter((one) => one.outcome === outcome).length;
  const byPart = new Map<string, Record<Verdict["outcome"], number>>();
  for (const { used, options, outcome } of verdicts) {
    for (const part of new Set([...used, ...options])) {
      const counts = byPart.get(part) ?? { exact: 0, refused: 0, wrong: 0 };
      counts[outcome]++;
      byPart.set(part, counts);
    }
  }
  const lines = [...byPart].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([part, { exact, refused, wrong }]) =>
      `${part}: ${exact} exact, ${refused} refused, ${wrong} wrong`
    );
  return {
    title,
    rows: [
      { what: "wrong", unit: "cases", ours: [count("wrong")], limit: 0 },
      { what: "refused by name", unit: "share", ours: [count("refused") / verdicts.length], limit: REFUSED },
      { what: "exact", unit: "cases", ours: [count("exact")] },
    ],
    notes: lines,
  };
}

/** The first layer of a model that is wrong, alone if it is so alone, printed as a test. */
async function smallest(peer: KerasPeer, seed: number, folder: string): Promise<string> {
  const from = join(folder, "whole.keras"), file = join(folder, "part.keras");
  const { inputs } = await peer.ask<PeerModel>({ task: "model", seed, file: from });
  for (let place = 0;; place++) {
    for (const alone of [true, false]) {
      const part = await peer.ask<PeerModel & { over?: boolean; said?: string }>({
        task: "prefix",
        from,
        file,
        inputs,
        place,
        alone,
      });
      if (part.over) return `model ${seed} is right in every part`;
      if (part.error !== undefined) continue;
      const { outcome, why } = await judgeModel(file, part);
      if (outcome === "wrong") return asTest(seed, why, part, await Deno.readFile(file));
    }
  }
}

/** A test that fails as the model does, without Python. */
function asTest(seed: number, why: string, part: PeerModel & { said?: string }, bytes: Uint8Array): string {
  const tensor = ({ data, shape, dtype }: PeerModel["inputs"][number]) =>
    `tf.tensor(${JSON.stringify(data)}, ${JSON.stringify(shape)}, "${
      /int/.test(dtype) ? "int32" : "float32"
    }")`;
  const x = part.inputs.map(tensor).join(", ");
  return [
    `// seed ${seed}: ${why}`,
    `// ${part.said}`,
    `Deno.test("a model of Keras is as in Keras", async () => {`,
    `  const { model } = await decodeKeras(Uint8Array.fromBase64("${bytes.toBase64()}"));`,
    `  const outputs = [model.predict(${part.inputs.length > 1 ? `[${x}]` : x})].flat();`,
    ...part.outputs.map(({ data }, i) =>
      `  assertClose(outputs[${i}].dataSync(), ${JSON.stringify(data)}, 1e-4);`
    ),
    `});`,
  ].join("\n");
}

/** Parts of a recipe that can be left out one after the other while it stays wrong. */
async function fewestParts(peer: KerasPeer, seed: number, folder: string): Promise<string[]> {
  const left: string[] = [];
  for (
    const part of [
      "regularizer",
      "constraint",
      "clip",
      "decay",
      "schedule",
      "frozen",
      "weights",
      "metrics",
      "smoothing",
      "loss_weights",
    ]
  ) {
    const without = [...left, part];
    const [verdict] = await judgeRecipes([seed], { peer, folder, without });
    if (verdict?.outcome === "wrong") left.push(part);
  }
  return left;
}

/** Which classes are read, and README's table of them. */
function layers(): BenchTable {
  const { read, of } = shareRead();
  return {
    title: "Layer classes of Keras 3 that images, volumes and sequences use",
    rows: [{ what: "read", unit: "share", better: "higher", ours: [read / of], limit: 0.95 }],
    notes: [`${read} of ${of}`, ...layersTable().split("\n")],
  };
}

/** Files of earlier versions. */
async function older(context: BenchContext): Promise<BenchTable[]> {
  const python = context.need("keras"), tables: BenchTable[] = [];
  for (const [version, more] of Object.entries(OLDER)) {
    const place = join(readEnvironment().cacheFolder, `keras-${version}`);
    const installed = await Deno.stat(place).then(() => true, () => false);
    if (!installed) {
      const packages = [`keras==${version}`, ...more];
      const options = ["--disable-pip-version-check", "--no-input", "-q", "--no-deps", "--target", place];
      await readProgram(python, ["-m", "pip", "install", ...options, ...packages]);
    }
    await using peer = new KerasPeer(python, { PYTHONPATH: place });
    const onVerdict = teller(context, `model of Keras ${version}`, OLDER_MODELS);
    const verdicts = await judgeModels(seeds(OLDER_MODELS), { peer, folder: context.folder, onVerdict });
    tables.push(tableOf(`${OLDER_MODELS} random models of Keras ${version}`, verdicts));
  }
  return tables;
}

const RESNET = `
import os, sys, json, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
file = sys.argv[1]
if sys.argv[2] == "write":
    keras.applications.ResNet50(weights=None).save(file)
else:
    start = time.perf_counter()
    keras.saving.load_model(file)
    print(time.perf_counter() - start)
`;

/** How long ResNet50 takes to read, and what memory. */
async function reading({ folder, need, rounds, say }: BenchContext): Promise<BenchTable[]> {
  const python = need("keras"), file = join(folder, "resnet50.keras"), program = join(folder, "resnet.py");
  await Deno.writeTextFile(program, RESNET);
  say("saving ResNet50 by Keras");
  await readProgram(python, [program, file, "write"]);
  const { size } = await Deno.stat(file);
  await startEngine({ backend: "tensorflow" });
  const memory: number[] = [];
  const { ours, theirs } = await alternate(rounds, {
    ours: async () => {
      const before = Deno.memoryUsage().rss, start = performance.now();
      const { model } = await readKeras(file);
      const seconds = (performance.now() - start) / 1000;
      memory.push((Deno.memoryUsage().rss - before) / size);
      model.dispose();
      return seconds;
    },
    theirs: async () => Number(await readProgram(python, [program, file, "read"])),
  });
  return [{
    title: `Reading ResNet50, ${(size / 2 ** 20).toFixed(0)} MiB`,
    rows: [
      { what: "time", unit: "s", ours, peer: "Keras", theirs, bar: 1 },
      { what: "memory of the first time", unit: "× the file", ours: memory.slice(0, 1), limit: 2.5 },
    ],
    notes: ["Keras's time is without its imports."],
  }];
}
