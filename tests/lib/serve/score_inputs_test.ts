/** Models of several inputs, and outputs that are arrays, over HTTP. */
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { pairCard, pairOnnx, SIDE, tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { flatPng, get, memoryStore, post, withHost } from "./_service.ts";
import { greyTiff } from "../io/_tiff.ts";
import { encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { decodeNpy, encodeNpy } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import type { Host } from "../../../lib/serve/host.ts";

function withPair(test: (host: Host) => Promise<void>): Promise<void> {
  const store = memoryStore();
  store.add(pairOnnx(), pairCard());
  return withHost(test, {}, store);
}

/** Two examples: pixels of 20 and 80 counts, scalars (1, 2) and (3, 4). */
const image = { data: Float32Array.from({ length: 72 }, (_, i) => i < 36 ? 20 : 80), shape: [2, 6, 6] };
const scalars = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
const one = {
  image: { data: image.data.slice(0, 36), shape: [6, 6] },
  scalars: { data: Float32Array.of(1, 2), shape: [2] },
};
const body = (bytes: Uint8Array) => bytes.slice();

Deno.test("POST /score takes the inputs of a model as a .npz, an HDF5 file, or the parts of a form", () =>
  withPair(async (host) => {
    for (const file of [encodeNpz({ image, scalars }), await encodeHdf5({ image, scalars })]) {
      const { results } = await (await post(host, "/score/pair", body(file))).json();
      assertClose(results.map((r: Pair) => r.answers.energy.value), [0.2 + 1 + 20, 0.8 + 3 + 40], 1e-6);
    }
    const single = await (await post(host, "/score/pair", body(encodeNpz(one)))).json();
    assertClose(single.answers.energy.value, 21.2, 1e-6);
    const form = new FormData();
    form.append("scalars", new File([body(encodeNpy(one.scalars))], "s.npy"));
    form.append("image", new File([flatPng(20, 6)], "i.png"));
    const parts = await (await post(host, "/score/pair", form)).json();
    assertClose(parts.answers.energy.value, 21.2, 1e-6);
    const pictures = [20, 80].map((counts, i) => ({ name: `${i}.png`, bytes: flatPng(counts, 6) }));
    for (const level of [0, 6]) { // stored pictures of a zip are unpacked as well
      const several = new FormData();
      const zip = encodeZip(pictures.map((picture) => ({ ...picture, level })));
      several.append("image", new File([body(zip)], "i.zip"));
      several.append("scalars", new File([body(encodeNpy(scalars))], "s.npy"));
      const { results, error } = await (await post(host, "/score/pair", several)).json();
      assertEquals(error, undefined);
      assertClose(results.map((r: Pair) => r.answers.energy.value), [0.2 + 1 + 20, 0.8 + 3 + 40], 1e-6);
    }
  }));

interface Pair {
  answers: { energy: { value: number }; mask: { mask: number[][]; shares: Record<string, number> } };
}

Deno.test("POST /score says which input is missing, strange, of another number or shape", () =>
  withPair(async (host) => {
    const wrong: [BodyInit, string][] = [
      [flatPng(20), "an array for each input"],
      [body(encodeNpz({ image })), '"scalars"'],
      [body(encodeNpz({ image, scalars: one.scalars })), "2 of"],
      [body(encodeNpz({ image, scalars: { data: new Float32Array(6), shape: [2, 3] } })), "as numbers"],
    ];
    for (const [content, words] of wrong) {
      const response = await post(host, "/score/pair", content);
      const { error } = await response.json();
      assertEquals(response.status, 400);
      assert(error.includes(words), error);
    }
    const form = new FormData();
    form.append("image", new File([flatPng(20, 6)], "i.png"));
    const { error } = await (await post(host, "/score/pair", form)).json();
    assert(error.includes('one file for input "scalars"'), error);
  }));

Deno.test("POST /score gives masks and images nested, as .npy, and as pictures", () =>
  withPair(async (host) => {
    const file = body(encodeNpz(one));
    const result = await (await post(host, "/score/pair?view=1", file)).json();
    assertEquals(result.answers.mask.mask, new Array(SIDE).fill(new Array(SIDE).fill(0)));
    assertEquals(result.answers.mask.shares, { none: 1, track: 0 });
    assertClose(result.answers.made.data.flat(2), new Array(16).fill(0.4), 1e-6);
    const { display } = result;
    assertEquals(display.mask.text, "track 0.0 % of the area");
    assertEquals([display.mask.picture.over, display.mask.picture.channels], [true, 4]);
    assertEquals(atob(display.made.picture.data).length, 16);
    assertEquals([result.view.height, result.view.crop], [SIDE, { rows: [1, 5], columns: [1, 5] }]);
    for (const [output, value] of [["mask", 0.2], ["made", 0.4]] as const) {
      const response = await post(host, `/score/pair?output=${output}`, file, {
        accept: "application/x-npy",
      });
      assertEquals([response.status, response.headers.get("x-output")], [200, output]);
      const { data, shape } = decodeNpy(await response.bytes());
      assertEquals(shape, [SIDE, SIDE, 1]);
      assertClose(data as Float32Array, new Array(16).fill(value), 1e-6);
    }
    const none = await post(host, "/score/pair?output=energy", file, { accept: "application/x-npy" });
    assertEquals(none.status, 406);
    const map = await post(host, "/score/pair?map=1", file);
    assertEquals([map.status, (await map.json()).error.includes("one picture")], [400, true]);
  }));

Deno.test("POST infer takes several inputs, as the protocol has them", () =>
  withPair(async (host) => {
    const inputs = [
      { name: "scalars", shape: [1, 2], datatype: "FP32", data: [1, 2] },
      { name: "image", shape: [1, SIDE, SIDE, 1], datatype: "FP32", data: new Array(16).fill(0.5) },
    ];
    const response = await post(
      host,
      "/v2/models/pair/infer",
      JSON.stringify({ inputs, outputs: [{ name: "energy" }] }),
    );
    assertClose((await response.json()).outputs[0].data, [21.5], 1e-6);
  }));

Deno.test("POST /score scores every page of a stack, or the one that is asked for", () =>
  withHost(async (host) => {
    const stack = body(
      encodeNpy({
        data: Uint8Array.from({ length: 75 }, (_, i) => 10 * Math.floor(i / 25)),
        shape: [3, 5, 5],
      }),
    );
    const { results } = await (await post(host, "/score/tiny", stack)).json();
    assertEquals(results.length, 3);
    const page = await (await post(host, "/score/tiny?page=2", stack)).json();
    assertEquals(page.name, "file[2]");
    assertClose(page.answers.energy.value, 2, 1e-6);
    for (const wrong of ["3", "-1", "x"]) {
      assert([400, 413].includes((await post(host, `/score/tiny?page=${wrong}`, stack)).status));
    }
  }));

Deno.test("POST /score knows a file's range, is told it, or says what it assumed", async () => {
  const store = memoryStore();
  const units = "fraction of full scale";
  const input = { name: "image", shape: [SIDE, SIDE, 1], dtype: "float32" as const, units };
  store.add(tinyOnnx(), tinyCard({ inputs: [input], preprocessing: [{ op: "scale", factor: 1 / 255 }] }));
  await withHost(
    async (host) => {
      const values = Array.from({ length: 16 }, (_, i) => i % 2); // black and white: a mean of one half
      const scored = async (bytes: Uint8Array, query = "") => {
        const result = await (await post(host, `/score/tiny${query}`, body(bytes))).json();
        return [Math.round(result.answers.energy.value * 1e4) / 1e4, (result.warnings ?? []).length];
      };
      const npy = (data: Float32Array | Uint16Array | Uint8Array, dtype?: "b1") =>
        encodeNpy({ data, shape: [SIDE, SIDE], dtype });
      assertEquals(await scored(npy(Uint8Array.from(values, (v) => 255 * v))), [5, 0]);
      assertEquals(await scored(npy(Uint8Array.from(values), "b1")), [5, 0]);
      assertEquals(await scored(npy(Float32Array.from(values))), [5, 1]);
      assertEquals(await scored(npy(Uint16Array.from(values, (v) => 4095 * v))), [5, 1]);
      assertEquals(await scored(npy(Uint16Array.from(values, (v) => 255 * v))), [5, 1]);
      assertEquals(await scored(npy(Uint16Array.from(values, (v) => 65535 * v))), [5, 0]);
      assertEquals(await scored(npy(Float32Array.from(values, (v) => 7 * v)), "?range=0,7"), [5, 0]);
      const wrong = await post(host, "/score/tiny?range=7,0", flatPng(1));
      assertEquals([wrong.status, (await wrong.json()).error.includes("two rising numbers")], [400, true]);
      const unknown = await post(host, "/score/tiny", body(npy(Float32Array.from(values, (v) => 1e6 * v))));
      assertEquals([unknown.status, (await unknown.json()).error.includes("say range=")], [400, true]);
    },
    {},
    store,
  );
});

Deno.test("GET /models tells a page what each model takes and gives", () =>
  withPair(async (host) => {
    const { models: [{ inputs, outputs }] } = await (await get(host, "/models")).json();
    assertEquals(inputs.map(({ name }: { name: string }) => name), ["image", "scalars"]);
    assertEquals(outputs.map(({ kind }: { kind: string }) => kind), ["value", "mask", "image"]);
  }));

Deno.test("POST /score scores every page of a TIFF, and says that smaller copies were left out", () =>
  withHost(async (host) => {
    const pages = [[10, 6, false], [20, 6, false], [30, 6, false], [99, 4, true]] as const;
    const stack = greyTiff(pages.map(([counts, side, reduced]) => ({
      pixels: new Uint8Array(side * side).fill(counts),
      width: side,
      reduced,
    })));
    const { results } = await (await post(host, "/score/tiny", body(stack))).json();
    assertClose(results.map((r: Pair) => r.answers.energy.value), [1, 2, 3], 1e-6);
    assert(results[0].warnings[0].includes("smaller cop"), results[0].warnings[0]);
    const page = await (await post(host, "/score/tiny?page=1", body(stack))).json();
    assertClose(page.answers.energy.value, 2, 1e-6);
  }));
