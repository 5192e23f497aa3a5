/** Files of SuperNEMO events, as columns with offsets. @module */
import { join } from "@std/path";
import { simulateBlocks } from "../blocks.ts";
import { fillNewFile, refuseExisting } from "../new_file.ts";
import type { SimulateContext, Simulated } from "../simulator.ts";
import type { DocumentTrack } from "./document.ts";
import type { DriftLaw } from "./drift.ts";
import { DETECTOR_LAYOUT, DOCUMENT_LAYOUT } from "./layout.ts";
import { compareDocumentTracks } from "./statistics.ts";
import { createTarget, type SuperNemoFormat } from "./target.ts";
import type { SuperNemoBlock, SuperNemoLaw, SuperNemoSetup } from "./supernemo_worker.ts";

/** What to simulate. */
export interface SuperNemoSettings {
  /** The document's generator, or ours. @default {"detector"} */
  law?: SuperNemoLaw;
  /** Numbers of tracks an event: so many sets of files. @default {[1, 2, 3, 4]} */
  tracks?: readonly number[];
  /** Files for each number of tracks. @default {1} */
  files?: number;
  /** Events in each file. @default {2000} */
  events?: number;
  /** Which files to write. @default {"hdf5"} */
  format?: SuperNemoFormat;
  /** By which our own generator's electrons drift to the wires. @default {"manchester"} */
  drift?: DriftLaw;
}

/** Fewest compared tracks that make a table worth printing. */
const ENOUGH_TRACKS = 1000;
/** Tracks that are compared at most. */
const MOST_COMPARED = 100_000;

function settle(settings: SuperNemoSettings): Required<SuperNemoSettings> {
  const { law = "detector", tracks = [1, 2, 3, 4], files = 1, events = 2000, format = "hdf5" } = settings;
  const { drift = "manchester" } = settings;
  const check = (what: string, value: number, most: number) => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return;
    throw new RangeError(`Cannot simulate SuperNEMO as ${what} must be 1 to ${most}: got ${value}`);
  };
  if (tracks.length === 0) {
    throw new RangeError("Cannot simulate SuperNEMO as no number of tracks is given");
  }
  for (const number of tracks) check("the number of tracks", number, 12);
  check("the number of files", files, 1000);
  check("the number of events", events, 2_000_000);
  if (law === "document" && drift !== "manchester") {
    throw new RangeError(
      `Cannot simulate the published generator by a drift law as it has none: got ${drift}`,
    );
  }
  return { law, tracks: [...new Set(tracks)], files, events, format, drift };
}

/** Name of a file: the document's `my_generator_t2_0.root`, ours `supernemo_t2_0.h5`. */
export function superNemoFileName(
  law: SuperNemoLaw,
  tracks: number,
  file: number,
  format: SuperNemoFormat = "hdf5",
): string {
  const name = law === "document" ? "my_generator" : "supernemo";
  return `${name}_t${tracks}_${file}.${format === "hdf5" ? "h5" : "root"}`;
}

/**
 * Simulates events into HDF5 or ROOT files of a folder: one set of files for each number of tracks; `target.ts` says what the files hold.
 *
 * @throws {RangeError} If a setting is out of range.
 * @throws {Deno.errors.AlreadyExists} If one of the files is there already.
 */
export async function writeSuperNemo(
  folder: string,
  settings: SuperNemoSettings,
  context: SimulateContext,
): Promise<Simulated> {
  const { law, tracks, files, events, format, drift } = settle(settings);
  const { seed, workers, signal, onProgress } = context;
  const plan = tracks.flatMap((number) =>
    Array.from({ length: files }, (_, file) => ({
      ...{ number, file },
      path: join(folder, superNemoFileName(law, number, file, format)),
    }))
  );
  await refuseExisting(plan.map(({ path }) => path), "write the events");
  const layout = law === "document" ? DOCUMENT_LAYOUT : DETECTOR_LAYOUT, compared: DocumentTrack[] = [];
  const url = new URL("./supernemo_worker.ts", import.meta.url);
  for (const [index, { number, file, path }] of plan.entries()) {
    const setup: SuperNemoSetup = { law, seed, tracks: number, file, drift };
    const open = (at: string) => createTarget(at, format, layout, { generator: law, tracks: number, seed });
    await fillNewFile(path, open, async (target) => {
      const blocks = simulateBlocks<SuperNemoBlock>(url, events, { size: 512, workers, signal, setup });
      for await (const { block, reply } of blocks) {
        target.append(reply.groups);
        compared.push(...reply.tracks.slice(0, MOST_COMPARED - compared.length));
        onProgress?.(index * events + block.first + block.count, plan.length * events);
      }
    });
  }
  return {
    files: plan.map(({ path }) => path),
    events: plan.length * events,
    ...(compared.length >= ENOUGH_TRACKS ? { comparison: compareDocumentTracks(compared) } : {}),
  };
}
