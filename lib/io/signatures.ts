/** How files begin, apart from their decoders so that telling formats apart loads none. @module */
import { ascii } from "./_problem.ts";

/** The first bytes of a PNG. */
export const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** The first bytes of a .npy file. */
export const NPY_MAGIC = "\x93NUMPY";
/** Of a zip: how an entry's own header begins, and how the end of the directory does. */
export const ZIP_LOCAL = 0x04034b50, ZIP_END = 0x06054b50;
/** The types of values of an idx file. */
const IDX_CODES = [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e];

/** Whether the bytes start like a JPEG. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Whether the bytes start like a TIFF, or a BigTIFF. */
export function isTiff(bytes: Uint8Array): boolean {
  return ["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(ascii(bytes, 0, 4));
}

/** Whether the bytes start like a FITS file. */
export function isFits(bytes: Uint8Array): boolean {
  return /^SIMPLE {2}= +[TF]/.test(ascii(bytes, 0, 30));
}

/** Whether the bytes start like an HDF5 file, at once or behind a user block of up to 2,048 bytes, such as MATLAB 7.3's. */
export function isHdf5(bytes: Uint8Array): boolean {
  return [0, 512, 1024, 2048].some((at) => ascii(bytes, at, 8) === "\x89HDF\r\n\x1a\n");
}

/** Whether the bytes start like a ROOT file. */
export function isRoot(bytes: Uint8Array): boolean {
  return ascii(bytes, 0, 4) === "root" && bytes.length >= 64;
}

/** Whether the bytes start like a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** Whether the bytes start like a gzip file (1f 8b). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Whether the bytes start like a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return ascii(bytes, 0, 6) === NPY_MAGIC;
}

/** Whether the bytes start like an idx file: two zeros, a type, one to four axes. */
export function isIdx(bytes: Uint8Array): boolean {
  const [zero, again, code, axes] = bytes;
  return zero === 0 && again === 0 && axes >= 1 && axes <= 4 && IDX_CODES.includes(code);
}

/** Whether the bytes start like a zip, or, with `tail`, the file ends like one. */
export function isZip(head: Uint8Array, tail?: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const start = head.length >= 4 ? view.getUint32(0, true) : 0;
  if (start === ZIP_LOCAL || start === ZIP_END) return true;
  if (!tail) return false;
  const end = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail[at] === 0x50 && end.getUint32(at, true) === ZIP_END) return true;
  }
  return false;
}

/** As many bytes at a file's start, and at its end, as telling its format takes. */
export const HEAD_BYTES = 4096, TAIL_BYTES = 66_000;

/** How a file of each format that `formats.ts` opens begins, in the order in which they are asked. */
export const SIGNATURES = {
  png: isPng,
  jpeg: isJpeg,
  tiff: isTiff,
  fits: isFits,
  npy: isNpy,
  idx: isIdx,
  hdf5: isHdf5,
  root: isRoot,
  zip: isZip,
  gzip: isGzip,
} as const satisfies Readonly<Record<string, (head: Uint8Array, tail?: Uint8Array) => boolean>>;

/** Whether a file is of one of the formats that are read; for those who need no decoder to know. */
export function isOfKnownFormat(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, HEAD_BYTES), tail = bytes.subarray(-TAIL_BYTES);
  return Object.values(SIGNATURES).some((sniff) => sniff(head, tail));
}
