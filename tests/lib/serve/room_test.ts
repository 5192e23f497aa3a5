/** What all requests hold together: counted before it is allocated, given back with the answer. */
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { HttpProblem } from "../../../lib/serve/problem.ts";
import { readBody } from "../../../lib/serve/body.ts";
import { parseJsonObject } from "../../../lib/serve/json.ts";
import { createRoom } from "../../../lib/serve/room.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { SIDE } from "../../tiny_model.ts";
import { flatPng, get, post, withHost } from "./_service.ts";

const text = (value: string) => new TextEncoder().encode(value);
const statusOf = (work: () => unknown) => assertThrows(work, HttpProblem).status;

Deno.test("createRoom() refuses what never fits with 413, what does not fit now with 503, and takes back with the last holder", () => {
  const room = createRoom(100), one = room.share(), other = room.share();
  const [leave, leaveLater] = [one.hold(), one.hold()];
  one.take(60);
  assertEquals([statusOf(() => other.take(41)), statusOf(() => other.take(101)), room.taken()], [
    503,
    413,
    60,
  ]);
  assertEquals(statusOf(() => one.take(41)), 413);
  other.take(40);
  one.give(30);
  assertEquals(room.taken(), 70);
  one.give(1000); // no more than it has
  assertEquals(room.taken(), 40);
  one.take(10);
  leave();
  leave();
  assertEquals(room.taken(), 50);
  leaveLater();
  assertEquals(room.taken(), 40);
});

Deno.test("createRoom() lets all requests of one client have half of it, and a single one all", () => {
  const room = createRoom(100), [alone, first, second] = ["b", "a", "a"].map((client) => room.share(client));
  first.take(30);
  second.take(20);
  assertEquals([statusOf(() => second.take(1)), statusOf(() => first.take(1))], [429, 429]);
  second.give(20);
  first.take(60); // alone again
  assertEquals(statusOf(() => second.take(1)), 429);
  first.give(90);
  alone.take(100);
  assertEquals([statusOf(() => first.take(1)), room.taken()], [503, 100]);
});

Deno.test("readBody() counts a body while it is joined or unpacked, and in the end what is left of it", async () => {
  const zeros = new Uint8Array(5000), packed = encodeGzip(zeros).slice();
  const posted = (body: BodyInit, headers: Record<string, string> = {}) =>
    new Request("http://test/", { method: "POST", body, headers });
  const read = async (request: Request, bytes: number) => {
    const room = createRoom(bytes);
    await readBody(request, {}, room.share());
    return room.taken();
  };
  const announced = { "content-length": "5000" };
  assertEquals(await read(posted(zeros, announced), 5000), 5000);
  const stream = () => new Response(zeros).body!;
  assertEquals(await read(posted(stream()), 10_000), 5000);
  const status = async (work: Promise<unknown>) => (await assertRejects(() => work, HttpProblem)).status;
  assertEquals(await status(read(posted(stream()), 9999)), 413);
  assertEquals(await status(read(posted(zeros, announced), 4999)), 413);
  const gzip = { "content-length": String(packed.length), "content-encoding": "gzip" };
  assertEquals(await read(posted(packed, gzip), packed.length + 5000), packed.length + 5000);
  assertEquals(await status(read(posted(packed, gzip), packed.length + 4999)), 413);
  // Of several members the last one says what it unpacks to itself: all that a body may unpack to is taken then.
  const several = Uint8Array.from([...packed, ...encodeGzip(new Uint8Array(10))]);
  const both = { ...gzip, "content-length": String(several.length) };
  assertEquals(await read(posted(several, both), 1 << 27), several.length + 5010);
  assertEquals(await status(read(posted(several, both), 1 << 26)), 413);
});

Deno.test("parseJsonObject() counts what V8 makes of numbers, arrays and objects", () => {
  const taken = (json: string) => {
    const room = createRoom(1 << 20);
    parseJsonObject(text(json), 100, room.share());
    return room.taken();
  };
  assertEquals(taken('{"a":[0,0]}'), 4 * 11 + 2 * 64);
  assertEquals(taken('{"a":[[],[]]}'), 4 * 13 + 4 * 64);
  assertEquals(statusOf(() => parseJsonObject(text('{"a":[0,0]}'), 100, createRoom(171).share())), 413);
});

Deno.test("a server refuses what its requests would hold too much of, and takes it when there is room again", () =>
  withHost(async (host) => {
    const npy = encodeNpy({ data: new Uint8Array(40 * SIDE * SIDE).fill(9), shape: [40, SIDE, SIDE] })
      .slice();
    assertEquals((await post(host, "/score/tiny", npy)).status, 200); // 768 bytes, and 640 of values
    const large = encodeNpy({ data: new Float32Array(300 * SIDE * SIDE).fill(9), shape: [300, SIDE, SIDE] });
    const packed = await post(host, "/score/tiny", encodeGzip(large).slice());
    const { error } = await packed.json();
    assertEquals([packed.status, error], [413, "The request needs more than 6000 bytes of memory"]);
    const json = { inputs: [{ name: "image", shape: [1], datatype: "FP32", data: [0] }] };
    const list = JSON.stringify({ ...json, id: "x".repeat(1500) });
    assertEquals((await post(host, "/v2/models/tiny/infer", list)).status, 413);
    // One whose body is on its way keeps its announced length; the others are told to come back.
    let end = () => {};
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        end = () => controller.close();
      },
    });
    const waiting = post(host, "/score/tiny", slow, { "content-length": "5900" });
    const refused = await post(host, "/score/tiny", npy);
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    await refused.body?.cancel();
    end();
    await (await waiting).body?.cancel();
    assertEquals((await post(host, "/score/tiny", npy)).status, 200);
    assertEquals((await get(host, "/v2/health/ready")).status, 200);
  }, { limits: { maxHeldBytes: 6000 } }));

Deno.test("a tensor that its JSON cannot hold is refused before it is made", () =>
  withHost(async (host) => {
    const shape = [1 << 20, SIDE, SIDE, 1];
    const body = JSON.stringify({ inputs: [{ name: "image", shape, datatype: "FP64", data: [] }] });
    const { error } = await (await post(host, "/v2/models/tiny/infer", body)).json();
    assert(error.includes("needs 16777216 values: the JSON has"), error);
    assertEquals((await post(host, "/score/tiny", flatPng(1))).status, 200);
  }));
