/** TIFFs made by hand: of any fields, or of grey pages. */
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

/** A page of grey pixels, a byte or two each. */
export interface GreyPage {
  pixels: Uint8Array | Uint16Array;
  width: number;
  /** It says of itself that it is a smaller copy of another. */
  reduced?: boolean;
}

/** An uncompressed, little-endian TIFF of grey pages, each in one strip behind its directory. */
export function greyTiff(pages: readonly GreyPage[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0)];
  let at = 8;
  pages.forEach(({ pixels, width, reduced }, page) => {
    const height = pixels.length / width;
    const fields = [
      [254, reduced ? 1 : 0],
      [256, width],
      [257, height],
      [258, 8 * pixels.BYTES_PER_ELEMENT],
      [259, 1],
      [262, 1],
      [273, DATA],
      [277, 1],
      [278, height],
      [279, pixels.byteLength],
    ];
    const directory = new DataView(new ArrayBuffer(2 + 12 * fields.length + 4));
    const strip = at + directory.byteLength;
    directory.setUint16(0, fields.length, true);
    fields.forEach(([tag, value], i) => {
      directory.setUint16(2 + 12 * i, tag, true);
      directory.setUint16(4 + 12 * i, 4, true); // LONG
      directory.setUint32(6 + 12 * i, 1, true);
      directory.setUint32(10 + 12 * i, value === DATA ? strip : value, true);
    });
    const padding = new Uint8Array(pixels.byteLength % 2); // a directory begins at an even byte
    at = strip + pixels.byteLength + padding.length;
    if (page + 1 < pages.length) directory.setUint32(directory.byteLength - 4, at, true);
    const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    parts.push(new Uint8Array(directory.buffer), bytes, padding);
  });
  return joined(...parts);
}
