/**
 * What a network says of one event before and after some of its hits are taken away or others put in.
 *
 * Source: `special_events` of github.com/amendl/SuperNEMO_ML_applications, which names hits by row and layer alone, so that it takes away both sides'; here
 * a side counts where it is given. @module
 */
import type { tf } from "../../engine/mod.ts";
import { fromArrays, type NamedArrays } from "../../data/source.ts";
import { selectEvents, type TrackerHits } from "../../image/tracker_events.ts";
import { predict } from "../../train/mod.ts";

/** A cell; on both sides where no side is given. */
export interface NamedCell {
  side?: number;
  /** From the foil, 0 to 8. */
  layer: number;
  /** Along the foil, 0 to 112. */
  column: number;
}

/** A hit to be put in. */
export interface AddedHit extends NamedCell {
  /** mm. @default {-1, not known} */
  radiusMm?: number;
  /** mm. @default {0, missing} */
  heightMm?: number;
}

/** What is changed. */
export interface HitChanges {
  /** @default {none} */
  remove?: readonly NamedCell[];
  /** @default {none} */
  add?: readonly AddedHit[];
}

/**
 * One event with some hits less and others more, which come last; the truth of hits is left out.
 *
 * @throws {RangeError} If a cell that is to go has no hit.
 * @example
 * ```ts
 * const one = Uint8Array.of(1), mm = Float32Array.of(5);
 * const hits = { offsets: Uint32Array.of(0, 1), side: one, layer: one, column: one, radiusMm: mm, heightMm: mm };
 * changeHits(hits, 0, { add: [{ layer: 2, column: 7 }] }).column; // 1, 7
 * ```
 */
export function changeHits(hits: TrackerHits, event: number, changes: HitChanges): TrackerHits {
  const { remove = [], add = [] } = changes, own = selectEvents(hits, [event]);
  const isOf = (i: number, { side, layer, column }: NamedCell) =>
    (side === undefined || own.side[i] === side) && own.layer[i] === layer && own.column[i] === column;
  const rows = [...own.layer.keys()];
  for (const cell of remove) {
    if (rows.some((i) => isOf(i, cell))) continue;
    const where = cell.side === undefined ? "" : ` of side ${cell.side}`;
    throw new RangeError(
      `Cannot take a hit away from event ${event} as it must be there: layer ${cell.layer}, column ${cell.column}${where}`,
    );
  }
  const kept = rows.filter((i) => !remove.some((cell) => isOf(i, cell)));
  const column = (values: ArrayLike<number>, added: (hit: AddedHit) => number) => [
    ...kept.map((i) => values[i]),
    ...add.map(added),
  ];
  return {
    offsets: Uint32Array.of(0, kept.length + add.length),
    side: Uint8Array.from(column(own.side, ({ side = 0 }) => side)),
    layer: Uint8Array.from(column(own.layer, ({ layer }) => layer)),
    column: Uint8Array.from(column(own.column, ({ column }) => column)),
    radiusMm: Float32Array.from(column(own.radiusMm, ({ radiusMm = -1 }) => radiusMm)),
    heightMm: Float32Array.from(column(own.heightMm, ({ heightMm = 0 }) => heightMm)),
  };
}

/**
 * A network's outputs for an event as it came and as it was changed.
 *
 * @param draw Makes the network's inputs of hits, such as `(hits) => ({ image: drawView(hits, "top") })`.
 * @returns The first output's numbers, before and after.
 */
export async function predictBeforeAndAfter(
  model: tf.LayersModel,
  hits: TrackerHits,
  event: number,
  changes: HitChanges,
  draw: (hits: TrackerHits) => NamedArrays,
): Promise<{ before: number[]; after: number[]; changed: TrackerHits }> {
  const changed = changeHits(hits, event, changes);
  const outputOf = async (some: TrackerHits) => {
    const predictions = await predict(model, fromArrays(draw(some), {}));
    return Array.from(Object.values(predictions)[0].data);
  };
  return { before: await outputOf(selectEvents(hits, [event])), after: await outputOf(changed), changed };
}
