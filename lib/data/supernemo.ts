/**
 * SuperNEMO's events from HDF5 or ROOT files, whole columns at a time.
 *
 * Branches are those of the published generator, github.com/amendl/SuperNEMO_ML_applications: `wirez`, `radius`, `grid_side`, `grid_layer`, `grid_column`,
 * `calo_column`, `calo_row`, `track_split`, a `std::vector` each in the tree `hit_tree`; in HDF5, datasets of the same names whose attribute "offsets" names the dataset
 * that says where each event begins. Its `grid_side` is always empty, which is read as side 0. What is under `truth/` (in ROOT `truth_…`) is read
 * where it is there. @module
 */
import type { ByteSource } from "../io/byte_source.ts";
import { type HitColumnOptions, readHitColumns } from "../io/hit_columns.ts";
import { checkSame, type Column, type ColumnFile, openColumns, wholeNumbers } from "../io/jagged_columns.ts";
import { filesMatching, isPattern } from "./transport/glob.ts";
import { CELL_MM, eventCount, offsetsOf, TRACKER_CELLS, type TrackerHits } from "../image/tracker_events.ts";

/** Tracks of many events as they were; event i has those from `offsets[i]` to before `offsets[i + 1]`. */
export interface TrackTruth {
  /** Where the tracks of each event begin, [events + 1]. */
  readonly offsets: Uint32Array;
  /** 0 or 1, [tracks] as all below. */
  readonly side: Uint8Array;
  /** On the foil, mm from the tracker's middle. */
  readonly vertexYMm: Float32Array;
  /** Height on the foil, mm from the middle. */
  readonly vertexZMm: Float32Array;
  /** dy/d|x| and dz/d|x| on the foil. */
  readonly slopeY: Float32Array;
  /** dz/d|x| on the foil. */
  readonly slopeZ: Float32Array;
  /** 1 for a track that is kinked on its way; absent where the file does not say. */
  readonly kinked?: Uint8Array;
}

/** Calorimeter modules that were hit. */
export interface CalorimeterHits {
  /** Where the modules of each event begin, [events + 1]. */
  readonly offsets: Uint32Array;
  /** As the file counts them: 0 to 21 of the published generator, of the module's own wall in ours. */
  readonly column: Uint8Array;
  /** As the file counts them, like `column`. */
  readonly row: Uint8Array;
  /** Number of the optical module, where the file has one. */
  readonly module?: Uint16Array;
  /** Truth: bit i is set if track i ended there, 0 for a gamma; absent where the file does not say. */
  readonly tracks?: Uint16Array;
}

/** Events of one or several files. */
export interface SuperNemoEvents {
  /** Cells that fired. */
  readonly hits: TrackerHits;
  /** Number of tracks of each event; absent where a file does not say. */
  readonly trackCounts?: Uint8Array;
  /** Tracks as they were; absent where a file does not say. */
  readonly truth?: TrackTruth;
  /** Modules that were hit; absent where a file has none. */
  readonly calorimeter?: CalorimeterHits;
  /** |x| of the first layer's wires: 51 mm in the detector, 22 mm where the published generator has no gap at the foil. */
  readonly firstWireMm: number;
}

/** Which track each hit is of, from where each track ends in the list of hits. */
function tracksBySplit(hits: Uint32Array, split: Column): Uint16Array {
  const out = new Uint16Array(hits[hits.length - 1]);
  for (let event = 0; event + 1 < hits.length; event++) {
    let from = hits[event];
    for (let k = split.offsets[event]; k < split.offsets[event + 1]; k++) {
      const end = hits[event] + Number(split.data[k]);
      out.fill(1 << (k - split.offsets[event]), from, end);
      from = end;
    }
  }
  return out;
}

/** Published lengths along the foil are in cells from its first column's edge; heights are 1,550 mm in 35.03 cells. */
const HEIGHT_CELL_MM = 5000 / 113;

/** A column's numbers, each moved and then multiplied. */
function scaled({ data }: Column, factor: number, shift = 0): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = factor * (data[i] + shift);
  return out;
}

async function readTruth(file: ColumnFile, isPublished: boolean): Promise<TrackTruth | undefined> {
  const names = ["truth/vertex_y", "truth/vertex_z", "truth/slope_y", "truth/slope_z"] as const;
  if (!names.every((name) => file.names.has(name))) return undefined;
  const [y, z, slopeY, slopeZ] = await Promise.all(names.map((name) => file.read(name)));
  const hasSides = file.names.has("truth/side");
  const kinkLayer = file.names.has("truth/kink_layer") ? await file.read("truth/kink_layer") : undefined;
  return {
    offsets: y.offsets,
    side: hasSides
      ? wholeNumbers(await file.read("truth/side"), 2, "truth/side", file.name)
      : new Uint8Array(y.data.length),
    vertexYMm: isPublished ? scaled(y, CELL_MM, -56.5) : scaled(y, 1),
    vertexZMm: scaled(z, isPublished ? HEIGHT_CELL_MM : 1),
    slopeY: scaled(slopeY, 1),
    slopeZ: scaled(slopeZ, isPublished ? HEIGHT_CELL_MM / CELL_MM : 1),
    ...(kinkLayer && { kinked: Uint8Array.from(kinkLayer.data, (layer) => Number(layer) >= 0 ? 1 : 0) }),
  };
}

async function readCalorimeter(file: ColumnFile): Promise<CalorimeterHits | undefined> {
  if (!(file.names.has("calo_column") && file.names.has("calo_row"))) return undefined;
  const column = await file.read("calo_column"), row = await file.read("calo_row");
  checkSame(file.name, { calo_column: column, calo_row: row });
  const [id, tracks] = await Promise.all(
    ["calo_id", "truth/calo_tracks"].map((name) => file.names.has(name) ? file.read(name) : undefined),
  );
  return {
    offsets: column.offsets,
    column: wholeNumbers(column, 22, "calo_column", file.name),
    row: wholeNumbers(row, 16, "calo_row", file.name),
    ...(id && { module: Uint16Array.from(id.data) }),
    ...(tracks && { tracks: Uint16Array.from(tracks.data) }),
  };
}

/** What is read beside the cells and the number of tracks; what is not is as in a file without it. */
export interface ReadSuperNemoOptions extends HitColumnOptions {
  /** Whether tracks as they were are read, and which hits are theirs. @default {true} */
  truth?: boolean;
  /** Whether the calorimeter is read. @default {true} */
  calorimeter?: boolean;
}

async function readFile(place: string | ByteSource, wanted: ReadSuperNemoOptions): Promise<SuperNemoEvents> {
  const { truth: wantsTruth = true, calorimeter = true } = wanted;
  const file = await openColumns(place);
  try {
    const { hasSides, ...cells } = await readHitColumns(file, TRACKER_CELLS, wanted), { offsets } = cells;
    const split = file.names.has("track_split") ? await file.read("track_split") : undefined;
    const isPublished = split !== undefined && !hasSides;
    const truth = wantsTruth || !split ? await readTruth(file, isPublished) : undefined;
    const tracks = wantsTruth && file.names.has("truth/tracks") ? await file.read("truth/tracks") : undefined;
    const counted = split ?? truth;
    const counts = counted && Uint8Array.from(
      { length: offsets.length - 1 },
      (_, event) => counted.offsets[event + 1] - counted.offsets[event],
    );
    const bits = tracks
      ? Uint16Array.from(tracks.data)
      : split && wantsTruth
      ? tracksBySplit(offsets, split)
      : undefined;
    return {
      hits: { ...cells, ...(bits && { tracks: bits }) },
      trackCounts: counts,
      ...(wantsTruth && { truth }),
      ...(calorimeter && { calorimeter: await readCalorimeter(file) }),
      firstWireMm: isPublished ? 22 : 51,
    };
  } finally {
    file.close();
  }
}

type Joinable = Uint8Array | Uint16Array | Float32Array;

/** Columns of several files behind each other. */
function joinColumns<T extends { readonly offsets: Uint32Array }>(parts: readonly T[]): T {
  if (parts.length === 1) return parts[0];
  const counts = parts.flatMap(({ offsets }) =>
    Array.from(offsets.subarray(1), (end, i) => end - offsets[i])
  );
  const out: Record<string, Joinable | Uint32Array> = { offsets: offsetsOf(counts) };
  for (const name of Object.keys(parts[0]).filter((name) => name !== "offsets")) {
    const columns = parts.map((part) => (part as unknown as Record<string, Joinable | undefined>)[name]);
    if (!columns.every((column) => column !== undefined)) continue;
    const length = columns.reduce((sum, column) => sum + column.length, 0);
    const joined = new (columns[0].constructor as new (length: number) => Joinable)(length);
    let at = 0;
    for (const column of columns) {
      joined.set(column, at);
      at += column.length;
    }
    out[name] = joined;
  }
  return out as unknown as T;
}

/** A part that every file has, joined; undefined where one file lacks it. */
function joinParts<T extends { readonly offsets: Uint32Array }>(parts: readonly (T | undefined)[]) {
  const there = parts.filter((part) => part !== undefined);
  return there.length === parts.length ? joinColumns(there) : undefined;
}

/** Files behind paths and patterns. @throws {Deno.errors.NotFound} If a pattern fits none. */
async function expand(places: readonly (string | ByteSource)[]): Promise<(string | ByteSource)[]> {
  const files: (string | ByteSource)[] = [];
  for (const place of places) {
    if (typeof place !== "string" || !isPattern(place)) {
      files.push(place);
      continue;
    }
    const found = await Array.fromAsync(filesMatching(place));
    if (found.length === 0) throw new Deno.errors.NotFound(`Cannot read events as no file fits "${place}"`);
    files.push(...found);
  }
  if (files.length === 0) throw new TypeError("Cannot read events as no files are given");
  return files;
}

/**
 * Reads events of HDF5 or ROOT files, all together, in the files' order.
 *
 * @param places Paths, `http(s):` addresses, patterns such as `data/my_generator_t*_0.root`, or sources of bytes.
 * @param wanted What is read beside the cells: views from above need nothing more, and are there half as fast again without.
 * @returns What every file has; truth, track counts and calorimeter are absent where one file lacks them.
 * @throws {RangeError} If a column is missing, or a number is none that the detector has; file, column and event are named.
 * @throws {TypeError} If columns of one kind differ in length, files differ in their geometry, or there are no files.
 * @throws {SyntaxError} If a file is damaged or of another format.
 */
export async function readSuperNemo(
  places: readonly (string | ByteSource)[],
  wanted: ReadSuperNemoOptions = {},
): Promise<SuperNemoEvents> {
  const parts: SuperNemoEvents[] = [];
  for (const place of await expand(places)) parts.push(await readFile(place, wanted));
  const [{ firstWireMm }] = parts;
  if (parts.some((part) => part.firstWireMm !== firstWireMm)) {
    throw new TypeError("Cannot read files of both generators together as their geometries differ");
  }
  const counts = parts.map(({ trackCounts }) => trackCounts);
  const trackCounts = counts.every((one) => one !== undefined)
    ? Uint8Array.from(counts.flatMap((one) => Array.from(one)))
    : undefined;
  const hits = joinColumns(parts.map((part) => part.hits));
  const truth = joinParts(parts.map((part) => part.truth));
  const calorimeter = joinParts(parts.map((part) => part.calorimeter));
  return { hits, firstWireMm, trackCounts, truth, calorimeter };
}

/** Number of events. */
export function superNemoEventCount({ hits }: SuperNemoEvents): number {
  return eventCount(hits);
}
