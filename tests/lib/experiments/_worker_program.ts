/**
 * One of several workers that train experiments at their smallest, one after another: leaves the weights of each in a file of
 * its own.
 * @module
 */
import { joinWorkers, type Place, startEngine } from "../../../lib/engine/mod.ts";
import { trainingWorkers } from "../../../lib/train/mod.ts";
import { trainSmallest, weightsFile } from "./_with_workers.ts";

/** What a worker is told. */
export interface ExperimentsOrder {
  place: Place;
  names: readonly string[];
  steps: number;
  /** Where data are and weights go. */
  folder: string;
}

const { place, names, steps, folder }: ExperimentsOrder = JSON.parse(Deno.args[0]);
Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "3");
const patience = { startSeconds: 600, silenceSeconds: 600, patienceSeconds: 600 }; // a slow machine is no failure
const joined = await joinWorkers(place, { facts: {}, ...patience });
const { rank, addresses } = joined;
await startEngine({ threads: 1, workers: { rank, addresses } });
const workers = trainingWorkers(joined);
for (const name of names) {
  const { weights } = await trainSmallest(name, folder, steps, { workers });
  await Deno.writeFile(weightsFile(folder, name, rank), new Uint8Array(weights.buffer));
}
await joined.leave();
Deno.exit(0);
