/**
 * A thread that decodes pictures of a list: is told {@linkcode DecodeSetup} once, then {@linkcode DecodeOrder}s. @module
 */
import { answerTasks } from "../base/worker_task.ts";
import type { Region } from "../image/preprocessing/mod.ts";
import { decodePng, readPngHeader } from "../io/png.ts";
import { openZipFile, readZipEntry, type ZipSource } from "../io/zip.ts";
import { areaOf, type DecodeOrder, type DecodeSetup } from "./decode_order.ts";

let archive: ZipSource | undefined;

function decodeOne(
  bytes: Uint8Array,
  name: string,
  { height, width }: DecodeSetup,
  region: Region,
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
  const image = decodePng(bytes, { name, ...region });
  into.set(image.data as Uint8Array);
}

answerTasks<DecodeOrder, Uint8Array, DecodeSetup>(({ names, entries, region }, setup) => {
  const size = areaOf(region), result = new Uint8Array(names.length * size);
  for (let i = 0; i < names.length; i++) {
    if (setup.zip && !archive) archive = openZipFile(setup.zip);
    const bytes = entries ? readZipEntry(archive!, entries[i]) : Deno.readFileSync(names[i]);
    decodeOne(bytes, names[i], setup, region, result.subarray(i * size, (i + 1) * size));
  }
  return { result, transfer: [result.buffer] };
});
