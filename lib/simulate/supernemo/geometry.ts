/**
 * SuperNEMO's demonstrator: 2,034 drift cells on two sides of a foil, and 712 optical modules around them. Lengths in mm.
 *
 * x is across the foil (side 0 at negative x, side 1 at positive), y along it, z up along the wires. Numbers and positions of cells and modules are those of
 * TKEvent (github.com/TomasKrizak/TKEvent), which the experiment's fits use; the faces of the walls as in
 * github.com/SuperNEMO-DBD/SN-IEgenerator. @module
 */

/** The tracker's numbers. */
export const TRACKER = {
  sides: 2,
  /** Cells from the foil to the main wall, and along the foil. */
  layers: 9,
  columns: 113,
  cells: 2034,
  /** Distance of neighbouring wires. */
  pitch: 44,
  /** x of the first wires: 29 mm from the foil to the first cell, and half a cell. */
  firstWire: 51,
  /** Length of a wire's sensitive part; TKEvent gives heights from -1515 to 1515. */
  sensitive: 3030,
} as const;

/** Faces of the calorimeter that a track can reach. */
export const FACES = { main: 435, xWall: 2505.5, veto: 1550 } as const;

/** Which wall an optical module is part of. */
export type Wall = "main" | "x-wall" | "veto";

/** An optical module: its place, the block's middle, and its column and row in its wall. */
export interface OpticalModule {
  /** Number of the module. */
  id: number;
  /** Which wall it is in. */
  wall: Wall;
  /** 0 or 1, of the foil. */
  side: number;
  /** Column in its wall. */
  column: number;
  /** Row in its wall. */
  row: number;
  /** Away from the foil, mm. */
  x: number;
  /** Along the foil, mm. */
  y: number;
  /** Height, mm. */
  z: number;
}

/** Number of a cell: 1017 a side, 9 a column. */
export function cellNumber(side: number, layer: number, column: number): number {
  return TRACKER.layers * (TRACKER.columns * side + column) + layer;
}

/** y of the wires of a column. */
export function wireY(column: number): number {
  return TRACKER.pitch * (column - 56);
}

/**
 * Where a cell's wire is.
 *
 * @param firstWireMm |x| of the first layer's wires, which is not the same in all files.
 * @example
 * ```ts
 * wireAt(1, 0, 56); // [ 51, 0 ]
 * ```
 */
export function wireAt(
  side: number,
  layer: number,
  column: number,
  firstWireMm: number = TRACKER.firstWire,
): [x: number, y: number] {
  return [(2 * side - 1) * (TRACKER.pitch * layer + firstWireMm), wireY(column)];
}

/** Of the main wall: 20 columns × 13 rows a side, numbers 0 to 519. */
export function mainWallModule(side: number, column: number, row: number): number {
  return 260 * side + 13 * column + row;
}

/** Of the x-walls: on each side two walls of 2 columns × 16 rows, numbers 520 to 647. */
export function xWallModule(side: number, wall: number, column: number, row: number): number {
  return 520 + 64 * side + 32 * wall + 16 * column + row;
}

/** Of the gamma veto: on each side a bottom and a top row of 16, numbers 648 to 711. */
export function vetoModule(side: number, wall: number, column: number): number {
  return 648 + 32 * side + 16 * wall + column;
}

function buildModules(): OpticalModule[] {
  const modules: OpticalModule[] = [];
  for (const side of [0, 1]) {
    const sign = 2 * side - 1;
    for (let column = 0; column < 20; column++) {
      for (let row = 0; row < 13; row++) {
        const id = mainWallModule(side, column, row);
        modules[id] = {
          ...{ id, wall: "main", side, column, row },
          ...{ x: 532 * sign, y: 259 * (column - 9.5), z: 259 * (row - 6) },
        };
      }
    }
    for (const wall of [0, 1]) {
      for (const column of [0, 1]) {
        for (let row = 0; row < 16; row++) {
          const id = xWallModule(side, wall, column, row);
          modules[id] = {
            ...{ id, wall: "x-wall", side, column, row },
            ...{ x: (column === 0 ? 130 : 333) * sign, y: 2580.5 * (2 * wall - 1), z: 212 * (row - 7.5) },
          };
        }
      }
      for (let column = 0; column < 16; column++) {
        const id = vetoModule(side, wall, column);
        const y = column < 8 ? -(161 + 311.5 * (7 - column)) : 161 + 311.5 * (column - 8);
        modules[id] = {
          ...{ id, wall: "veto", side, column, row: wall },
          ...{ x: 213.5 * sign, y, z: 1625 * (2 * wall - 1) },
        };
      }
    }
  }
  return modules;
}

/** All 712, by number. */
export const OPTICAL_MODULES: readonly OpticalModule[] = buildModules();

/**
 * The module behind a point on the calorimeter's faces.
 *
 * @param x Where a track leaves the tracker; exactly on one of the faces, by which it is told.
 */
export function moduleBehind(wall: Wall, x: number, y: number, z: number): OpticalModule {
  const side = x < 0 ? 0 : 1;
  const bin = (value: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(value)));
  if (wall === "main") {
    return OPTICAL_MODULES[mainWallModule(side, bin(y / 259 + 10, 20), bin(z / 259 + 6.5, 13))];
  }
  if (wall === "x-wall") {
    const column = Math.abs(x) < 231.5 ? 0 : 1; // halfway between 130 and 333
    return OPTICAL_MODULES[xWallModule(side, y < 0 ? 0 : 1, column, bin(z / 212 + 8, 16))];
  }
  const place = y < 0 ? 7 - bin((-y - 5.25) / 311.5, 8) : 8 + bin((y - 5.25) / 311.5, 8);
  return OPTICAL_MODULES[vetoModule(side, z < 0 ? 0 : 1, place)];
}

/** A place in a side's half of the tracker, x away from the foil, mm, and a direction. */
export interface Heading {
  /** From the foil, at least 0. */
  x: number;
  /** Along it. */
  y: number;
  /** Up the wires. */
  z: number;
  /** Of the direction, away from the foil: greater than 0. */
  dx: number;
  /** Along it. */
  dy: number;
  /** Up the wires. */
  dz: number;
}

/**
 * Length of the way from a place to the calorimeter, in lengths of the direction, and the wall that is met first.
 *
 * @example
 * ```ts
 * reachWall({ x: 0, y: 0, z: 0, dx: 1, dy: 0, dz: 0 }); // { length: 435, wall: "main" }
 * ```
 */
export function reachWall({ x, y, z, dx, dy, dz }: Heading): { length: number; wall: Wall } {
  const toY = dy === 0 ? Infinity : (Math.sign(dy) * FACES.xWall - y) / dy;
  const toZ = dz === 0 ? Infinity : (Math.sign(dz) * FACES.veto - z) / dz;
  const toX = (FACES.main - x) / dx;
  const length = Math.min(toX, toY, toZ);
  return { length, wall: length === toX ? "main" : length === toY ? "x-wall" : "veto" };
}
