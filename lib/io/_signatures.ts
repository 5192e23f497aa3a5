/** How files of the larger decoders begin, apart from them so that telling formats apart loads none. @module */
import { ascii } from "./_problem.ts";

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

/** Whether the bytes start like an HDF5 file without user block. */
export function isHdf5(bytes: Uint8Array): boolean {
  return ascii(bytes, 0, 8) === "\x89HDF\r\n\x1a\n";
}

/** Whether the bytes start like a ROOT file. */
export function isRoot(bytes: Uint8Array): boolean {
  return ascii(bytes, 0, 4) === "root" && bytes.length >= 64;
}
