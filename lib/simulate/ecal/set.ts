/** The pair of files that the published calorimeter pictures come in. @module */
import { join } from "@std/path";
import { createHdf5File } from "../../io/hdf5_write.ts";
import { simulateBlocks } from "../blocks.ts";
import { fillNewFile, refuseExisting } from "../new_file.ts";
import type { SimulateContext, Simulated } from "../simulator.ts";
import type { EcalBlock } from "./ecal_worker.ts";
import type { EcalTruth } from "./event.ts";
import { createEcalStatistics } from "./statistics.ts";
import type { EcalParticle } from "./tracker.ts";

/** What to simulate. */
export interface EcalSettings {
  /** Pictures in each of the two files. */
  events: number;
  /** How the pictures are packed; the published files very likely have LZF. @default {"lzf"} */
  compression?: "lzf" | "gzip";
}

const MOST_EVENTS = 10_000_000;
/** Pictures a chunk of the file: half a mebibyte before packing. */
const CHUNK = 64;

/** Arrays of `/truth`, a number a picture each. */
const TRUTH: Readonly<Record<string, (event: EcalTruth) => number>> = {
  eta: (event) => event.eta,
  energy_GeV: (event) => event.energyGeV,
  charge: (event) => event.charge,
  converted_at_m: (event) => event.convertedAt,
  radiated: (event) => event.radiated,
  lost_GeV: (event) => event.lostGeV,
};

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
 * @throws {RangeError} If the number of pictures is not a whole number from 1 to 10,000,000.
 * @throws {Deno.errors.AlreadyExists} If one of the files is there already.
 */
export async function writeEcal(
  folder: string,
  settings: EcalSettings,
  context: SimulateContext,
): Promise<Simulated> {
  const { events, compression = "lzf" } = settings, { seed, workers, signal, onProgress } = context;
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
    await fillNewFile(files[index], (path) => createHdf5File(path), async (file) => {
      const packed = { dtype: "f4", compression } as const;
      const x = file.dataset("X", { ...packed, rowShape: [32, 32, 2], chunkRows: CHUNK });
      const y = file.dataset("y", packed);
      const truth = Object.entries(TRUTH).map(([name, pick]) => ({
        pick,
        column: file.dataset(`truth/${name}`, packed),
      }));
      const url = new URL("./ecal_worker.ts", import.meta.url);
      const blocks = simulateBlocks<EcalBlock>(url, events, { workers, signal, setup: { seed, particle } });
      for await (const { block, reply } of blocks) {
        x.append(reply.images);
        y.append(new Float32Array(block.count).fill(index));
        for (const { pick, column } of truth) column.append(Float32Array.from(reply.truth, pick));
        statistics.add(reply.images, particle);
        onProgress?.(index * events + block.first + block.count, 2 * events);
      }
    });
  }
  return { files, events: 2 * events, comparison: statistics.compare() };
}
