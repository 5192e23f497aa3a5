/** What a server takes at most, as functions/deploy/README.md says it, under requests that ask for more. */
import { join } from "@std/path";
import { encodeGzip } from "../../lib/io/gzip.ts";
import { createHdf5File } from "../../lib/io/hdf5_write.ts";
import { encodeNpy } from "../../lib/io/npy.ts";
import { encodePng } from "../../lib/io/png.ts";
import { encodeZip } from "../../lib/io/zip.ts";
import { openStore } from "../../lib/store/store.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { startScoring } from "../servers/scoring.ts";
import { tinyCard, tinyOnnx } from "../tiny_model.ts";
import { processMebibytes } from "../process_memory.ts";

const MIB = 1 << 20, BODY = 8, HELD = 64, MODELS = 64, SECONDS = 20, CLIENTS = 24;

/** Most MiB by the formula of the README, for one worker. */
const MOST = MODELS + HELD + 17 * BODY + 900;

interface Hostile {
  path: string;
  body: Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

/** Small bodies that unpack to much, and much in many arrays. */
async function hostile(folder: string): Promise<Hostile[]> {
  const score = "/score/tiny", infer = "/v2/models/tiny/infer";
  const own = (bytes: Uint8Array) => bytes.slice() as Uint8Array<ArrayBuffer>;
  const side = 5600, zeros = new Uint8Array(side * side); // 30 MiB
  const path = join(folder, "many.h5"), file = createHdf5File(path);
  for (let i = 0; i < 20; i++) {
    const dataset = file.dataset(`x${i}`, { dtype: "u1", rowShape: [side], compression: "gzip" });
    dataset.append(zeros);
  }
  file.close();
  const bytes = encodeNpy({ data: new Int8Array(side * side), shape: [side, side] });
  const floats = encodeNpy({ data: new Float32Array(side * side / 4), shape: [side / 2, side / 2] });
  return [
    { path: score, body: own(encodeGzip(bytes)) },
    { path: score, body: own(encodeGzip(floats)) },
    { path: score, body: own(encodeGzip(new Uint8Array(64 * MIB))), headers: { "content-encoding": "gzip" } },
    { path: score, body: own(await Deno.readFile(path)) },
    { path: score, body: own(encodePng({ data: zeros, height: side, width: side })) },
    { path: score, body: own(encodeZip([{ name: "a.npy", bytes: floats, level: 9 }])) },
    { path: score, body: new Uint8Array(BODY * MIB) },
    { path: infer, body: own(new TextEncoder().encode(`{"inputs":[${"[],".repeat(2 * MIB)}0]}`)) },
    { path: infer, body: own(new TextEncoder().encode(`{"inputs":[${"0,".repeat(4 * MIB - 10)}0]}`)) },
  ];
}

Deno.test("a server takes no more memory than its README says, whatever is asked of it", () =>
  withFolder(async (folder) => {
    const store = join(folder, "store"), bodies = await hostile(folder);
    await openStore(store).publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
    await using server = await startScoring([
      ...["--store", store, "--workers", "1", "--memory", String(MODELS), "--log", "none"],
      ...["--max-body", String(BODY), "--max-held", String(HELD)],
    ]);
    const statuses = new Map<number, number>(), end = performance.now() + SECONDS * 1000;
    let next = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
      while (performance.now() < end) {
        const { path, ...request } = bodies[next++ % bodies.length];
        const status = await fetch(server.url + path, { method: "POST", ...request }).then(
          async (response) => {
            await response.body?.cancel();
            return response.status;
          },
          () => 0,
        ); // refused before its body was read
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }));
    const seen = JSON.stringify([...statuses]);
    for (const status of statuses.keys()) assert(status < 500 || status === 503, seen);
    const good = await fetch(`${server.url}/score/tiny`, { method: "POST", body: flatPng(30) });
    assertEquals(good.status, 200, await good.text());
    const peak = processMebibytes("VmHWM", server.child.pid);
    assert(peak <= MOST, `${peak} MiB, ${MOST} said; ${seen}`);
  }));
