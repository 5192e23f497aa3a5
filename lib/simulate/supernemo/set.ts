/** Files of SuperNEMO events, as columns with offsets. @module */
import { join } from "@std/path";
import type { Hdf5DatasetWriter, Hdf5Writer } from "../../io/hdf5_write.ts";
import { simulateBlocks } from "../blocks.ts";
import { refuseExisting } from "../new_file.ts";
import { writeNewHdf5 } from "../new_hdf5.ts";
import type { SimulateContext, Simulated } from "../simulator.ts";
import type { JaggedColumns } from "./columns.ts";
import type { DocumentTrack } from "./document.ts";
import { DETECTOR_LAYOUT, DOCUMENT_LAYOUT, type Layout } from "./layout.ts";
import { compareDocumentTracks } from "./statistics.ts";
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
}

/** Fewest compared tracks that make a table worth printing. */
const ENOUGH_TRACKS = 1000;
/** Tracks that are compared at most. */
const MOST_COMPARED = 100_000;

function settle(settings: SuperNemoSettings): Required<SuperNemoSettings> {
  const { law = "detector", tracks = [1, 2, 3, 4], files = 1, events = 2000 } = settings;
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
  return { law, tracks: [...new Set(tracks)], files, events };
}

/** Name of a file: the document's `my_generator_t2_0`, ours `supernemo_t2_0`. */
export function superNemoFileName(law: SuperNemoLaw, tracks: number, file: number): string {
  return `${law === "document" ? "my_generator" : "supernemo"}_t${tracks}_${file}.h5`;
}

/** Starts the datasets of a file: every column, and the offsets of each group. What it gives back takes the columns of a block. */
function startDatasets(file: Hdf5Writer, layout: Layout): (groups: Record<string, JaggedColumns>) => void {
  const started = Object.entries(layout).map(([group, specs]) => {
    const name = `${group}_offsets`, packing = { compression: "gzip", level: 1, shuffle: true } as const;
    const offsets = file.dataset(name, { dtype: "i4", ...packing });
    offsets.append(Int32Array.of(0));
    const columns = Object.entries(specs).map(([column, { type, unit }]): [string, Hdf5DatasetWriter] => [
      column,
      file.dataset(column, { dtype: type, ...packing, attributes: { unit, offsets: name } }),
    ]);
    return { group, offsets, columns, entries: 0 };
  });
  return (groups) => {
    for (const state of started) {
      const { offsets, columns } = groups[state.group];
      for (const [name, dataset] of state.columns) dataset.append(columns[name]);
      const before = state.entries;
      state.offsets.append(offsets.subarray(1).map((offset) => before + offset));
      state.entries += offsets[offsets.length - 1];
    }
  };
}

/**
 * Simulates events into HDF5 files of a folder: one set of files for each number of tracks.
 *
 * Each column is a dataset named as the branch of the document's files; event i has the entries from `offsets[i]` to before `offsets[i + 1]`,
 * where the dataset's attribute "offsets" names the offsets.
 *
 * @throws {RangeError} If a setting is out of range.
 * @throws {Deno.errors.AlreadyExists} If one of the files is there already.
 */
export async function writeSuperNemo(
  folder: string,
  settings: SuperNemoSettings,
  context: SimulateContext,
): Promise<Simulated> {
  const { law, tracks, files, events } = settle(settings);
  const { seed, workers, signal, onProgress } = context;
  const plan = tracks.flatMap((number) =>
    Array.from({ length: files }, (_, file) => ({
      ...{ number, file },
      path: join(folder, superNemoFileName(law, number, file)),
    }))
  );
  await refuseExisting(plan.map(({ path }) => path), "write the events");
  const layout = law === "document" ? DOCUMENT_LAYOUT : DETECTOR_LAYOUT, compared: DocumentTrack[] = [];
  const url = new URL("./supernemo_worker.ts", import.meta.url);
  for (const [index, { number, file, path }] of plan.entries()) {
    const setup: SuperNemoSetup = { law, seed, tracks: number, file };
    await writeNewHdf5(path, { generator: law, tracks: number, seed }, async (target) => {
      const append = startDatasets(target, layout);
      const blocks = simulateBlocks<SuperNemoBlock>(url, events, { size: 512, workers, signal, setup });
      for await (const { block, reply } of blocks) {
        append(reply.groups);
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
