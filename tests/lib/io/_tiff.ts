/** TIFFs of any fields, made by hand. */
import { joined } from "./_bytes.ts";

/** A little-endian TIFF of the given fields, numbers as 32 bits, followed by `data`. */
export function makeTiff(fields: Record<number, number[]>, data: Uint8Array): Uint8Array {
  const tags = Object.keys(fields).map(Number).sort((a, b) => a - b);
  const values: number[] = [], start = 8 + 2 + 12 * tags.length + 4;
  const extra = tags.reduce((sum, tag) => sum + (fields[tag].length > 1 ? 4 * fields[tag].length : 0), 0);
  const head = new DataView(new ArrayBuffer(start + extra));
  head.setUint32(0, 0x49492a00);
  head.setUint32(4, 8, true);
  head.setUint16(8, tags.length, true);
  tags.forEach((tag, i) => {
    const at = 10 + 12 * i, list = fields[tag].map((v) => v === DATA ? start + extra : v);
    head.setUint16(at, tag, true);
    head.setUint16(at + 2, 4, true);
    head.setUint32(at + 4, list.length, true);
    if (list.length === 1) head.setUint32(at + 8, list[0], true);
    else {
      head.setUint32(at + 8, start + 4 * values.length, true);
      list.forEach((v, k) => head.setUint32(start + 4 * (values.length + k), v, true));
      values.push(...list);
    }
  });
  return joined(new Uint8Array(head.buffer), data);
}
/** Stands for where the data begin. */
export const DATA = -1;

/** Fields of a grey picture of 8 bits in one strip. */
export const plainFields = (width: number, height: number, bytes: number) => ({
  256: [width],
  257: [height],
  258: [8],
  259: [1],
  262: [1],
  273: [DATA],
  278: [height],
  279: [bytes],
});
