/** The pair of files that the published calorimeter pictures come in. @module */
import { join } from "@std/path";
import { encodeHdf5 } from "../../io/hdf5_write.ts";
import { simulateBlocks } from "../blocks.ts";
import { refuseExisting, writeNewFile } from "../new_file.ts";
import type { SimulateContext, Simulated } from "../simulator.ts";
import type { EcalBlock } from "./ecal_worker.ts";
import type { EcalTruth } from "./event.ts";
import { createEcalStatistics } from "./statistics.ts";
import type { EcalParticle } from "./tracker.ts";

/** What to simulate. */
export interface EcalSettings {
  /** Pictures in each of the two files. */
  events: number;
  /** Deflate level, 1 to 9. @default {1} */
  gzip?: number;
}

/** Most pictures a file: the encoder holds a file's values in a library's memory of 2 GiB. */
const MOST_EVENTS = 100_000;
/** Pictures a chunk of the file: half a mebibyte before packing. */
const CHUNK = 64;
const SIZE = 2 * 32 * 32;

/** The published files' names, with the number of pictures in each: `SinglePhotonPt50_IMGCROPS_n249k_RHv1.hdf5`. */
export function ecalFileName(particle: EcalParticle, events: number): string {
  const name = particle === "photon" ? "SinglePhoton" : "SingleElectron";
  const count = events % 1000 === 0 ? `${events / 1000}k` : String(events);
  return `${name}Pt50_IMGCROPS_n${count}_RHv1.hdf5`;
}

/**
 * Simulates photons and electrons into two HDF5 files of a folder, as the published ones are: `/X` (n, 32, 32, 2) float32, energy / 50 GeV and time / 50 ns,
 * and `/y` (n) float32, 0 for a photon and 1 for an electron. What was there is added as `/truth/…`, one array a quantity.
 *
 * @returns The two files, how many pictures they hold together, and how these compare with the published ones.
 * @throws {RangeError} If the number of pictures is not a whole number from 1 to 100,000.
 * @throws {Deno.errors.AlreadyExists} If one of the files is there already.
 */
export async function writeEcal(
  folder: string,
  settings: EcalSettings,
  context: SimulateContext,
): Promise<Simulated> {
  const { events, gzip = 1 } = settings, { seed, workers, signal, onProgress } = context;
  if (!(Number.isInteger(events) && events >= 1 && events <= MOST_EVENTS)) {
    throw new RangeError(
      `Cannot simulate pictures of the calorimeter as a file holds 1 to ${MOST_EVENTS}: got ${events}`,
    );
  }
  const particles = ["photon", "electron"] as const;
  const files = particles.map((particle) => join(folder, ecalFileName(particle, events)));
  await refuseExisting(files, "write the pictures");
  const statistics = createEcalStatistics();
  for (const [index, particle] of particles.entries()) {
    const x = new Float32Array(events * SIZE), truth: EcalTruth[] = [];
    const url = new URL("./ecal_worker.ts", import.meta.url);
    const blocks = simulateBlocks<EcalBlock>(url, events, { workers, signal, setup: { seed, particle } });
    for await (const { block, reply } of blocks) {
      x.set(reply.images, block.first * SIZE);
      truth.push(...reply.truth);
      statistics.add(reply.images, particle);
      onProgress?.(index * events + block.first + block.count, 2 * events);
    }
    const column = (pick: (event: EcalTruth) => number) => ({
      data: Float32Array.from(truth, pick),
      shape: [events],
    });
    const bytes = await encodeHdf5({
      X: { data: x, shape: [events, 32, 32, 2], gzip, chunks: [Math.min(CHUNK, events), 32, 32, 2] },
      y: { data: new Float32Array(events).fill(index), shape: [events] },
      "truth/eta": column((event) => event.eta),
      "truth/energy_GeV": column((event) => event.energyGeV),
      "truth/charge": column((event) => event.charge),
      "truth/converted_at_m": column((event) => event.convertedAt),
      "truth/radiated": column((event) => event.radiated),
      "truth/lost_GeV": column((event) => event.lostGeV),
    });
    await writeNewFile(files[index], bytes);
  }
  return { files, events: 2 * events, comparison: statistics.compare() };
}
