/** What SuperNEMO files hold: which columns, of which type, in which unit. @module */
import type { ColumnType } from "./columns.ts";

/** A column of a file. */
export interface ColumnSpec {
  /** Type of its values. */
  type: ColumnType;
  /** Unit or meaning, kept as the attribute "unit". */
  unit: string;
}

/** Columns by dataset name; all of a group have the offsets `<group>_offsets`. */
export type Layout = Readonly<Record<string, Readonly<Record<string, ColumnSpec>>>>;

/**
 * The document's branches. Its `grid_side` and `calo_side` are always empty and are left out: a reader takes a missing side as 0. `track_split` is where each
 * track ends in the list of hits. What is under `truth/` the document's files do not have.
 */
export const DOCUMENT_LAYOUT = {
  hit: {
    wirez: { type: "f8", unit: "mm" },
    radius: { type: "f8", unit: "mm" },
    grid_layer: { type: "i4", unit: "0 to 8, from the foil" },
    grid_column: { type: "i4", unit: "0 to 112" },
  },
  track: {
    calo_column: { type: "i4", unit: "0 to 21, both ends for the x-walls" },
    calo_row: { type: "i4", unit: "0 to 14, both ends for the veto" },
    track_split: { type: "i4", unit: "hits up to the end of this track" },
    "truth/vertex_y": { type: "f8", unit: "cells of 44 mm from the first column's edge" },
    "truth/vertex_z": { type: "f8", unit: "cells of 44 mm from the middle" },
    "truth/slope_y": { type: "f8", unit: "dy/dx" },
    "truth/slope_z": { type: "f8", unit: "dz/dx" },
  },
} as const satisfies Layout;

/** Our own generator's: hits as in the document's files, both sides, modules with energy and time. */
export const DETECTOR_LAYOUT = {
  hit: {
    wirez: { type: "f8", unit: "mm, 0 if missing" },
    radius: { type: "f8", unit: "mm, -1 if delayed" },
    grid_side: { type: "i4", unit: "0 or 1" },
    grid_layer: { type: "i4", unit: "0 to 8, from the foil" },
    grid_column: { type: "i4", unit: "0 to 112" },
    grid_id: { type: "i4", unit: "0 to 2033" },
    "truth/tracks": { type: "i4", unit: "bit i for track i, 0 for noise" },
    "truth/radius": { type: "f8", unit: "mm, -1 for noise" },
  },
  calo: {
    calo_id: { type: "i4", unit: "0 to 711" },
    calo_type: { type: "i4", unit: "0 main wall, 1 x-wall, 2 veto" },
    calo_side: { type: "i4", unit: "0 or 1" },
    calo_column: { type: "i4", unit: "column of the wall" },
    calo_row: { type: "i4", unit: "row of the wall" },
    calo_energy: { type: "f8", unit: "MeV" },
    calo_time: { type: "f8", unit: "ns" },
    "truth/calo_tracks": { type: "i4", unit: "bit i for track i, 0 for a gamma" },
  },
  track: {
    "truth/side": { type: "i4", unit: "0 or 1" },
    "truth/vertex_y": { type: "f8", unit: "mm" },
    "truth/vertex_z": { type: "f8", unit: "mm" },
    "truth/slope_y": { type: "f8", unit: "dy/d|x| at the foil" },
    "truth/slope_z": { type: "f8", unit: "dz/d|x| at the foil" },
    "truth/kink_layer": { type: "i4", unit: "layer that it is kinked before, -1 for none" },
    "truth/kink_angle": { type: "f8", unit: "degrees" },
    "truth/energy": { type: "f8", unit: "MeV" },
    "truth/calo": { type: "i4", unit: "number of the module that it reaches" },
    "truth/cells": { type: "i4", unit: "cells crossed, dead ones too" },
  },
} as const satisfies Layout;

/** Types of a group's columns, for `createColumns`. */
export function typesOf<Name extends string>(
  group: Readonly<Record<Name, ColumnSpec>>,
): Record<Name, ColumnType> {
  const entries = Object.entries(group) as [Name, ColumnSpec][];
  return Object.fromEntries(entries.map(([name, { type }]) => [name, type])) as Record<Name, ColumnType>;
}
