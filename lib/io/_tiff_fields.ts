/**
 * Directories of a TIFF or BigTIFF: which pages there are, and the fields of one.
 *
 * Source: TIFF 6.0 (Adobe, 1992), section 2; BigTIFF by the AWare Systems proposal that libtiff follows. @module
 */
import { isTiff } from "./signatures.ts";

/** Fields of a page by tag: whole numbers, or the bytes of what is not numbers. */
export interface TiffFields {
  numbers: Map<number, number[]>;
  /** JPEG tables and the like, kept as they are. */
  bytes: Map<number, Uint8Array>;
}

/** A TIFF's directories. */
export interface TiffDirectory {
  little: boolean;
  /** Where each page's directory is, in order. */
  pages: number[];
  fields(page: number): TiffFields;
}

/** Bytes of a value by TIFF's number of its type; of these, which are numbers. */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8 };
const UNDEFINED = 7, MOST_PAGES = 1_000_000, MOST_VALUES = 1 << 24;

/**
 * Walks a TIFF's directories.
 *
 * @throws {SyntaxError} If it is no TIFF, or a directory is cut off or comes again.
 */
export function readTiffDirectory(bytes: Uint8Array, failed: string): TiffDirectory {
  if (!isTiff(bytes)) throw new SyntaxError(`${failed} at byte 0: expected II*\\0 or MM\\0*`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), little = bytes[0] === 0x49;
  const u16 = (at: number) => view.getUint16(at, little), u32 = (at: number) => view.getUint32(at, little);
  const u64 = (at: number) => Number(view.getBigUint64(at, little));
  const big = bytes.length >= 16 && u16(2) === 43, place = big ? u64 : u32;
  // A count of entries, entries, and the place of the next directory.
  const countBytes = big ? 8 : 2, entryBytes = big ? 20 : 12, placeBytes = big ? 8 : 4;
  const inside = (at: number, length: number) => at >= 0 && length >= 0 && at + length <= bytes.length;
  const entriesOf = (at: number) => big ? u64(at) : u16(at);
  const pages: number[] = [], seen = new Set<number>();
  if (bytes.length < (big ? 16 : 8)) {
    throw new SyntaxError(`${failed} at byte ${bytes.length}: the file ends`);
  }
  for (let at = place(big ? 8 : 4); at !== 0;) {
    const whole = inside(at, countBytes) && inside(at, countBytes + entryBytes * entriesOf(at) + placeBytes);
    if (!whole) {
      throw new SyntaxError(
        `${failed} at byte ${Math.min(at, bytes.length)}: the file ends within directory ${pages.length}`,
      );
    }
    if (seen.has(at) || pages.length >= MOST_PAGES) {
      throw new SyntaxError(`${failed} at byte ${at}: the directories go round in a circle`);
    }
    seen.add(at);
    pages.push(at);
    at = place(at + countBytes + entryBytes * entriesOf(at));
  }

  function fields(page: number): TiffFields {
    const at = pages[page];
    if (at === undefined) throw new SyntaxError(`${failed}: no page ${page}, it has ${pages.length}`);
    const found: TiffFields = { numbers: new Map(), bytes: new Map() };
    for (let entry = 0; entry < entriesOf(at); entry++) {
      const field = at + countBytes + entryBytes * entry, tag = u16(field), type = u16(field + 2);
      const size = SIZES[type], count = big ? u64(field + 4) : u32(field + 4), value = field + (big ? 12 : 8);
      if (!size || tag < 254) continue;
      const start = size * count <= placeBytes ? value : place(value);
      if (!inside(start, size * count)) {
        throw new SyntaxError(
          `${failed} at byte ${field}: the values of tag ${tag} go beyond the file's end`,
        );
      }
      if (type === UNDEFINED || type === 2) {
        found.bytes.set(tag, bytes.subarray(start, start + count));
        continue;
      }
      if (count > MOST_VALUES) {
        throw new SyntaxError(`${failed} at byte ${field}: tag ${tag} has ${count} values`);
      }
      const get = size === 1 ? (p: number) => bytes[p] : size === 2 ? u16 : size === 4 ? u32 : u64;
      found.numbers.set(tag, Array.from({ length: count }, (_, i) => get(start + i * size)));
    }
    return found;
  }

  return { little, pages, fields };
}
