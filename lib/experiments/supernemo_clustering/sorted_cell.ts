/** What became of a cell of an event whose hits were sorted. @module */

/** It stays and goes, both rightly; it is lost though it should stay, and left though it should go. */
export type SortedCell = "stays" | "goes" | "lost" | "left";

/** Where hits are, and which of them stay, [events, 116, 12] each. */
export interface DrawnEvents {
  readonly occupied: ArrayLike<number>;
  readonly truth: ArrayLike<number>;
}

/**
 * What became of a cell; nothing of one without a hit that is not given either.
 *
 * @param values What a network says of each cell, [events, 116, 12].
 * @param threshold From which value on a cell is given.
 * @param cell Its number among those of all events.
 */
export function sortedCell(
  values: ArrayLike<number>,
  { occupied, truth }: DrawnEvents,
  threshold: number,
  cell: number,
): SortedCell | undefined {
  const isGiven = values[cell] >= threshold;
  if (truth[cell]) return isGiven ? "stays" : "lost";
  if (isGiven) return "left";
  return occupied[cell] ? "goes" : undefined;
}
