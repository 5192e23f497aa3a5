/** Pictures with what is needed to read them: scales, colour bars, means, what mattered. */
import {
  classMeans,
  COLORS,
  type Picture,
  picturesOf,
  plotClassMeans,
  plotImageGrid,
  plotPredictionGrid,
  plotWorstEvents,
  renderSvg,
  type Spec,
  withSaliency,
} from "../../../lib/plot/mod.ts";
import { roundLength } from "../../../lib/plot/_scales.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

interface Layer {
  data: { values: Record<string, unknown>[] };
  mark: { type: string };
}
const layersOf = (spec: Spec, mark: string) =>
  (spec.layer as Layer[]).filter((layer) => layer.mark.type === mark);
const rowsOf = (spec: Spec, mark: string) => layersOf(spec, mark).flatMap(({ data }) => data.values);

const pictures = picturesOf(Uint8Array.from({ length: 4 * 100 }, (_, i) => i % 251), [4, 10, 10]);

Deno.test("roundLength() is the largest of 1, 2, 5 and their tens below a length", () => {
  assertClose([0.9, 1, 4.9, 5, 42.6, 0.03].map(roundLength), [0.5, 1, 2, 5, 20, 0.02]);
});

Deno.test("plotImageGrid() draws a bar of a round length, as long as it says", () => {
  const spec = plotImageGrid(pictures, { size: 70, scaleBar: { perPixel: 0.15, units: "mm" } });
  const [bar] = rowsOf(spec, "rect");
  // By hand: a third of 10 pixels of 0.15 mm is 0.5 mm, which is 3.33 of 10 pixels: 23.3 of 70 on the screen.
  assert(rowsOf(spec, "text").some(({ text }) => text === "0.5 mm"));
  assertClose((bar.x2 as number) - (bar.x as number), 70 / 3, 1e-6);
});

Deno.test("plotImageGrid() shows the values of its shades, and refuses to where each picture has its own", async () => {
  const spec = plotImageGrid(pictures, { low: 90, high: 160, colorBar: "counts" });
  const texts = rowsOf(spec, "text").map(({ text }) => text);
  assertEquals(texts, ["90", "160 counts"]);
  assertEquals(layersOf(spec, "image").length, 2);
  assert((await renderSvg(spec)).includes("160 counts"));
  assertThrows(() => plotImageGrid(pictures, { colorBar: "counts" }), RangeError, "say low and high");
});

Deno.test("plotImageGrid() draws a colour bar for each of several quantities, with the ends that it is told", () => {
  const spec = plotImageGrid(pictures, {
    low: 0,
    high: 1,
    colorBar: [{ name: "energy", low: "0", high: "12 GeV" }, { name: "time", low: "−5 ns", high: "5 ns" }],
  });
  const texts = rowsOf(spec, "text") as { text: string; x: number }[];
  assertEquals(texts.map(({ text }) => text), ["energy 0", "12 GeV", "time −5 ns", "5 ns"]);
  assert(texts.every(({ x }, i) => i === 0 || x > texts[i - 1].x));
  assertEquals(layersOf(spec, "image").length, 3); // the pictures, and two bars
});

Deno.test("classMeans() averages each class, and says of how many", () => {
  const three: Picture[] = [[1, 2], [3, 6], [10, 20]].map((data) => ({ data, height: 1, width: 2 }));
  const [first, none, last] = classMeans(three, [0, 0, 2], 3);
  assertEquals([Array.from(first!.data), first!.count, none], [[2, 4], 2, undefined]);
  assertEquals(Array.from(last!.data), [10, 20]);
  const captions = rowsOf(plotClassMeans(three, [0, 0, 2], ["a", "b", "c"]), "text").map(({ text }) => text);
  assertEquals(captions, ["a", "2", "c", "1"]);
  assertThrows(() => classMeans(three, [0], 3), RangeError, "3 pictures of 1 classes");
  const odd = [three[0], { data: [1], height: 1, width: 1 }];
  assertThrows(() => classMeans(odd, [0, 0], 1), RangeError, "picture 1 has 1 × 1 × 1");
});

Deno.test("withSaliency() reddens what speaks for the answer, blues what speaks against it, and leaves the rest", () => {
  const picture = { data: new Uint8Array(16).fill(100), height: 4, width: 4 };
  const map = { values: [1, -0.5, 0, 0], rows: 2, columns: 2 };
  const both = withSaliency(picture, map, { low: 0, high: 200, palette: "light" });
  assertEquals([both.height, both.width, both.channels], [4, 9, 3]);
  const at = (row: number, column: number) =>
    Array.from({ length: 3 }, (_, c) => both.data[(row * 9 + column) * 3 + c]);
  const mixed = (hex: string, share: number) =>
    [1, 3, 5].map((i) => Math.round((1 - share) * 128 + share * parseInt(hex.slice(i, i + 2), 16)));
  assertEquals(at(0, 0), [128, 128, 128]); // half of 200 in shades of 255
  assertEquals(at(1, 5 + 1), mixed(COLORS.red, 0.8));
  assertEquals(at(0, 5 + 2), mixed(COLORS.blue, 0.4));
  assertEquals(at(3, 5 + 3), [128, 128, 128]);
  assertThrows(() => withSaliency(picture, { ...map, rows: 3 }), RangeError, "3 × 2 places are 4");
});

Deno.test("grids of mistakes show what mattered beside the pictures", () => {
  const map = { values: new Float32Array(4), rows: 2, columns: 2 };
  const probabilities = [0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.6, 0.4];
  const subtitleOf = (spec: Spec) => (spec.title as { subtitle?: string[] }).subtitle;
  const grid = plotPredictionGrid(pictures, probabilities, [0, 1, 1, 0], ["a", "b"], {
    saliency: new Map([[1, map]]),
  });
  assertEquals(subtitleOf(grid), ["red: speaks for the answer, blue: against it"]);
  const worst = plotWorstEvents(pictures, [0.9, 0.2, 0.3, 0.4], [0, 1, 0, 1], {
    saliency: [map, map, map, map],
    low: 0,
    high: 255,
    colorBar: "counts",
  });
  assert(String(worst.title).includes("against it"));
});

Deno.test("plotPredictionGrid() says which number is which class where bars are too narrow for names", () => {
  const names = ["eight", "five", "four", "nine", "one"], five = new Array(5).fill(0.2);
  const { title } = plotPredictionGrid(pictures.slice(0, 1), five, [0], names);
  assertEquals(title, { text: "Predictions", subtitle: ["0 eight · 1 five · 2 four · 3 nine · 4 one"] });
});

Deno.test("plotPredictionGrid() breaks many names into lines, each name once and in order", () => {
  const names = Array.from({ length: 40 }, (_, c) => `name${c}`), equal = new Array(40).fill(1 / 40);
  const { title } = plotPredictionGrid(pictures.slice(0, 1), equal, [0], names);
  const lines = (title as { subtitle: string[] }).subtitle;
  assertEquals(lines.flatMap((line) => line.split(" · ")), names.map((name, c) => `${c} ${name}`));
  assert(lines.length > 3 && lines.every((line) => line.length <= 80));
});
