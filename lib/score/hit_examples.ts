/** Events of a tracker, from the columns of an HDF5 or ROOT file to what a model sees of them. @module */
import { drawSeen, placesOf } from "../image/tracker_views.ts";
import { eventCount, selectEvents, TRACKER_CELLS, type TrackerHits } from "../image/tracker_events.ts";
import { isHdf5, isRoot } from "../io/signatures.ts";
import { HIT_COLUMNS, readHitColumns } from "../io/hit_columns.ts";
import { openColumns } from "../io/jagged_columns.ts";
import type { Found, InputShape } from "./found.ts";
import type { DrawnHits, RawArray } from "./raw_array.ts";

/** What is asked for. */
export interface HitExampleOptions {
  inputs: readonly InputShape[];
  name: string;
  /** Most events of one file. */
  maxExamples: number;
  /** Most bytes of the pictures; the columns that they are drawn of may have an eighth of it each. */
  maxBytes: number;
  /** Only this event, counted from 0. */
  page?: number;
}

/**
 * The events of a file that has columns of hits; undefined where it has none.
 *
 * @throws {RangeError} If it has too many events, or a hit in no cell.
 */
export async function hitExamples(
  bytes: Uint8Array,
  { inputs, name, maxExamples, maxBytes, page }: HitExampleOptions,
): Promise<Found[] | undefined> {
  if (!isHdf5(bytes) && !isRoot(bytes)) return undefined;
  const file = await openColumns(bytes, { name, maxBytes: maxBytes / 8 });
  try {
    if (!HIT_COLUMNS.every((column) => file.names.has(column))) return undefined;
    const all = await readHitColumns(file, TRACKER_CELLS), count = eventCount(all);
    if (page === undefined && count > maxExamples) {
      throw new RangeError(`Cannot take ${count} events from "${name}": the limit is ${maxExamples}`);
    }
    if (page !== undefined && page >= count) {
      throw new RangeError(`Cannot take event ${page} of "${name}": it has ${count}, counted from 0`);
    }
    const drawnBytes = inputs.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    if (drawnBytes * (page === undefined ? count : 1) > maxBytes) {
      throw new RangeError(
        `Cannot draw ${count} events of "${name}" as their pictures may have at most ${maxBytes} bytes`,
      );
    }
    const chosen = page === undefined ? Array.from({ length: count }, (_, i) => i) : [page];
    const some = selectEvents(all, chosen);
    const drawn = inputs.map(({ name, shape, hits }) => [name, drawSeen(some, hits!, shape)] as const);
    const places = placesOf(some, inputs[0].hits!, inputs[0].shape);
    return chosen.map((event, i) => ({
      name: count === 1 ? name : `${name}[${event}]`,
      arrays: Object.fromEntries(
        drawn.map(([input, { data, shape: [, ...shape] }], k): [string, RawArray] => {
          const size = data.length / chosen.length, part = data.slice(i * size, (i + 1) * size);
          const dtype = part instanceof Uint8Array ? "u1" : "f4";
          return [input, { data: part, shape, dtype, ...(k === 0 && { hits: hitsOf(some, places, i) }) }];
        }),
      ),
    }));
  } finally {
    file.close();
  }
}

/** The hits of one event, as they were measured, and where the model sees them. */
function hitsOf({ offsets, ...columns }: TrackerHits, places: Int32Array, event: number): DrawnHits {
  const of = (values: Uint8Array | Float32Array | Int32Array) =>
    Array.from(values.subarray(offsets[event], offsets[event + 1]));
  const { side, layer, column, radiusMm, heightMm } = columns;
  return {
    side: of(side),
    layer: of(layer),
    column: of(column),
    radiusMm: of(radiusMm),
    heightMm: of(heightMm),
    place: of(places),
  };
}
