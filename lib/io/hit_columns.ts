/** Hits of a tracker of drift cells, from the columns of a file. @module */
import { checkSame, type Column, type ColumnFile, measured, wholeNumbers } from "./jagged_columns.ts";

/** How many cells there are. */
export interface HitCells {
  layers: number;
  columns: number;
  sides: number;
}

/** Hits of many events, one after the other. */
export interface HitColumns {
  /** Where each event begins, [events + 1]. */
  offsets: Uint32Array;
  /** Of the foil, [hits] as all below; 0 where the file has no sides. */
  side: Uint8Array;
  layer: Uint8Array;
  column: Uint8Array;
  /** -1 where it is no number. */
  radiusMm: Float32Array;
  /** 0 where it is no number. */
  heightMm: Float32Array;
  /** Whether the file says on which side hits are. */
  hasSides: boolean;
}

/** Columns that a file of hits must have. */
export const HIT_COLUMNS = ["grid_layer", "grid_column", "wirez", "radius"] as const;

/** Columns that are not read of a file unless they are wanted; those of cells always are. */
export interface HitColumnOptions {
  /** Whether heights are read: else they are as where none was measured, 0. @default {true} */
  heights?: boolean;
  /** Whether radii are read: else they are as where none was measured, -1. @default {true} */
  radii?: boolean;
}

/**
 * Reads the hits of all events.
 *
 * @throws {RangeError} If a wanted column is missing, or a number is no cell's; file, column and event are named.
 * @throws {TypeError} If columns differ in length.
 */
export async function readHitColumns(
  file: ColumnFile,
  cells: HitCells,
  { heights = true, radii = true }: HitColumnOptions = {},
): Promise<HitColumns> {
  const [layer, column, wirez, radius] = await Promise.all([
    file.read("grid_layer"),
    file.read("grid_column"),
    heights ? file.read("wirez") : undefined,
    radii ? file.read("radius") : undefined,
  ]);
  checkSame(file.name, {
    grid_layer: layer,
    grid_column: column,
    ...(wirez && { wirez }),
    ...(radius && { radius }),
  });
  const sides = await readSides(file, layer, cells), { length } = layer.data;
  return {
    offsets: Uint32Array.from(layer.offsets),
    side: sides ?? new Uint8Array(length),
    layer: wholeNumbers(layer, cells.layers, "grid_layer", file.name),
    column: wholeNumbers(column, cells.columns, "grid_column", file.name),
    radiusMm: radius ? measured(radius, -1) : new Float32Array(length).fill(-1),
    heightMm: wirez ? measured(wirez, 0) : new Float32Array(length),
    hasSides: sides !== undefined,
  };
}

/** The side of each hit; nothing where the column is missing or empty. */
async function readSides(
  file: ColumnFile,
  hits: Column,
  cells: HitCells,
): Promise<Uint8Array | undefined> {
  if (!file.names.has("grid_side")) return undefined;
  const column = await file.read("grid_side");
  if (column.data.length === 0) return undefined;
  checkSame(file.name, { grid_layer: hits, grid_side: column });
  return wholeNumbers(column, cells.sides, "grid_side", file.name);
}
