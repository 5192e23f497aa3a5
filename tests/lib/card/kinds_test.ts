/** Every kind of input and output in full, by hand. @module */
import { INPUT_KINDS, inputKindOf } from "../../../lib/card/inputs/registry.ts";
import type { Row } from "../../../lib/card/output_kind.ts";
import { LABEL_COLORS } from "../../../lib/card/outputs/mask.ts";
import { type CardOutput, kindOf, OUTPUT_KINDS } from "../../../lib/card/outputs/registry.ts";
import { checkWhole, findNotWhole, placeOf } from "../../../lib/card/wholeness.ts";
import { figures, measured, nested, percent } from "../../../lib/card/words.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

const kindNamed = (name: string) => OUTPUT_KINDS.find(({ kind }) => kind === name)!;
const row = (shape: number[], ...values: number[]) => ({ shape, data: Float32Array.from(values) });
const read = (output: CardOutput, one: Row) => kindNamed(output.kind).read(output, one);

Deno.test("layout() of an input's kind says how many examples an array holds, and of which shape", () => {
  const square = { picture: [8, 9, 1], bands: [8, 9, 4], volume: [5, 8, 9, 1], columns: [7, 3] };
  const cases: [keyof typeof square, wanted: number[], shape: number[], layout: unknown][] = [
    ["picture", square.picture, [12, 13], { examples: 1, shape: [12, 13, 1] }],
    ["picture", square.picture, [12, 13, 3], { examples: 1, shape: [12, 13, 3] }],
    ["picture", square.picture, [12, 13, 4], { examples: 1, shape: [12, 13, 4] }],
    ["picture", square.picture, [12, 13, 5], { examples: 12, shape: [13, 5, 1] }],
    ["picture", [9, 3, 1], [6, 9, 3], { examples: 6, shape: [9, 3, 1] }], // a stack of tiny pictures
    ["picture", [9, 3, 1], [6, 8, 3], { examples: 1, shape: [6, 8, 3] }],
    ["picture", [8, 3, 1], [6, 9, 3], { examples: 1, shape: [6, 9, 3] }],
    ["picture", [8, 2, 1], [3, 9, 8, 2], { examples: 3, shape: [9, 8, 2] }],
    ["picture", [9, 3, 1], [2, 9, 3, 3], { examples: 2, shape: [9, 3, 3] }],
    ["picture", square.picture, [2, 12, 13, 5], undefined],
    ["picture", square.picture, [12], undefined],
    ["bands", [8, 9, 1], [8, 9], { examples: 1, shape: [8, 9, 1] }],
    ["bands", square.bands, [8, 9], undefined],
    ["bands", square.bands, [8, 9, 4], { examples: 1, shape: [8, 9, 4] }],
    ["bands", square.bands, [3, 8, 9, 4], { examples: 3, shape: [8, 9, 4] }],
    ["bands", square.bands, [4, 8, 9], { examples: 1, shape: [8, 9, 4], bandsFirst: true }],
    ["bands", square.bands, [3, 4, 8, 9], { examples: 3, shape: [8, 9, 4], bandsFirst: true }],
    ["bands", square.bands, [3, 8, 9], undefined],
    ["bands", square.bands, [1, 3, 4, 8, 9], undefined],
    ["volume", square.volume, [2, 5, 8, 9, 1], { examples: 2, shape: [5, 8, 9, 1] }],
    ["volume", square.volume, [5, 8, 9, 1], { examples: 1, shape: [5, 8, 9, 1] }],
    ["volume", square.volume, [2, 5, 8, 9], { examples: 2, shape: [5, 8, 9, 1] }],
    ["volume", square.volume, [5, 8, 9], { examples: 1, shape: [5, 8, 9, 1] }],
    ["volume", [5, 8, 9, 2], [5, 8, 9, 2], { examples: 1, shape: [5, 8, 9, 2] }],
    ["volume", [5, 8, 9, 2], [6, 8, 9, 2], undefined],
    ["volume", [5, 8, 9, 2], [5, 8, 9, 1], undefined],
    ["volume", [5, 8, 9, 2], [5, 8, 9], undefined],
    ["volume", square.volume, [8, 9], undefined],
    ["columns", [3], [3], { examples: 1, shape: [3] }],
    ["columns", [3], [5, 3], { examples: 5, shape: [3] }],
    ["columns", [3], [5, 4], undefined],
    ["columns", [3], [2, 5, 3], undefined],
    ["columns", square.columns, [7, 3], { examples: 1, shape: [7, 3] }],
    ["columns", square.columns, [2, 7, 3], { examples: 2, shape: [7, 3] }],
    ["columns", square.columns, [6, 3], undefined],
    ["columns", square.columns, [3], undefined],
  ];
  for (const [kind, wanted, shape, layout] of cases) {
    const got: unknown = inputKindOf({ kind, shape: wanted })!.layout(wanted, shape);
    assertEquals(got, layout, `${kind} ${wanted} from ${shape}`);
  }
});

Deno.test("inputKindOf() goes by the card, else by the shape in files, else by the model's", () => {
  assertEquals(INPUT_KINDS, ["picture", "bands", "volume", "columns", "hits"]);
  const kindOfShape = (...shape: number[]) => inputKindOf({ shape })?.kind;
  assertEquals(kindOfShape(8, 8, 4), "picture");
  assertEquals(kindOfShape(8, 8, 5), "bands");
  assertEquals(kindOfShape(8, 8, 8, 5), "volume");
  assertEquals([kindOfShape(8, 8), kindOfShape(8)], ["columns", "columns"]);
  assertEquals(kindOfShape(8, 8, 8, 8, 5), undefined);
  assertEquals(inputKindOf({ shape: [8, 8, 3], kind: "bands" })?.kind, "bands");
  assertEquals(inputKindOf({ shape: [8, 8, 3], raw: [4, 8, 8, 3] })?.kind, "volume");
});

/** Relative luminance of a colour, as the Web Content Accessibility Guidelines (WCAG 2.2) define it. */
function luminance(color: readonly number[]): number {
  const [red, green, blue] = color.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

Deno.test("every label's colour stands out 3 : 1 from the page's light and dark grounds, as thin lines need", () => {
  for (const ground of [[255, 255, 255], [29, 34, 41]]) { // --panel of page.css
    for (const color of LABEL_COLORS) {
      const [dark, light] = [luminance(ground), luminance(color)].sort((a, b) => a - b);
      const contrast = (light + 0.05) / (dark + 0.05);
      assert(contrast >= 3, `${color} on ${ground}: ${contrast}`);
    }
  }
});

Deno.test("a mask is drawn in the colours of labels, of a volume its middle frame, with a legend", () => {
  const labels = ["none", "a", "b", "c", "d", "e", "f", "g", "h"];
  const output: CardOutput = { name: "m", kind: "mask", labels, threshold: 0.5 };
  const colors = [
    [190, 128, 0],
    [52, 150, 210],
    [0, 158, 115],
    [204, 121, 167],
    [0, 114, 178],
    [213, 94, 0],
    [150, 140, 0],
    [190, 128, 0], // from the start again
  ];
  const likely = (label: number) => labels.map((_, i) => i === label ? 0.9 : 0.0125);
  const nothing = Array.from({ length: 9 }, () => likely(0));
  const frames = [nothing, labels.map((_, i) => likely(i)), nothing];
  const answer = read(output, row([3, 3, 3, 9], ...frames.flat(2)));
  assert(answer.kind === "mask");
  assertEquals(answer.shape, [3, 3, 3]);
  const { text, picture } = kindOf(answer).display(answer);
  const opaque = colors.map((color) => [...color, 150]);
  assertEquals([...picture!.data], [[0, 0, 0, 0], ...opaque].flat());
  assertEquals(
    picture!.legend,
    labels.slice(1).map((label, i) => ({ label, color: colors[i] as [number, number, number] })),
  );
  assertEquals([picture!.height, picture!.width, picture!.channels, picture!.over], [3, 3, 4, true]);
  assert(text.startsWith("a 3.7 %, b 3.7 %") && text.endsWith("h 3.7 % of the area"), text);
  assertEquals(kindOf(answer).columns("m", answer).m_share_a, 0.03703704); // 1 of 27
});

Deno.test("a mask's label is the likeliest of three, the second from its threshold of two, and hits have no picture", () => {
  const mask = kindNamed("mask");
  const three: CardOutput = { name: "m", kind: "mask", labels: ["none", "a", "b"], threshold: 0.9 };
  const of = (output: CardOutput, one: Row["data"], ...shape: number[]) => {
    const answer = read(output, { shape, data: one });
    return answer.kind === "mask" ? [...answer.mask] : [];
  };
  assertEquals(of(three, Float32Array.of(0.3, 0.4, 0.3, 0.4, 0.4, 0.2, 0.2, 0.3, 0.5), 3, 3), [1, 0, 2]);
  const two: CardOutput = { name: "m", kind: "mask", labels: ["none", "hit"], threshold: 0.5 };
  assertEquals(of(two, Float32Array.of(0.5, 0.5, 0.75, 0.25), 2, 2), [1, 0]);
  assertEquals(of(two, Float32Array.of(0.5, 0.25), 2, 1), [1, 0]);
  const hits = read(two, row([2, 1], 0.5, 0.25));
  const { text, picture, marks } = kindOf(hits).display(hits);
  assertEquals([text, picture], ["hit 50.0 % of the points", undefined]);
  assertEquals([[...marks!.places], marks!.legend.map(({ label }) => label)], [[1, 0], ["none", "hit"]]);
  assertEquals(kindOf(hits).array!(hits), { data: Float32Array.of(0.5, 0.25), shape: [2, 1] });
  assertEquals([mask.shapes(two), mask.shapes(three)], ["[batch, …, 2] or [batch, …, 1]", "[batch, …, 3]"]);
  assertEquals([mask.fits(two, [1]), mask.fits(two, [4, 1]), mask.fits(three, [4, 1])], [false, true, false]);
  const focus = (output: CardOutput, one: ReturnType<typeof row>) => mask.focus!(output, one)(one);
  assertClose(focus(two, row([2, 1], 0.5, 0.25)), 0.375);
  assertClose(focus(three, row([2, 3], 0.5, 0.25, 0.25, 0.125, 0.5, 0.375)), (0.5 + 0.875) / 2);
});

Deno.test("an image is drawn from its range, its first channel unless it has three, its middle frame", () => {
  const grey: CardOutput = { name: "i", kind: "image", units: "ADC", range: [0, 10] };
  const answer = read(
    grey,
    row([3, 1, 3, 2], ...[9, 9, 9, 9, 9, 9], ...[-1, 9, 5, 9, 20, 9], ...[9, 9, 9, 9, 9, 9]),
  );
  assert(answer.kind === "image");
  const { text, picture } = kindOf(answer).display(answer);
  assertEquals(picture, { height: 1, width: 3, channels: 1, data: Uint8Array.of(0, 128, 255), over: false });
  assertEquals(text, "3 × 1 × 3 × 2, from -1 to 20 ADC");
  assertEquals(kindOf(answer).columns("i", answer), {
    i_mean_ADC: figures((15 * 9 - 1 + 5 + 20) / 18), // fifteen nines of eighteen, and -1, 5 and 20
    i_low_ADC: -1,
    i_high_ADC: 20,
  });
  const colours = read({ name: "i", kind: "image", units: "" }, row([1, 2, 3], 0, 1, 2, 3, 4, 5));
  const drawn = kindOf(colours).display(colours).picture!;
  assertEquals([drawn.channels, [...drawn.data]], [3, [0, 51, 102, 153, 204, 255]]);
  const flat = read({ name: "i", kind: "image", units: "" }, row([1, 2, 1], 4, 4));
  assertEquals([...kindOf(flat).display(flat).picture!.data], [0, 0]);
});

Deno.test("a count is whole and never below none, though the model may be half below", () => {
  const output: CardOutput = { name: "n", kind: "count", units: "tracks" };
  const countOf = (expected: number) => {
    const answer = read(output, row([1], expected));
    return answer.kind === "count" ? answer.count : undefined;
  };
  assertEquals([countOf(2.4), countOf(2.5), countOf(0), countOf(-0.25)], [2, 3, 0, 0]);
  assertThrows(() => countOf(-0.5), RangeError, 'output "n" as a number of tracks: the model gives -0.5');
  const answer = read(output, row([1], 2.75));
  assertEquals(kindOf(answer).display(answer).text, "3 tracks (expected 2.75)");
  assertEquals(kindOf(answer).columns("n", answer), { n_tracks: 3, n_expected: 2.75 });
});

Deno.test("what a picture's parts matter for is the class, the label, the value or the direction of the whole", () => {
  const focus = (output: CardOutput, whole: number[], part: number[]) =>
    kindNamed(output.kind).focus!(output, row([whole.length], ...whole))(row([part.length], ...part));
  const labels = ["x", "y"];
  assertEquals(focus({ name: "a", kind: "classes", labels }, [0.25, 0.75], [0.5, 0.125]), 0.125);
  assertEquals(focus({ name: "a", kind: "labels", labels }, [0.75, 0.25], [0.5, 0.125]), 0.5);
  const yes: CardOutput = { name: "a", kind: "probability", labels, threshold: 0.5 };
  assertEquals([focus(yes, [0.5], [0.25]), focus(yes, [0.25], [0.25])], [0.25, 0.75]);
  assertEquals(focus({ name: "a", kind: "value", units: "", factor: 3 }, [9], [2]), 6);
  assertEquals(focus({ name: "a", kind: "count", units: "" }, [9], [2]), 2);
  assertEquals(focus({ name: "a", kind: "vector" }, [3, 4], [10, 5]), 10); // (30 + 20) / 5
  assertEquals(focus({ name: "a", kind: "vector" }, [0, 0], [10, 5]), 0);
});

Deno.test("a vector shows four numbers, and its columns by name or index", () => {
  const named = read({ name: "v", kind: "vector", columns: ["x", "y"] }, row([2], 0.5, -1));
  assertEquals(kindOf(named).display(named).text, "[x 0.5, y -1]");
  const long = read({ name: "v", kind: "vector" }, row([5], 1, 2, 3, 4, 5));
  assertEquals(kindOf(long).display(long).text, "[1, 2, 3, 4, … (5 numbers)]");
  assertEquals(kindOf(long).columns("v", long), { v_0: 1, v_1: 2, v_2: 3, v_3: 4, v_4: 5 });
  const four = read({ name: "v", kind: "vector" }, row([4], 1, 2, 3, 4));
  assertEquals(kindOf(four).display(four).text, "[1, 2, 3, 4]");
});

Deno.test("percent(), measured(), figures() and nested() write numbers as people read them", () => {
  const shares = [0, 0.0004, 0.5, 0.9996, 1];
  assertEquals(shares.map(percent), ["0.0 %", "0.04 %", "50.0 %", "99.96 %", "100.00 %"]);
  assertEquals([percent(0.0006), percent(0.9994)], ["0.1 %", "99.9 %"]);
  assertEquals([measured(12.3456), measured(0.000123456)], ["12.35", "0.0001235"]);
  assertEquals([measured(1234.5, 12), measured(1.23456, 0.0234), measured(5, 0)], [
    "1235 ± 12",
    "1.235 ± 0.023",
    "5",
  ]);
  assertEquals(figures(Math.fround(0.1)), 0.1);
  assertEquals(figures(1 / 3), 0.3333333);
  assertEquals(nested([1, 2, 3, 4, 5, 6], [1, 3, 2]), [[[1, 2], [3, 4], [5, 6]]]);
});

Deno.test("checkWhole() names the first value that is no number, and where it is", () => {
  assertEquals([findNotWhole([1e18, -1e18]), findNotWhole([0, 1.1e18]), findNotWhole([-1.1e18])], [-1, 1, 0]);
  const many = (...ends: number[]) => Float32Array.of(...new Array<number>(7).fill(9e17), ...ends);
  const found = [many(), many(1), many(NaN), many(1, -Infinity), many(2e18)].map(findNotWhole);
  assertEquals(found, [-1, -1, 7, 8, 7], "whose squares together are beyond what one may be, too");
  assertEquals(placeOf(7, [2, 3, 2]), "row 1, column 0, channel 1");
  assertEquals(placeOf(5, [2, 3, 1]), "row 1, column 2");
  assertEquals(placeOf(23, [2, 2, 3, 2]), "frame 1, row 1, column 2, channel 1");
  assertEquals([placeOf(3, [4]), placeOf(3, [2, 2])], ["column 3", "axis 0 1, axis 1 1"]);
  const check = () => checkWhole([0, NaN], [2], "the row");
  assertThrows(check, RangeError, "Cannot score the row as it must hold numbers: got NaN at column 1");
  const scalar = assertThrows(() => checkWhole([Infinity], [], "the value"), RangeError);
  assert(scalar.message.endsWith("got Infinity"), scalar.message);
  checkWhole([1, 2], [2], "the row");
});
