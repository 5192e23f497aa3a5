/** Reads all images of some files and trains on them for a while: prints how many, and the most memory that the process had. */
import { openEcal } from "../../lib/data/ecal.ts";
import { sparseSource } from "../../lib/data/sparse_images.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { buildNetwork, DOCUMENT_FILM, stepsFor } from "../../lib/experiments/ecal/networks.ts";
import * as train from "../../lib/train/mod.ts";
import { processMebibytes } from "../process_memory.ts";

const STEPS = 300;

await startEngine();
using set = await openEcal(Deno.args);
const { photon, electron } = set.counts;
const { images, labels } = await set.read(set.rowsOf(0, Math.min(photon, electron)));
const options = { ...DOCUMENT_FILM, model: "small", time: false, order: "fixed", seed: 1 } as const;
const stop = new AbortController();
let steps = 0;
await train.fit(buildNetwork(options), sparseSource(images, labels), {
  loss: train.crossEntropy(),
  optimizer: train.adam(),
  epochs: 1,
  batch: 100,
  shards: 2,
  preprocessing: stepsFor(options),
  signal: stop.signal,
  callbacks: [{ name: "steps", onBatch: () => void (++steps === STEPS && stop.abort()) }],
});
const mebibytes = processMebibytes("VmHWM");
console.log(JSON.stringify({ images: images.length, steps, mebibytes }));
