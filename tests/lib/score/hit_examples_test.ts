import { join } from "@std/path";
import { readSuperNemo } from "../../../lib/data/supernemo.ts";
import type { SeenHits } from "../../../lib/image/tracker_views.ts";
import { drawPoints, pointOfEachHit } from "../../../lib/image/tracker_points.ts";
import { drawView, placesOf } from "../../../lib/image/tracker_views.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { findExamples } from "../../../lib/score/examples.ts";
import type { InputShape } from "../../../lib/score/found.ts";
import { superNemoFileName, writeSuperNemo } from "../../../lib/simulate/supernemo/set.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const seen = { sides: "folded", value: "hit", isolated: "keep", missingHeight: "zero" } as const;

function input(view: SeenHits["view"], shape: number[], changes: Partial<SeenHits> = {}): InputShape {
  return { name: view, shape, kind: "hits", hits: { ...seen, view, ...changes } };
}

for (const format of ["hdf5", "root"] as const) {
  Deno.test(`findExamples() draws the events of an ${format} file as each input of the model sees them`, async () => {
    const settings = { law: "detector", tracks: [2], events: 20, format } as const;
    await writeSuperNemo(folder, settings, { seed: 4, workers: 1 });
    const path = join(folder, superNemoFileName("detector", 2, 0, format)), bytes = await Deno.readFile(path);
    const inputs = [
      input("top", [9, 113, 2], { sides: "apart", value: "radius" }),
      input("front", [30, 9, 1]),
    ];
    const found = await findExamples(bytes, { inputs, name: "run7" });
    assertEquals(found.map(({ name }) => name).slice(0, 2), ["run7[0]", "run7[1]"]);
    assertEquals(found.length, 20);
    const { hits } = await readSuperNemo([path]);
    const top = drawView(hits, "top", { sides: "apart", value: "radius" }).data;
    const [example] = await findExamples(bytes, { inputs, name: "run7", page: 3 });
    assert("arrays" in example);
    assertEquals(example.arrays.top.data, top.slice(3 * 2034, 4 * 2034));
    assertEquals(example.arrays.front.shape, [30, 9, 1]);
    const [first, end] = hits.offsets.subarray(3, 5), drawn = example.arrays.top.hits!;
    assertEquals(drawn.column, [...hits.column.subarray(first, end)]);
    assertEquals(drawn.radiusMm, [...hits.radiusMm.subarray(first, end)]);
    assertEquals(example.arrays.front.hits, undefined, "once an event");
    assertEquals(drawn.place, drawn.column.map((column, i) => 113 * drawn.layer[i] + column));
    const filtered = [input("top", [9, 113, 1], { isolated: "drop" })];
    const lit = async (inputs: InputShape[]) => {
      let count = 0;
      for (const one of await findExamples(bytes, { inputs })) {
        if (!("arrays" in one)) continue;
        for (const pixel of one.arrays.top.data) count += pixel;
      }
      return count;
    };
    assert(await lit(filtered) < await lit([input("top", [9, 113, 1])]), "isolated hits are left out");
    const beyond = () => findExamples(bytes, { inputs, name: "run7", page: 20 });
    await assertRejects(beyond, RangeError, 'Cannot take event 20 of "run7": it has 20, counted from 0');
    const many = () => findExamples(bytes, { inputs, name: "run7", maxExamples: 19 });
    await assertRejects(many, RangeError, 'Cannot take 20 events from "run7": the limit is 19');
  });
}

Deno.test("findExamples() takes pictures of hits that are drawn already, of their very shape alone", async () => {
  const inputs = [input("top", [9, 113, 1])], data = new Uint8Array(2 * 9 * 113);
  const found = await findExamples(encodeNpy({ data, shape: [2, 9, 113, 1] }), { inputs });
  assertEquals(found.length, 2);
  const wrong = () => findExamples(encodeNpy({ data, shape: [2, 113, 9, 1] }), { inputs, name: "a.npy" });
  await assertRejects(wrong, TypeError, 'Cannot take "a.npy" of shape [2, 113, 9, 1] as hits of a tracker');
});

Deno.test("findExamples() draws events as points, and says which point each hit is", async () => {
  await writeSuperNemo(folder, { law: "document", tracks: [3], events: 2 }, { seed: 4, workers: 1 });
  const path = join(folder, superNemoFileName("document", 3, 0)), bytes = await Deno.readFile(path);
  const { hits } = await readSuperNemo([path]);
  for (const seeded of [false, true]) {
    const width = seeded ? 12 : 6, shape = [16, width];
    const inputs = [input(seeded ? "seeded points" : "points", shape)];
    const found = await findExamples(bytes, { inputs, name: "run7" });
    const { data } = drawPoints(hits, 16, { seeded });
    found.forEach((example, event) => {
      assert("arrays" in example);
      const [{ data: own, shape: drawn, hits: told }] = Object.values(example.arrays);
      assertEquals(drawn, shape);
      assertEquals(own, data.slice(event * 16 * width, (event + 1) * 16 * width));
      const points = pointOfEachHit(hits, 16).subarray(hits.offsets[event], hits.offsets[event + 1]);
      assertEquals(told!.place, [...points]);
    });
  }
});

Deno.test("placesOf() knows no place of a hit that is left out", () => {
  const three = (values: number[]) => Uint8Array.from(values), mm = new Float32Array(3).fill(5);
  const hits = { offsets: Uint32Array.of(0, 3), side: three([0, 0, 0]), layer: three([4, 4, 4]) };
  const all = { ...hits, column: three([50, 10, 11]), radiusMm: mm, heightMm: mm };
  const places = (view: SeenHits["view"], shape: number[]) => [
    ...placesOf(all, { ...seen, view, isolated: "drop" }, shape),
  ];
  assertEquals(places("top", [9, 113, 1]), [-1, 462, 463]);
  assertEquals(places("points", [16, 6]), [-1, 0, 1]);
});
