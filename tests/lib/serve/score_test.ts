import { assert, assertClose, assertEquals } from "../../assert.ts";
import { SIDE, tinyAnswer, tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { flatPng, get, memoryStore, post, withHost } from "./_service.ts";
import { greyTiff } from "../io/_tiff.ts";
import { createPicturePool } from "../../../lib/score/picture_pool.ts";
import { encodeFits } from "../../../lib/io/fits.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { encodeIdx } from "../../../lib/io/idx.ts";
import { FORMATS } from "../../../lib/io/formats.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import { encode } from "jpeg-js";

interface Scored {
  name: string;
  version: string;
  answers: {
    kind: { label: string; probability: number };
    energy: { value: number; units: string; uncertainty?: number };
  };
  timings: Record<string, number>;
  error?: string;
}

const energyOf = ({ answers }: Scored) => answers.energy.value;
const body = (bytes: Uint8Array) => bytes.slice();

Deno.test("POST /score answers a PNG in the card's terms", () =>
  withHost(async (host) => {
    const response = await post(host, "/score/tiny", flatPng(25, 9), { "content-type": "image/png" });
    assertEquals(response.status, 200);
    const result: Scored = await response.json();
    const { nuclear, energy } = tinyAnswer(25);
    assertEquals(result.answers.kind.label, "NR");
    assertClose(result.answers.kind.probability, nuclear, 1e-6);
    assertEquals([result.answers.energy.units, result.answers.energy.uncertainty], ["keV", 2]);
    assertClose(result.answers.energy.value, energy, 1e-6);
    assertEquals(Object.keys(result.timings), ["decodeMs", "queueMs", "computeMs", "totalMs"]);
  }));

Deno.test("POST /score takes every kind of file, and finds the same in each", () =>
  withHost(async (host) => {
    const side = 6, counts = 50, pixels = new Array(side * side).fill(counts);
    const shape = [side, side];
    const rgba = Uint8Array.from({ length: side * side * 4 }, (_, i) => i % 4 === 3 ? 255 : counts);
    const npy = encodeNpy({ data: Float32Array.from(pixels), shape });
    const files: Record<string, Uint8Array> = {
      "a.png": flatPng(counts, side),
      "rgb.png": encodePng({
        data: new Uint8Array(side * side * 3).fill(counts),
        height: side,
        width: side,
        channels: 3,
      }),
      "16.png": encodePng({ data: Uint16Array.from(pixels), height: side, width: side }),
      "a.jpg": encode({ data: rgba, width: side, height: side }, 90).data,
      "f4.npy": npy,
      "i8.npy": encodeNpy({ data: BigInt64Array.from(pixels, BigInt), shape }),
      "rgb.npy": encodeNpy({ data: new Uint8Array(side * side * 3).fill(counts), shape: [side, side, 3] }),
      "a.npz": encodeNpz({ frame: { data: Uint16Array.from(pixels), shape } }),
      "a.fits": encodeFits([{ data: Int16Array.from(pixels), shape }]),
      "a.idx": encodeIdx({ data: Uint8Array.from(pixels), shape: [1, side, side] }),
      "a.fits.gz": encodeGzip(encodeFits([{ data: Float32Array.from(pixels), shape }])),
      "a.tif": greyTiff([{ pixels: Uint8Array.from(pixels), width: side }]),
    };
    for (const [name, bytes] of Object.entries(files)) {
      const response = await post(host, "/score/tiny", body(bytes));
      const result: Scored = await response.json();
      assertEquals([name, response.status, result.error], [name, 200, undefined]);
      assertClose(energyOf(result), 5, name.endsWith(".jpg") ? 0.02 : 1e-6, name);
    }
  }));

Deno.test("POST /score answers many pictures of a form, a zip or a stack in order, a bad one as an error of its own", () =>
  withHost(async (host) => {
    const form = new FormData();
    form.append("a", new File([flatPng(10)], "ten.png"));
    form.append("b", new File(["no picture"], "notes.txt"));
    form.append("c", new File([flatPng(90)], "ninety.png"));
    const { results } = await (await post(host, "/score/tiny", form)).json() as { results: Scored[] };
    assertEquals(results.map(({ name }) => name), ["ten.png", "notes.txt", "ninety.png"]);
    assertClose(energyOf(results[0]), 1, 1e-6);
    for (const { title } of FORMATS) {
      assert(results[1].error?.includes(title), `${title}: ${results[1].error}`);
    }
    assertClose(energyOf(results[2]), 9, 1e-6);
    const zip = encodeZip([
      { name: "run/1.png", bytes: flatPng(20) },
      { name: "run/broken.png", bytes: flatPng(20).subarray(0, 60) },
      { name: "run/2.npy", bytes: encodeNpy({ data: new Float32Array(16).fill(30), shape: [4, 4] }) },
    ]);
    const zipped = await (await post(host, "/score/tiny", body(zip))).json() as { results: Scored[] };
    assertEquals(zipped.results.map(({ name }) => name), [
      "file/run/1.png",
      "file/run/broken.png",
      "file/run/2.npy",
    ]);
    assert(zipped.results[1].error?.includes("Cannot decode PNG"), zipped.results[1].error);
    assertClose(energyOf(zipped.results[2]), 3, 1e-6);
    const pictures = encodeZip(
      [20, 30, 40].map((value) => ({ name: `${value}.png`, bytes: flatPng(value) })),
    );
    pictures[30 + "20.png".length + 50] ^= 1; // in the first picture, which the zip's checksum tells
    const stored = await (await post(host, "/score/tiny", body(pictures))).json() as { results: Scored[] };
    assertEquals(stored.results.map(({ name }) => name), ["file/20.png", "file/30.png", "file/40.png"]);
    assert(stored.results[0].error?.includes("the CRC-32 differs"), stored.results[0].error);
    assertClose(stored.results.slice(1).map(energyOf), [3, 4], 1e-6);
    const stack = encodeNpy({
      data: Uint8Array.from({ length: 75 }, (_, i) => 10 * Math.floor(i / 25)),
      shape: [3, 5, 5],
    });
    const stacked = await (await post(host, "/score/tiny", body(stack))).json() as { results: Scored[] };
    assertClose(stacked.results.map(energyOf), [0, 1, 2], 1e-6);
  }));

Deno.test("POST /score streams JSON lines where the client accepts them", () =>
  withHost(async (host) => {
    const stack = encodeNpy({ data: new Uint8Array(100 * 25).fill(40), shape: [100, 5, 5] });
    const response = await post(host, "/score/tiny", body(stack), { accept: "application/x-ndjson" });
    assertEquals(response.headers.get("content-type"), "application/x-ndjson");
    const lines: Scored[] = (await response.text()).trim().split("\n").map((line) => JSON.parse(line));
    assertEquals([lines.length, lines[0].name, lines[99].name], [100, "file[0]", "file[99]"]);
    assertClose(lines.map(energyOf), new Array(100).fill(4), 1e-6);
  }));

Deno.test("POST /score gives the picture as the model sees it, and what mattered in it", () =>
  withHost(async (host) => {
    const data = new Uint8Array(64);
    data.set([80], 3 * 8 + 3); // one bright pixel, row 1 and column 1 of the crop
    const png = body(encodePng({ data, height: 8, width: 8 }));
    const result = await (await post(host, "/score/tiny?map=1", png)).json();
    assertEquals([result.view.height, result.view.width, result.view.channels], [SIDE, SIDE, 1]);
    const seen = Uint8Array.from(atob(result.view.data), (c) => c.charCodeAt(0));
    assertEquals([...seen].map((value, i) => value > 0 ? i : -1).filter((i) => i >= 0), [5]);
    assertEquals([result.map.output, result.map.rows, result.map.columns], ["kind", SIDE, SIDE]);
    const most = result.map.values.indexOf(Math.max(...result.map.values));
    assertEquals(most, 5, "covering the bright pixel changes the answer most");
  }));

Deno.test("POST /score says with the right status what is wrong", () =>
  withHost(async (host) => {
    const png = flatPng(1);
    const cases: [string, Uint8Array<ArrayBuffer> | string, number][] = [
      ["/score/none", png, 404],
      ["/score/tiny/7", png, 404],
      ["/score/tiny", "", 400],
      ["/score/tiny", "hello", 415],
      ["/score/tiny", png.slice(0, 40), 400],
      ["/score/tiny", flatPng(1, 2), 400],
      ["/score/tiny", body(encodeNpy({ data: new Float32Array(5), shape: [5] })), 400],
      ["/score/tiny", body(encodeGzip(encodeGzip(png))), 400],
      ["/score/%E0%A4%A", png, 400],
    ];
    for (const [path, content, status] of cases) {
      const response = await post(host, path, content);
      const { error } = await response.json();
      assertEquals([path, response.status, typeof error], [path, status, "string"], error);
    }
    assertEquals((await get(host, "/v2/health/ready")).status, 200);
  }));

Deno.test("POST /score refuses a picture that unfolds beyond the limits, before unfolding it", () =>
  withHost(async (host) => {
    const bomb = encodeGzip(new Uint8Array(80 << 20));
    assertEquals((await post(host, "/score/tiny", body(bomb), { "content-encoding": "gzip" })).status, 413);
    const header = flatPng(1).slice();
    new DataView(header.buffer).setUint32(16, 100_000);
    assertEquals((await post(host, "/score/tiny", header)).status, 400, "the header's checksum differs");
    const wide = encodeNpy({ data: new Uint8Array(1), shape: [1, 1] });
    const text = String.fromCharCode(...wide).replace("(1, 1)", "(99999, 99999)").replace(
      "   ",
      "",
    );
    const lying = Uint8Array.from(text, (c) => c.charCodeAt(0));
    assert([400, 413].includes((await post(host, "/score/tiny", lying)).status));
  }));

Deno.test("GET /models gives the cards of what answers", async () => {
  const store = memoryStore();
  store.add(tinyOnnx(), tinyCard({ description: "A small one" }));
  await withHost(
    async (host) => {
      const { models } = await (await get(host, "/models")).json();
      assertEquals([models[0].name, models[0].version, models[0].description], ["tiny", "1", "A small one"]);
    },
    {},
    store,
  );
});

Deno.test("POST /score answers 413 for a file whose decoding takes too long, and goes on", () =>
  withHost(async (host) => {
    const side = 512,
      jpeg = encode({ data: new Uint8Array(4 * side * side), height: side, width: side }).data;
    const many = encodeZip(Array.from({ length: 1000 }, (_, i) => ({ name: `${i}.jpg`, bytes: jpeg }))); // seconds
    const slow = post(host, "/score/tiny", body(many));
    const fine = post(host, "/score/tiny", flatPng(30));
    assertEquals([(await slow).status, (await fine).status], [413, 200]);
    assertEquals((await get(host, "/v2/health/ready")).status, 200);
  }, { decoder: createPicturePool({ timeoutMs: 1 }) }));

Deno.test("POST /score answers 422 for a pixel that is no number, naming it, alone and among others", () =>
  withHost(async (host) => {
    for (const bad of [NaN, Infinity, -Infinity, 3e38]) {
      const data = new Float32Array(2 * 36).fill(40);
      data[36 + 2 * 6 + 3] = bad;
      const one = await post(
        host,
        "/score/tiny",
        body(encodeNpy({ data: data.subarray(36).slice(), shape: [6, 6] })),
      );
      const { error } = await one.json();
      assertEquals(one.status, 422);
      assert(error.includes(`got ${Math.fround(bad)} at row 2, column 3`), error);
      const two = await post(host, "/score/tiny", body(encodeNpy({ data, shape: [2, 6, 6] })));
      const { results } = await two.json();
      assertClose(energyOf(results[0]), 4, 1e-6);
      assertEquals(results[1].status, 422);
    }
  }));

Deno.test("a model that gives no number is no answer, to a picture or to tensors", async () => {
  const store = memoryStore();
  store.add(tinyOnnx(NaN));
  await withHost(
    async (host) => {
      const scored = await post(host, "/score/tiny", flatPng(40));
      assertEquals(scored.status, 422);
      assert((await scored.json()).error.includes('Cannot read output "kind" as the model gives NaN'));
      const tensor = {
        name: "image",
        shape: [1, SIDE, SIDE, 1],
        datatype: "FP32",
        data: new Array(16).fill(1),
      };
      const inferred = await post(host, "/v2/models/tiny/infer", JSON.stringify({ inputs: [tensor] }));
      assertEquals(inferred.status, 422);
      assert((await inferred.json()).error.includes('output "kind"'));
    },
    {},
    store,
  );
});

Deno.test("a gzip body of several members is unpacked whole, and never beyond the limit", () =>
  withHost(async (host) => {
    const png = flatPng(25),
      members = [png.subarray(0, 20), png.subarray(20)].map((part) => encodeGzip(part));
    const two = Uint8Array.from([...members[0], ...members[1]]);
    const result: Scored = await (await post(host, "/score/tiny", two, { "content-encoding": "gzip" }))
      .json();
    assertClose(energyOf(result), 2.5, 1e-6);
    const cut = await post(host, "/score/tiny", two.slice(0, 30), { "content-encoding": "gzip" });
    assertEquals(cut.status, 400);
  }));

Deno.test("a server that is stopping waits for the last line of a stream", () =>
  withHost(async (host) => {
    const stack = encodeNpy({ data: new Uint8Array(300 * 25).fill(40), shape: [300, 5, 5] });
    const response = await post(host, "/score/tiny", body(stack), { accept: "application/x-ndjson" });
    const drained = host.drain(20_000);
    const lines = (await response.text()).trim().split("\n");
    assertEquals([lines.length, JSON.parse(lines[299]).error], [300, undefined]);
    await drained;
  }));

Deno.test("a zip that asks for maps keeps nobody else waiting", () =>
  withHost(async (host) => {
    const zip = encodeZip(
      Array.from({ length: 400 }, (_, i) => ({ name: `${i}.png`, bytes: flatPng(i % 256) })),
    );
    const order: string[] = [];
    const accept = "application/x-ndjson";
    const response = await post(host, "/score/tiny?map=1", body(zip), { accept });
    let begun = () => {}, text = "";
    const first = new Promise<void>((resolve) => begun = resolve);
    const maps = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        begun();
      }
      order.push("maps");
      return text.trim().split("\n").filter((line) => JSON.parse(line).error === undefined).length;
    })();
    await first;
    const others = await Promise.all(Array.from({ length: 10 }, async () => {
      const { status } = await post(host, "/score/tiny", flatPng(50));
      order.push("one");
      return status;
    }));
    assertEquals([others, await maps], [new Array(10).fill(200), 400]);
    assertEquals(order, [...new Array(10).fill("one"), "maps"]);
  }));
