/**
 * A thread that decodes pictures of a list: is told {@linkcode DecodeSetup} once, then {@linkcode DecodeOrder}s. @module
 */
import { decodePng, readPngHeader } from "../io/png.ts";
import { openZipFile, readZipEntry, type ZipEntry, type ZipSource } from "../io/zip.ts";
import type { Crop } from "./lazy_images.ts";
import { answerTasks } from "../base/worker_task.ts";

/** What holds for every picture of a list. */
export interface DecodeSetup {
  /** The archive that holds them; otherwise names are paths. */
  zip?: string;
  /** Shape that every picture must have, pixels. */
  height: number;
  width: number;
}

/** Asks for some pictures. */
export interface DecodeOrder {
  names: string[];
  entries?: ZipEntry[];
  crop: Crop;
}

let archive: ZipSource | undefined;

function decodeOne(
  bytes: Uint8Array,
  name: string,
  { height, width }: DecodeSetup,
  crop: Crop,
  into: Uint8Array,
): void {
  const header = readPngHeader(bytes, { name });
  if (header.height !== height || header.width !== width || header.depth > 8 || header.colorType !== 0) {
    const kind = header.colorType === 0 ? "grey" : `colour type ${header.colorType}`;
    throw new TypeError(
      `Cannot read image "${name}" as it must be ${height} × ${width} pixels of 8-bit grey: ` +
        `it is ${header.height} × ${header.width} of ${header.depth}-bit ${kind}`,
    );
  }
  const rows = [crop.top, crop.top + crop.height] as const,
    columns = [crop.left, crop.left + crop.width] as const;
  const image = decodePng(bytes, { name, rows, columns });
  into.set(image.data as Uint8Array);
}

answerTasks<DecodeOrder, Uint8Array, DecodeSetup>(({ names, entries, crop }, setup) => {
  const size = crop.height * crop.width, result = new Uint8Array(names.length * size);
  for (let i = 0; i < names.length; i++) {
    if (setup.zip && !archive) archive = openZipFile(setup.zip);
    const bytes = entries ? readZipEntry(archive!, entries[i]) : Deno.readFileSync(names[i]);
    decodeOne(bytes, names[i], setup, crop, result.subarray(i * size, (i + 1) * size));
  }
  return { result, transfer: [result.buffer] };
});
