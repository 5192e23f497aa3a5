/** Files of SuperNEMO events, as columns with offsets. @module */
import { join } from "@std/path";
import { encodeHdf5, type Hdf5Input } from "../../io/hdf5.ts";
import { simulateBlocks } from "../blocks.ts";
import { refuseExisting, writeNewFile } from "../new_file.ts";
import type { SimulateContext, Simulated } from "../simulator.ts";
import { type JaggedColumns, joinColumns } from "./columns.ts";
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

/** The datasets of a file: every column, and the offsets of each group. */
function toDatasets(layout: Layout, groups: Record<string, JaggedColumns>): Record<string, Hdf5Input> {
  const datasets: Record<string, Hdf5Input> = {};
  for (const [group, specs] of Object.entries(layout)) {
    const { offsets, columns } = groups[group], name = `${group}_offsets`;
    datasets[name] = { data: offsets, shape: [offsets.length] };
    for (const [column, { unit }] of Object.entries(specs)) {
      const data = columns[column];
      datasets[column] = { data, shape: [data.length], attributes: { unit, offsets: name } };
    }
  }
  return datasets;
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
    const parts: Record<string, JaggedColumns>[] = [];
    const blocks = simulateBlocks<SuperNemoBlock>(url, events, { size: 512, workers, signal, setup });
    for await (const { block, reply } of blocks) {
      parts.push(reply.groups);
      compared.push(...reply.tracks);
      onProgress?.(index * events + block.first + block.count, plan.length * events);
    }
    const groups = Object.fromEntries(
      Object.keys(layout).map((group) => [group, joinColumns(parts.map((part) => part[group]))]),
    );
    const bytes = await encodeHdf5(toDatasets(layout, groups), { generator: law, tracks: number, seed });
    await writeNewFile(path, bytes);
  }
  return {
    files: plan.map(({ path }) => path),
    events: plan.length * events,
    ...(compared.length >= ENOUGH_TRACKS ? { comparison: compareDocumentTracks(compared) } : {}),
  };
}
