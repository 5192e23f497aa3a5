/**
 * A thread that decodes pictures of a list: gets {@linkcode DecodeSetup} once, then {@linkcode DecodeRequest}s. @module
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { decodePng, readPngHeader } from "../io/png.ts";
import { openZipFile, readZipEntry, type ZipEntry, type ZipSource } from "../io/zip.ts";
import type { Crop } from "./lazy_images.ts";

/** What holds for every picture of a list. */
export interface DecodeSetup {
  /** The archive that holds them; otherwise names are paths. */
  zip?: string;
  /** Shape that every picture must have, pixels. */
  height: number;
  width: number;
}

/** Asks for some pictures. */
export interface DecodeRequest {
  id: number;
  names: string[];
  entries?: ZipEntry[];
  crop: Crop;
}

/** Counts [n, height, width], or what went wrong and whether the file (SyntaxError) or its shape (TypeError) is to blame. */
export type DecodeReply =
  | { id: number; data: Uint8Array<ArrayBuffer> }
  | { id: number; error: string; kind: string };

let setup: DecodeSetup, archive: ZipSource | undefined;

function decodeOne(bytes: Uint8Array, name: string, crop: Crop, into: Uint8Array): void {
  const { height, width } = setup, header = readPngHeader(bytes, { name });
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

self.onmessage = ({ data: message }: MessageEvent<DecodeSetup | DecodeRequest>) => {
  if (!("id" in message)) {
    setup = message;
    return;
  }
  const { id, names, entries, crop } = message;
  try {
    const size = crop.height * crop.width;
    const data = new Uint8Array(names.length * size);
    for (let i = 0; i < names.length; i++) {
      if (setup.zip && !archive) archive = openZipFile(setup.zip);
      const bytes = entries ? readZipEntry(archive!, entries[i]) : Deno.readFileSync(names[i]);
      decodeOne(bytes, names[i], crop, data.subarray(i * size, (i + 1) * size));
    }
    self.postMessage({ id, data } satisfies DecodeReply, [data.buffer]);
  } catch (error) {
    const { message, name: kind } = error as Error;
    self.postMessage({ id, error: message, kind } satisfies DecodeReply);
  }
};
