/** Hostile requests as bytes on a socket, to the server as users start it: what no client library would send. */
import fc from "fast-check";
import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { hostileRequest } from "../lib/serve/_hostile.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { drawSeedOfDay } from "../seed.ts";
import { startScoring } from "../servers/scoring.ts";
import { tinyCard, tinyOnnx } from "../tiny_model.ts";
import { openStore } from "../../lib/store/store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const REQUESTS = 20_000, AT_ONCE = 16;

/** How a body's length is told: truly, or as an attacker would. */
const framing = fc.constantFrom(
  "honest",
  "honest",
  "honest",
  "chunked",
  "chunked",
  "too long",
  "too short",
  "bad chunk",
  "cut chunk",
  "both",
  "none",
);
/** Framings that a server may answer by closing the connection. */
const BROKEN = new Set(["too long", "too short", "bad chunk", "cut chunk", "both", "none", "own"]);

/** Framings after which the server would wait for the rest. */
const HALVES = new Set(["too long", "cut chunk", "bad chunk", "own"]);

/** A body cut into chunks by hand. */
function chunksOf(body: Bytes, size: number): (string | Bytes)[] {
  const parts: (string | Bytes)[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    parts.push(`${chunk.length.toString(16)}\r\n`, chunk, "\r\n");
  }
  return parts;
}

/** The header fields and the body of a framing. */
function frame(how: string, body: Bytes, size: number): [string, (string | Bytes)[]] {
  const chunked = "transfer-encoding: chunked\r\n",
    length = (bytes: number) => `content-length: ${bytes}\r\n`;
  switch (how) {
    case "chunked":
      return [chunked, [...chunksOf(body, size), "0\r\n\r\n"]];
    case "too long":
      return [length(body.length + size), [body]];
    case "too short":
      return [length(Math.max(body.length - size, 0)), [body]];
    case "bad chunk":
      return [chunked, ["zz\r\n", body]];
    case "cut chunk":
      return [chunked, [`${(body.length + size).toString(16)}\r\n`, body]];
    case "both":
      return [chunked + length(size), [...chunksOf(body, size), "0\r\n\r\n"]];
    case "own":
    case "none":
      return ["", [body]];
    default:
      return [length(body.length), [body]];
  }
}

/** Sends bytes, hangs up where more was announced, and gives the first line of the answer; "" where there is none. */
async function send(port: number, bytes: Uint8Array, hangUp: boolean): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const sending = (async () => {
      for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
      if (hangUp) await connection.closeWrite();
    })().catch(() => {}); // the server may close before it has heard all
    let text = "";
    const buffer = new Uint8Array(8192), decoder = new TextDecoder();
    for (;;) {
      const count = await connection.read(buffer).catch(() => null);
      if (count === null) break;
      if (!text.includes("\r\n")) text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
    await sending;
    return text.split("\r\n")[0];
  } finally {
    connection.close();
  }
}

Deno.test("no bytes of 20,000 hostile requests on sockets make the server fail; the seed is drawn anew each day", async () => {
  const folder = await Deno.makeTempDir(), seed = drawSeedOfDay("hostile sockets");
  try {
    await openStore(join(folder, "store")).publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
    const limits = ["--workers", "1", "--body-timeout", "0.5", "--max-body", "1", "--log", "none"];
    await using server = await startScoring(["--store", join(folder, "store"), ...limits]);
    const hostile = fc.tuple(hostileRequest, framing, fc.integer({ min: 1, max: 300 }));
    const sample = fc.sample(hostile, { numRuns: REQUESTS, seed });
    const statuses = new Map<string, number>();
    let next = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < sample.length) {
        const [{ method, path, headers, body = new Uint8Array() }, drawn, size] = sample[next++];
        const how = "content-length" in headers ? "own" : drawn;
        const [fields, content] = frame(how, body, size);
        const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
        const head =
          `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${own}${fields}\r\n`;
        const line = await send(server.port, await new Blob([head, ...content]).bytes(), HALVES.has(how));
        const status = line.split(" ")[1] ?? "closed";
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const shown = `${line || "no answer"} for ${JSON.stringify(head)}, ${how}, ${body.length} bytes`;
        assert(status === "closed" ? BROKEN.has(how) : status < "500" || status === "503", shown);
      }
    }));
    const tally = JSON.stringify(Object.fromEntries(statuses));
    assertEquals([...statuses.values()].reduce((a, b) => a + b, 0), REQUESTS, `seed ${seed}`);
    for (const status of ["200", "400", "404", "405"]) assert((statuses.get(status) ?? 0) > 50, tally);
    const ready = await fetch(`${server.url}/v2/health/ready`);
    await ready.body?.cancel();
    const scored = await fetch(`${server.url}/score/tiny`, { method: "POST", body: flatPng(1) });
    await scored.body?.cancel();
    assertEquals([ready.status, scored.status], [200, 200], tally);
    assertEquals(server.errors(), "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
