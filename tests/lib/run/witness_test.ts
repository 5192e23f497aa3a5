/**
 * Two inputs with two heads, and an image to a mask, the whole way: load, augmentation, fit, interrupt and resume,
 * evaluate, report, export, publish, score by file and over HTTP. Every answer must be what `predict` said in the run.
 */
import { join } from "@std/path";
import { type Card, parseCard } from "../../../lib/card/mod.ts";
import type { NdArray } from "../../../lib/data/source.ts";
import { startEngine } from "../../../lib/engine/mod.ts";
import { decodeNpy, encodeNpy } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { runExperiment, type RunResult } from "../../../lib/run/run.ts";
import { readRecord } from "../../../lib/run/run_folder.ts";
import { createUnit } from "../../../lib/score/compute.ts";
import { createPicturePool } from "../../../lib/score/picture_pool.ts";
import { createHost, type Host } from "../../../lib/serve/host.ts";
import { openStore, type Store } from "../../../lib/store/store.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { assertDone, runTask } from "../../task_command.ts";
import { post } from "../serve/_service.ts";
import { MASK_SIDE, maskWitness, pairWitness, type Witness } from "./_witnesses.ts";

await startEngine({ backend: "tensorflow" });

/** How far two ways of computing the same may be apart. */
const TOLERANCE = 1e-5;

/** Runs a witness, and stops it after an epoch where that is asked for. */
async function run(
  { experiment }: Witness,
  folder: string,
  { stopAfter, resume = false }: { stopAfter?: number; resume?: boolean } = {},
): Promise<RunResult> {
  const controller = new AbortController();
  const options = { ...experiment.defaults, seed: 3 };
  return await runExperiment(experiment, {
    folder,
    options,
    resume,
    shards: 1,
    signal: controller.signal,
    onEpoch: ({ epoch }) => {
      if (epoch === stopAfter) controller.abort();
    },
  });
}

/** Trains with an interruption and without; both must end with the same bits. */
async function trainTwice(witness: Witness, folder: string): Promise<{ folder: string; card: Card }> {
  const whole = join(folder, "whole"), broken = join(folder, "broken");
  await run(witness, whole);
  const expected = witness.predictions();
  const stopped = await run(witness, broken, { stopAfter: 2 });
  assertEquals([stopped.metrics, stopped.history.epochs.length], [undefined, 2]);
  assertEquals((await readRecord(broken))!.state, "interrupted");
  const { card, history } = await run(witness, broken, { resume: true });
  assertEquals(history.epochs.length, witness.experiment.defaults.epochs);
  for (const [name, { data }] of Object.entries(witness.predictions())) {
    assertEquals(data, expected[name].data, `${name} differs after a resume`);
  }
  return { folder: broken, card: card! };
}

/** Whether a finished run's folder holds all that one has. */
async function checkFolder(folder: string, { name, metrics }: Card): Promise<void> {
  const report = await Deno.readTextFile(join(folder, "report.html"));
  assert(report.includes(`cloudchamber: ${name}`), "the report has another title");
  for (const metric of Object.keys(metrics)) assert(report.includes(`<code>${metric}</code>`), metric);
  const { serving, state } = (await readRecord(folder))!;
  assert(
    state === "finished" && serving!.largest < TOLERANCE && serving!.examples === 16,
    JSON.stringify(serving),
  );
}

/** Publishes a run into a store of files, and starts a service over it. */
async function withService(
  folder: string,
  test: (store: Store, place: string, host: Host) => Promise<void>,
): Promise<void> {
  const place = `file:${join(folder, "store")}`, store = openStore(place);
  const card = parseCard(await Deno.readTextFile(join(folder, "model.json")));
  assertEquals(await store.publish(folder, card), "1");
  const decoder = createPicturePool({ timeoutMs: 20_000 });
  const host = createHost({ store, units: [createUnit()], decoder, pollMs: 0 });
  await host.start();
  try {
    await test(store, place, host);
  } finally {
    await host.drain(0);
    store.close();
  }
}

/** Lines of `deno task score`, as a user runs it. */
async function scoreFile(cwd: string, ...args: string[]): Promise<Scored[]> {
  const ended = await runTask("score", [...args, "--json"], { cwd });
  assertDone(ended);
  return ended.out.split("\n").map((line) => JSON.parse(line)).filter(({ type }) => type === "score");
}

interface Scored {
  file: string;
  answers: {
    kind: { label: string; probabilities: Record<string, number> };
    energy: { value: number; units: string };
    mask: { mask: number[][]; shares: Record<string, number> };
  };
}

const body = (bytes: Uint8Array) => bytes.slice();

/** One example of an array. */
function rowAt({ data, shape }: NdArray, row: number): NdArray {
  const size = data.length / shape[0];
  return { data: data.slice(row * size, (row + 1) * size), shape: shape.slice(1) };
}

Deno.test("witness of two inputs and two heads: trained, resumed, published; file and HTTP answer as predict did", () =>
  withFolder(async (folder) => {
    const witness = pairWitness(), { folder: trained, card } = await trainTwice(witness, folder);
    assert(card.metrics.accuracy.value > 0.8, `accuracy ${card.metrics.accuracy.value}`);
    await checkFolder(trained, card);
    const history = await Deno.readTextFile(join(trained, "history.csv"));
    for (
      const column of ["kindLoss", "energyLoss", "kindAccuracy", "energyAbsoluteError", "validationLoss"]
    ) {
      assert(history.split("\n")[0].split(",").includes(column), history.split("\n")[0]);
    }
    const raw = witness.raw(), { kind, energy } = witness.predictions();
    const check = (answers: Scored["answers"][]) => {
      assertEquals(answers.length, 24);
      assertClose(answers.map((one) => one.energy.value), energy.data, TOLERANCE, "energy");
      assertClose(
        answers.flatMap((one) => [one.kind.probabilities.across, one.kind.probabilities.up]),
        kind.data,
        TOLERANCE,
        "kind",
      );
      assertEquals(answers[0].energy.units, "MeV");
    };
    await withService(trained, async (_, place, host) => {
      const file = encodeNpz(raw);
      await Deno.writeFile(join(folder, "events.npz"), file);
      check((await scoreFile(folder, "pair", "events.npz", "--store", place)).map(({ answers }) => answers));
      const response = await post(host, "/score/pair", body(file));
      assertEquals(response.status, 200, await response.clone().text());
      const { results }: { results: Scored[] } = await response.json();
      check(results.map(({ answers }) => answers));
      const form = new FormData();
      for (const [name, array] of Object.entries(raw)) {
        form.append(name, new File([body(encodeNpy(rowAt(array, 5)))], `${name}.npy`));
      }
      const answer = await post(host, "/score/pair", form);
      assertEquals(answer.status, 200, await answer.clone().text());
      const single: Scored = await answer.json();
      assertClose(single.answers.energy.value, energy.data[5], TOLERANCE);
      const missing = await post(host, "/score/pair", body(encodeNpz({ image: raw.image })));
      assertEquals(missing.status, 400);
      assert((await missing.json()).error.includes('"scalars"'));
    });
  }));

Deno.test("witness of masks: learned as the mask follows, resumed, published; file, HTTP and page answer as predict did", () =>
  withFolder(async (folder) => {
    const witness = maskWitness(), { folder: trained, card } = await trainTwice(witness, folder);
    assert(card.metrics.iou.value > 0.8, `IoU ${card.metrics.iou.value}`);
    await checkFolder(trained, card);
    const { image } = witness.raw(), { mask } = witness.predictions(), size = MASK_SIDE ** 2;
    assertEquals(mask.shape, [24, MASK_SIDE, MASK_SIDE, 1]);
    const expected = (row: number) => mask.data.subarray(row * size, (row + 1) * size);
    await withService(trained, async (_, place, host) => {
      const file = encodeNpy(image);
      await Deno.writeFile(join(folder, "frames.npy"), file);
      const lines = await scoreFile(folder, "blob", "frames.npy", "--store", place, "--out", "masks");
      assertEquals(lines.length, 24);
      for (const [row, { answers }] of lines.entries()) {
        const path = join(folder, "masks", `frames.npy_${row}.mask.npy`);
        const written = decodeNpy(await Deno.readFile(path));
        assertEquals(written.shape, [MASK_SIDE, MASK_SIDE, 1]);
        assertClose(written.data as Float32Array, expected(row), TOLERANCE, `mask ${row} by file`);
        assertEquals(answers.mask.mask.flat(), Array.from(expected(row), (p) => p >= 0.5 ? 1 : 0));
      }
      const one = body(encodeNpy(rowAt(image, 7)));
      const response = await post(host, "/score/blob?output=mask", one, { accept: "application/x-npy" });
      assertEquals(response.status, 200, await response.clone().text());
      const over = decodeNpy(new Uint8Array(await response.arrayBuffer()));
      assertClose(over.data as Float32Array, expected(7), TOLERANCE, "mask by HTTP");
      const viewed = await post(host, "/score/blob?view=1", one);
      assertEquals(viewed.status, 200, await viewed.clone().text());
      const { picture, text } = (await viewed.json()).display.mask;
      assertEquals([picture.over, picture.height, picture.width, picture.channels], [true, 16, 16, 4]);
      assert(text.startsWith("blob ") && text.endsWith(" of the area"), text);
      const page = await (await host.fetch(new Request("http://test/"))).text();
      assert(page.includes("<html"), page.slice(0, 200));
    });
  }));

Deno.test("witness of masks: where the mask does not follow the image, nothing is learned", () =>
  withFolder(async (folder) => {
    const { metrics } = await run(maskWitness(false), join(folder, "run"));
    assert(metrics!.iou.value < 0.3, `IoU ${metrics!.iou.value}`);
  }));
