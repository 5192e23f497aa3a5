/** Who goes with whom at the least cost: the assignment problem. @module */

/**
 * The partner of each row, no two alike, for which the costs add up to the least.
 *
 * Source: H. W. Kuhn, Naval Research Logistics 2, 83 (1955), by shortest augmenting paths in n³ steps.
 *
 * @param costs [rows][columns], at least as many columns as rows.
 * @returns Column of each row.
 * @throws {RangeError} If there are more rows than columns, or a cost is not finite.
 * @example The dearer choice of the first row saves more in the second
 * ```ts
 * assign([[1, 2], [1, 5]]); // [ 1, 0 ]
 * ```
 */
export function assign(costs: readonly ArrayLike<number>[]): number[] {
  const rows = costs.length, columns = costs[0]?.length ?? 0;
  const isWhole = costs.every((row) => row.length === columns && Array.from(row).every(Number.isFinite));
  if (rows > columns || !isWhole) {
    throw new RangeError(
      `Cannot assign rows to columns as each needs one of its own, at a finite cost: got ${rows} × ${columns}`,
    );
  }
  const ofRow = new Float64Array(rows), ofColumn = new Float64Array(columns + 1); // what is paid already
  const owner = new Int32Array(columns + 1).fill(-1); // row of each column; the last one begins each search
  for (let row = 0; row < rows; row++) {
    const least = new Float64Array(columns).fill(Infinity), from = new Int32Array(columns);
    const isSeen = new Uint8Array(columns + 1);
    let at = columns;
    owner[at] = row;
    while (owner[at] >= 0) {
      isSeen[at] = 1;
      const own = owner[at];
      let step = Infinity, next = -1;
      for (let column = 0; column < columns; column++) {
        if (isSeen[column]) continue;
        const cost = costs[own][column] - ofRow[own] - ofColumn[column];
        if (cost < least[column]) {
          least[column] = cost;
          from[column] = at;
        }
        if (least[column] < step) [step, next] = [least[column], column];
      }
      for (let column = 0; column <= columns; column++) {
        if (isSeen[column]) {
          ofRow[owner[column]] += step;
          ofColumn[column] -= step;
        } else if (column < columns) least[column] -= step;
      }
      at = next;
    }
    while (at !== columns) {
      owner[at] = owner[from[at]];
      at = from[at];
    }
    owner[columns] = -1;
  }
  const partners = new Array<number>(rows);
  for (let column = 0; column < columns; column++) if (owner[column] >= 0) partners[owner[column]] = column;
  return partners;
}
