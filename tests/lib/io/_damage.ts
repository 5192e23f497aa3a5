/** Files of every format, damaged at random: what a reader says of them must be its own words. */
import { assert } from "../../assert.ts";
import { isForeseen } from "../../../lib/base/foreseen.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { encodeFits } from "../../../lib/io/fits.ts";
import { openFile } from "../../../lib/io/formats.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { encodeIdx } from "../../../lib/io/idx.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { encodeRoot } from "../../../lib/io/root_write.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import { decodeGzip } from "../../../lib/io/gzip.ts";
import { FILES } from "./_tiff_files.ts";
import { base64 } from "./_bytes.ts";

async function goodFiles(): Promise<[name: string, bytes: Uint8Array][]> {
  const x = { data: Float32Array.from({ length: 300 }, (_, i) => i), shape: [30, 10] };
  const grey = { data: Uint8Array.from(x.data, (v) => v), shape: [30, 10] };
  const offsets = Array.from({ length: 51 }, (_, i) => Math.min(3, i));
  const hits = {
    evt: { data: Int32Array.from({ length: 50 }, (_, i) => i) },
    v: { data: Float64Array.of(1, 2, 3), offsets },
  };
  return [
    ["a.png", encodePng({ data: grey.data, height: 30, width: 10 })],
    ["a.npy", encodeNpy(x)],
    ["a.npz", encodeNpz({ x, grey }, { compress: true })],
    ["a.idx", encodeIdx(grey)],
    ["a.fits", encodeFits([x, { ...grey, name: "SECOND" }])],
    ["a.fits.gz", encodeGzip(encodeFits([x]))],
    [
      "a.h5",
      await encodeHdf5({ "a/x": { ...x, gzip: 4 }, y: { ...x, compression: "lzf", shuffle: true }, z: x }),
    ],
    ["a.root", encodeRoot("hits", hits)],
    [
      "a.zip",
      encodeZip([{ name: "a/x.npy", bytes: encodeNpy(x), level: 6 }, { name: "b", bytes: grey.data }]),
    ],
    ...FILES.map(([name, , packed]): [string, Uint8Array] => [`${name}.tif`, decodeGzip(base64(packed))]),
  ];
}

/** Opens and reads `count` damaged files; fails where an error is not a reader's own, or one takes a second. */
export async function readDamaged(count: number, seed: number): Promise<{ refused: number; read: number }> {
  const files = await goodFiles(), rng = createRng(seed), upTo = (end: number) => Math.floor(rng() * end);
  let refused = 0, read = 0;
  for (let i = 0; i < count; i++) {
    const [name, good] = files[i % files.length];
    let bytes = good.slice();
    if (upTo(3) === 0) bytes = bytes.subarray(0, upTo(bytes.length));
    else {
      for (let changes = 1 + upTo(4); changes > 0; changes--) {
        // Half of them in the front, where the headers are.
        bytes[upTo(rng() < 0.5 ? Math.min(2000, bytes.length) : bytes.length)] = upTo(256);
      }
    }
    const start = performance.now();
    try {
      const file = await openFile(bytes, { name, maxBytes: 1 << 26, maxPixels: 1 << 22 });
      try {
        for (const array of file.arrays) await array.read();
        for (const member of file.members ?? []) await member.bytes();
      } finally {
        file.close();
      }
      read++;
    } catch (error) {
      const isOurs = error instanceof SyntaxError || error instanceof TypeError ||
        error instanceof RangeError;
      assert(
        isOurs && error.message.startsWith("Cannot ") && isForeseen(error),
        `${name}, input ${i} of seed ${seed}: ${error}`,
      );
      refused++;
    }
    const took = performance.now() - start;
    assert(took < 10_000, `${name}, input ${i} of seed ${seed} took ${took} ms`);
  }
  return { refused, read };
}
