/**
 * Whole sets of simulated CYGNO events, made by several threads, in the layout that the school's archive has. @module
 */
import { dirname, join } from "@std/path";
import { createZipFile } from "../io/zip.ts";
import { createRng } from "../base/rng.ts";
import { createPool } from "../base/worker_pool.ts";
import { heedStop } from "../base/stop_button.ts";
import type { RecoilKind, RecoilTruth } from "./cygno.ts";
import type { SimulateReply, SimulateRequest } from "./cygno_worker.ts";
import type { Nucleus } from "./he_cf4.ts";
import { refuseExisting, writeNewFile } from "./new_file.ts";

/** Energies of a set by default, keV: the course's bins (0, 5), (5, 15) and (15, 35) get about a third each, and no energy sits on an edge. */
export const SET_ENERGIES: readonly number[] = [1, 2, 3, 4, 6, 8, 10, 12, 14, 18, 22, 26, 30, 34];

/** What to simulate; the same settings give the same bytes, however many workers make them. */
export interface SetSettings {
  /** Events in all: nuclear and electron recoils in turn, each through all energies. */
  events: number;
  /** Fixes everything random. @default {1} */
  seed?: number;
  /** Whole keV, as the folders' names have no decimals. @default {SET_ENERGIES} */
  energiesKeV?: readonly number[];
  /** Which nuclei recoil. @default {["He"]} */
  nuclei?: readonly Nucleus[];
  /** Events as the data acquisition sends them: `event_<id>.png`, in random order of kind and energy. @default {false} */
  daq?: boolean;
}

/** Options for {@linkcode simulateSet}. */
export interface SetOptions {
  /** Threads. @default {one a core} */
  workers?: number;
  /** Stops between two events, with the signal's reason. */
  signal?: AbortSignal;
}

/** One event of a set. */
export interface SetEvent {
  /** Place in the set, from 0. */
  event: number;
  /** Path in the archive: `data/export/<run>/<NR|ER>/<E>_keV/<event>.png`, or `event_<id>.png`. */
  name: string;
  /** The packed picture. */
  png: Uint8Array;
  /** What was drawn. */
  truth: RecoilTruth;
}

/** What event `i` of a set is. */
function planEvent(i: number, settings: SetSettings): SimulateRequest & { name: string } {
  const { seed = 1, energiesKeV = SET_ENERGIES, nuclei = ["He"], daq = false } = settings;
  // What the data acquisition sends comes in no order; drawn apart from the event's own numbers.
  const place = daq ? Math.floor(2 * energiesKeV.length * createRng(seed ^ 0x51, i)()) : i;
  const kind: RecoilKind = place % 2 === 0 ? "NR" : "ER";
  const energyKeV = energiesKeV[Math.floor(place / 2) % energiesKeV.length];
  const run = `run_${String(seed).padStart(5, "0")}`, id = String(i).padStart(6, "0");
  const name = daq ? `event_${id}.png` : `data/export/${run}/${kind}/${energyKeV}_keV/${id}.png`;
  // Events for the data acquisition are no repetition of the training set of the same seed.
  return { event: i, seed: daq ? seed ^ 0x0da0 : seed, kind, energyKeV, nuclei, name };
}

function checkSettings({ events, seed = 1, energiesKeV = SET_ENERGIES }: SetSettings): void {
  if (!Number.isSafeInteger(events) || events < 1 || events > 2 ** 31) {
    throw new RangeError(`Cannot simulate a set as it must have 1 to 2³¹ events: got ${events}`);
  }
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31) {
    throw new RangeError(`Cannot simulate a set as the seed must be a whole number below 2³¹: got ${seed}`);
  }
  const odd = energiesKeV.find((keV) => !(Number.isInteger(keV) && keV >= 1 && keV <= 200));
  if (odd !== undefined || energiesKeV.length === 0) {
    throw new RangeError(`Cannot simulate a set as energies must be whole keV from 1 to 200: got ${odd}`);
  }
}

/**
 * Simulates a set, event by event, in order. At most four events a worker are under way or waiting.
 *
 * @param settings What to simulate.
 * @throws {RangeError} If a setting is out of range.
 * @example Two small events
 * ```ts
 * for await (const { name, truth } of simulateSet({ events: 2, energiesKeV: [3] }, { workers: 1 })) {
 *   name.includes(`/${truth.kind}/3_keV/`); // true
 * }
 * ```
 */
export async function* simulateSet(
  settings: SetSettings,
  options: SetOptions = {},
): AsyncGenerator<SetEvent, void, void> {
  checkSettings(settings);
  const { events } = settings;
  using stop = heedStop(options.signal);
  const { signal } = stop;
  const count = Math.max(1, Math.min(options.workers ?? navigator.hardwareConcurrency, events));
  const pool = createPool<SimulateRequest, SimulateReply>({
    url: new URL("./cygno_worker.ts", import.meta.url),
    size: count,
    timeoutMs: LONGEST_EVENT_MS,
  });
  const make = (event: number) => {
    const { name, ...request } = planEvent(event, settings);
    const made = pool.run(request, [], { signal });
    made.catch(() => {}); // thrown where its turn comes
    return { name, made };
  };
  const ahead = Math.min(4 * count, events);
  const underWay = Array.from({ length: ahead }, (_, event) => make(event));
  try {
    for (let event = 0; event < events; event++) {
      signal?.throwIfAborted();
      const { name, made } = underWay.shift()!, { png, truth } = await made;
      if (event + ahead < events) underWay.push(make(event + ahead));
      yield { event, name, png, truth };
    }
  } finally {
    pool.close();
  }
}

/** An event takes some milliseconds; one that takes this long hangs. */
const LONGEST_EVENT_MS = 600_000;

/** Options for {@linkcode writeSet}. */
export interface WriteSetOptions extends SetOptions {
  /** Called after each event. */
  onEvent?: (done: number, of: number) => void;
}

/** The truth of one event as a line of CSV; see {@linkcode TRUTH_HEADER}. */
function truthLine({ name, truth: t }: SetEvent): string {
  const numbers = [t.energyKeV, t.driftMm, t.axisMm, t.pathMm].map((x) => Number(x.toPrecision(6)));
  return [name, t.kind, t.particle, ...numbers, t.electrons, t.lightCounts].join(",") + "\n";
}

/** First line of a truth file. */
export const TRUTH_HEADER =
  "event,kind,particle,energy_keV,drift_mm,axis_mm,path_mm,electrons,light_counts\n";

/**
 * Simulates a set into a zip archive (a path ending in `.zip`) or a folder, and the truth beside it as `<path>.truth.csv` (a folder: `<folder>.truth.csv`).
 *
 * The archive appears under its name when it is complete, and an existing file is never overwritten. In a folder, each picture appears whole.
 *
 * @returns How many events were written, and the path of the truth.
 * @throws {RangeError} If a setting is out of range.
 * @throws {Deno.errors.AlreadyExists} If the archive, or one of the folder's pictures, is there already.
 */
export async function writeSet(
  path: string,
  settings: SetSettings,
  options: WriteSetOptions = {},
): Promise<{ events: number; truth: string }> {
  checkSettings(settings);
  const target = path.replace(/[\\/]+$/, ""), truth = `${target}.truth.csv`;
  const packed = /\.zip$/i.test(target);
  await refuseExisting(packed ? [target, truth] : [truth], "write the set");
  await Deno.mkdir(packed ? dirname(target) : target, { recursive: true });
  const zip = packed ? createZipFile(target) : undefined;
  const lines = [TRUTH_HEADER];
  try {
    for await (const event of simulateSet(settings, options)) {
      if (zip) zip.add({ name: event.name, bytes: event.png });
      else await writeNewFile(join(target, event.name), event.png);
      lines.push(truthLine(event));
      options.onEvent?.(event.event + 1, settings.events);
    }
    await writeNewFile(truth, new TextEncoder().encode(lines.join("")));
    zip?.close();
  } catch (error) {
    zip?.abort();
    throw error;
  }
  return { events: settings.events, truth };
}
