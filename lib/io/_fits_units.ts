/** Units of a FITS file, a header with its data each, one after the other. Source: FITS Standard 4.0, section 3. @module */
import { BLOCK, type FitsCard, readHeader } from "./_fits_header.ts";
import { ascii, checkedProduct } from "./_problem.ts";

/** A header and its data. */
export interface Unit {
  header: Map<string, FitsCard>;
  /** How messages about it begin. */
  here: string;
  isImage: boolean;
  bitpix: number;
  shape: number[];
  /** Where the data start, and their bytes without padding. */
  end: number;
  size: number;
}

/** A number of a header. @throws {SyntaxError} If it is something else, or missing without `fallback`. */
export function numberOf(
  header: ReadonlyMap<string, FitsCard>,
  key: string,
  here: string,
  fallback?: number,
): number {
  const value = header.get(key) ?? fallback;
  if (typeof value === "number") return value;
  throw new SyntaxError(`${here}: expected a number as ${key}, found ${JSON.stringify(value ?? "nothing")}`);
}

/**
 * Walks the units of a file.
 *
 * @param left Bytes of values that the next image may have.
 * @throws {SyntaxError} If a header or data are damaged or cut off.
 * @throws {RangeError} If an image has more values than that.
 */
export function* unitsOf(
  file: Uint8Array,
  failed: string,
  left: () => number = () => Infinity,
): Generator<Unit, void> {
  for (let at = 0; at < file.length;) {
    // After the last unit a writer may leave padding; only "XTENSION" starts another one.
    if (at > 0 && !"XTENSION".startsWith(ascii(file, at, 8))) break;
    const unit = readUnit(file, at, left(), failed);
    yield unit;
    at = unit.end + Math.ceil(unit.size / BLOCK) * BLOCK;
  }
}

/** The types of values that there are: their bits, negative for floating point. */
export const BITPIX = [8, 16, 32, 64, -32, -64];

function readUnit(file: Uint8Array, at: number, left: number, failed: string): Unit {
  const { header, end } = readHeader(file, at, failed), here = `${failed} at byte ${at}`;
  const bitpix = numberOf(header, "BITPIX", here), axes = numberOf(header, "NAXIS", here);
  if (!BITPIX.includes(bitpix)) {
    throw new SyntaxError(`${here}: expected BITPIX 8, 16, 32, 64, -32 or -64, found ${bitpix}`);
  }
  if (!Number.isInteger(axes) || axes < 0 || axes > 999) throw new SyntaxError(`${here}: ${axes} axes`);
  const shape = Array.from({ length: axes }, (_, i) => numberOf(header, `NAXIS${axes - i}`, here));
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 0)) {
    throw new SyntaxError(`${here}: expected whole sides, found [${shape}]`);
  }
  const isImage = at === 0 || String(header.get("XTENSION")).trim() === "IMAGE";
  const bytes = Math.abs(bitpix) / 8, most = isImage ? Math.floor(left / bytes) : 2 ** 50;
  const values = axes === 0 ? 0 : checkedProduct(shape, most, here);
  const groups = numberOf(header, "GCOUNT", here, 1), extra = numberOf(header, "PCOUNT", here, 0);
  if (!Number.isSafeInteger(groups) || !Number.isSafeInteger(extra)) {
    throw new SyntaxError(
      `${here}: expected whole numbers as GCOUNT and PCOUNT, found ${groups} and ${extra}`,
    );
  }
  const size = bytes * groups * (extra + values);
  if (!(size >= 0 && end + size <= file.length)) {
    throw new SyntaxError(
      `${here}: expected ${size} bytes of values from byte ${end}, found ${file.length - end}`,
    );
  }
  return { header, here, isImage, bitpix, shape, end, size };
}
