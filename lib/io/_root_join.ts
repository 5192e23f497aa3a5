/** Parts of a column put behind each other: of several files, or of the clusters of one. @module */
import type { RootColumn, RootValues } from "./_root_columns.ts";

/**
 * Puts columns of the same branch behind each other.
 *
 * @throws {TypeError} If they are of different types.
 */
export function joinColumns(columns: readonly RootColumn[], name: string): RootColumn {
  const [first] = columns;
  if (columns.length === 1) return first;
  for (const { data, shape, inner, offsets } of columns) {
    const isSame = data.constructor === first.data.constructor && String(shape) === String(first.shape) &&
      Boolean(inner) === Boolean(first.inner) && Boolean(offsets) === Boolean(first.offsets);
    if (!isSame) {
      throw new TypeError(`Cannot join branch "${name}" as its parts are of different types`);
    }
  }
  const count = columns.reduce((sum, { data }) => sum + data.length, 0);
  const data = new (first.data.constructor as new (length: number) => RootValues)(count);
  let at = 0;
  for (const column of columns) {
    (data as Float64Array).set(column.data as Float64Array, at);
    at += column.data.length;
  }
  const width = first.shape.reduce((a, b) => a * b, 1);
  const valuesOf = ({ data }: RootColumn) => data.length / width;
  const inner = first.inner && joinOffsets(columns.map((column) => [column.inner!, valuesOf(column)]));
  const listsOf = (column: RootColumn) => column.inner ? column.inner.length - 1 : valuesOf(column);
  const offsets = first.offsets && joinOffsets(columns.map((column) => [column.offsets!, listsOf(column)]));
  return { data, shape: [...first.shape], ...(offsets && { offsets }), ...(inner && { inner }) };
}

function joinOffsets(parts: readonly (readonly [offsets: Uint32Array, values: number])[]): Uint32Array {
  const out = new Uint32Array(parts.reduce((sum, [offsets]) => sum + offsets.length - 1, 1));
  let at = 1, before = 0;
  for (const [offsets, values] of parts) {
    for (let i = 1; i < offsets.length; i++) out[at++] = before + offsets[i];
    before += values;
  }
  return out;
}
