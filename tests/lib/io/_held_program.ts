/**
 * Decodes a file of each format and prints the largest memory that each took beyond what was held before, in MiB, beside
 * what its reader says.
 */
import { deflateSync } from "node:zlib";
import { encode } from "jpeg-js";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { decodeIdx, encodeIdx } from "../../../lib/io/idx.ts";
import { decodeJpeg } from "../../../lib/io/jpeg.ts";
import { createHdf5File } from "../../../lib/io/hdf5_write.ts";
import { decodeNpy, encodeNpy } from "../../../lib/io/npy.ts";
import { decodeNpz, encodeNpz } from "../../../lib/io/npz.ts";
import { decodePng, encodePng } from "../../../lib/io/png.ts";
import { decodeTiffArray } from "../../../lib/io/tiff.ts";
import { decodeZip, encodeZip } from "../../../lib/io/zip.ts";
import { findExamples } from "../../../lib/score/examples.ts";
import { processMebibytes } from "../../process_memory.ts";
import { makeTiff, plainFields } from "./_tiff.ts";

const MIB = 1 << 20, SIDE = 6144, SIZE = SIDE * SIDE, WHOLE = SIZE / MIB; // 36 MiB
const zeros = () => new Uint8Array(SIZE);

/** What reading takes beyond what is there before it; a file is made before, and not counted. */
async function measure(name: string, says: number, read: () => unknown): Promise<void> {
  for (let still = 0, last = Infinity; still < 5;) { // what is let go of is freed by other threads, when they get to it
    (globalThis as unknown as { gc(): void }).gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = processMebibytes("VmRSS");
    still = Math.abs(now - last) < 1 ? still + 1 : 0;
    last = now;
  }
  Deno.writeTextFileSync("/proc/self/clear_refs", "5"); // the peak begins anew
  const before = processMebibytes("VmRSS");
  await read();
  console.log(JSON.stringify({ name, says, mebibytes: Math.round(processMebibytes("VmHWM") - before) }));
}

/** A file of 40 arrays of 36 MiB, each of one value. */
async function emptyHdf5(): Promise<Uint8Array> {
  const path = await Deno.makeTempFile(), rows = new Uint8Array(512 * SIDE);
  const file = createHdf5File(path);
  for (let i = 0; i < 40; i++) {
    const dataset = file.dataset(`x${i}`, {
      dtype: "u1",
      rowShape: [SIDE],
      compression: "gzip",
      chunkRows: 512,
    });
    for (let row = 0; row < SIDE; row += 512) dataset.append(rows);
  }
  file.close();
  return await Deno.readFile(path).finally(() => Deno.remove(path));
}

const refused = (work: Promise<unknown>) => work.then(() => Deno.exit(1), () => {});
const png = encodePng({ data: zeros(), height: SIDE, width: SIDE });
await measure("PNG", 2 * WHOLE, () => decodePng(png));
await measure("PNG, its first rows", 4, () => decodePng(png, { rows: [0, 128], columns: [0, 128] }));
const pixels = new Uint8Array(1024 * 1024 * 4);
const jpeg = encode({ data: pixels, width: 1024, height: 1024 }, 90).data; // 49,152 blocks
await measure("JPEG", Math.ceil((49_152 * 464 + 9 * 1024 ** 2) / MIB), () => decodeJpeg(jpeg));
const strip = deflateSync(zeros()), fields = { ...plainFields(SIDE, SIDE, strip.length), 259: [8] };
const tiff = makeTiff(fields, new Uint8Array(strip));
await measure("TIFF", 2 * WHOLE, () => decodeTiffArray(tiff));
const array = { data: new Float32Array(SIZE / 4), shape: [SIZE / 4] };
const npy = encodeNpy(array);
await measure("npy", WHOLE, () => decodeNpy(npy));
const npz = encodeNpz({ a: array, b: array }, { compress: true });
await measure("npz", 4 * WHOLE, () => decodeNpz(npz));
const zip = encodeZip([{ name: "a", bytes: zeros(), level: 9 }]);
await measure("zip", WHOLE, () => decodeZip(zip));
const idx = encodeGzip(encodeIdx({ data: zeros(), shape: [SIDE, SIDE] }));
await measure("idx", 2 * WHOLE, () => decodeIdx(idx));
// What a server's thread opens: refused where the values of one file together are too much.
const bytes = encodeGzip(encodeNpy({ data: new Int8Array(SIZE), shape: [SIDE, SIDE] }));
const maxBytes = 1.25 * SIZE, limits = { maxBytes };
await measure(
  "values of one byte that become floats",
  2.5 * WHOLE,
  () => refused(findExamples(bytes, limits)),
);
const hdf5 = await emptyHdf5();
await measure("forty arrays of HDF5", 3.75 * WHOLE, () => refused(findExamples(hdf5, limits)));
