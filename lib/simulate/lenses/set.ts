/** The pair of arrays that a search for lenses is trained on. @module */
import { join } from "@std/path";
import { simulateBlocks } from "../blocks.ts";
import { refuseExisting, writeNewFile } from "../new_file.ts";
import { writeNewNpy } from "../new_npy.ts";
import type { SimulateContext, Simulated } from "../simulator.ts";
import type { LensesBlock, LensesSetup } from "./lenses_worker.ts";
import type { SceneTruth } from "./scenes.ts";
import { compareLenses } from "./statistics.ts";

/** What to simulate. */
export interface LensesSettings {
  /** Pictures in `lenses.npy`. @default {20} */
  lenses?: number;
  /** Pictures in `other.npy`. @default {500} */
  others?: number;
}

const MOST_PICTURES = 1_000_000;
/** Pictures of lenses that are compared with the real ones at most. */
const MOST_COMPARED = 200;

/** First line of `truth.csv`. */
export const LENSES_TRUTH_HEADER =
  "file,index,kind,einstein_radius_px,mass_axis_ratio,shear,magnification,arc_signal_to_noise\n";

function truthLine(file: string, index: number, truth: SceneTruth): string {
  const { einsteinRadius, massAxisRatio, shear, magnification, arcSignalToNoise } = truth;
  const numbers = [einsteinRadius, massAxisRatio, shear, magnification, arcSignalToNoise];
  return [file, index, truth.kind, ...numbers.map((x) => Number(x.toPrecision(6)))].join(",") + "\n";
}

/**
 * Simulates `lenses.npy` and `other.npy` into a folder, (n, 100, 100, 3) float32 each, g, r and i, background-subtracted; what was there goes
 * into `truth.csv`.
 *
 * @returns The files, and how the lenses' statistics compare with those of the one real sample.
 * @throws {RangeError} If a number of pictures is not a whole number from 1 to 1,000,000.
 * @throws {Deno.errors.AlreadyExists} If one of the files is there already.
 */
export async function writeLenses(
  folder: string,
  settings: LensesSettings,
  context: SimulateContext,
): Promise<Simulated> {
  const { lenses = 20, others = 500 } = settings, { seed, workers, signal, onProgress } = context;
  for (const count of [lenses, others]) {
    if (!(Number.isInteger(count) && count >= 1 && count <= MOST_PICTURES)) {
      throw new RangeError(
        `Cannot simulate pictures of lenses as each file holds 1 to ${MOST_PICTURES}: got ${count}`,
      );
    }
  }
  const parts = [
    { kind: "lens", file: "lenses.npy", count: lenses },
    { kind: "other", file: "other.npy", count: others },
  ] as const;
  const files = [...parts.map(({ file }) => file), "truth.csv"].map((name) => join(folder, name));
  await refuseExisting(files, "write the pictures");
  const lines = [LENSES_TRUTH_HEADER],
    compared: Float32Array[] = [],
    url = new URL("./lenses_worker.ts", import.meta.url);
  let done = 0;
  const written: string[] = [];
  try {
    for (const { kind, file, count } of parts) {
      const setup: LensesSetup = { seed, kind };
      const pictures = async function* () {
        const blocks = simulateBlocks<LensesBlock>(url, count, { size: 16, workers, signal, setup });
        for await (const { block, reply } of blocks) {
          reply.truth.forEach((truth, i) => lines.push(truthLine(file, block.first + i, truth)));
          if (kind === "lens" && block.first < MOST_COMPARED) compared.push(reply.images);
          yield reply.images;
          onProgress?.(done += block.count, lenses + others);
        }
      };
      const path = join(folder, file);
      await writeNewNpy(path, [count, 100, 100, 3], pictures());
      written.push(path);
    }
    await writeNewFile(files[2], new TextEncoder().encode(lines.join("")));
  } catch (error) {
    for (const path of written) await Deno.remove(path).catch(() => {});
    throw error;
  }
  const images = new Float32Array(compared.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of compared) {
    images.set(block, at);
    at += block.length;
  }
  return { files, events: lenses + others, comparison: compareLenses(images) };
}
