import { type GraphLayer, plotModelGraph } from "../../../lib/plot/mod.ts";
import { assert, assertEquals } from "../../assert.ts";

interface Sides {
  x: number;
  y: number;
  x2: number;
  y2: number;
}
const rowsOf = (layers: readonly GraphLayer[], mark: string) =>
  (plotModelGraph(layers).layer as { mark: { type: string }; data: { values: unknown[] } }[])
    .filter((layer) => layer.mark.type === mark).flatMap(({ data }) => data.values) as Sides[];

const layer = (name: string, ...from: string[]): GraphLayer => ({
  name,
  type: "Conv2D",
  shape: "(None, 24, 24, 32)",
  parameters: 13_824,
  from,
});

/** Two blocks with lines round them, one of which leads on to the end. */
const BLOCKS = [
  layer("image"),
  layer("one", "image"),
  layer("two", "one"),
  layer("sum", "two", "image"),
  layer("left", "sum"),
  layer("right", "sum"),
  layer("far", "left"),
  layer("all", "far", "right", "image"),
];

/** Whether an upright piece of a line goes through the inside of a box. */
const passes = (line: Sides, box: Sides) =>
  line.x === line.x2 && line.x > box.x && line.x < box.x2 && line.y < box.y2 && line.y2 > box.y;

Deno.test("plotModelGraph() leads lines that skip layers past the boxes, each to its own end", () => {
  const boxes = rowsOf(BLOCKS, "rect"), lines = rowsOf(BLOCKS, "rule");
  assertEquals(boxes.length, BLOCKS.length);
  const crossing = lines.flatMap((line) => boxes.filter((box) => passes(line, box)));
  assertEquals(crossing, []);
  const upright = lines.filter((line) => line.x === line.x2 && line.y2 - line.y > 60);
  assert(upright.length >= 2 && upright.every(({ x }) => boxes.every((box) => x < box.x || x > box.x2)));
  for (const { x, y, x2 } of boxes.slice(1)) {
    assert(lines.some((line) => line.y2 === y && line.x2 === (x + x2) / 2), "a box that no line reaches");
  }
});

Deno.test("plotModelGraph() leads lines that pass different rows down the same lane", () => {
  const residual = [
    layer("image"),
    layer("one", "image"),
    layer("sum", "one", "image"),
    layer("two", "sum"),
    layer("end", "two", "sum"),
  ];
  const lanes = rowsOf(residual, "rule").filter(({ x, x2, y, y2 }) => x === x2 && y2 - y <= 60);
  const right = Math.max(...rowsOf(residual, "rect").map(({ x2 }) => x2));
  const besides = lanes.filter(({ x }) => x > right);
  assertEquals(besides.length, 2);
  assertEquals(besides[0].x, besides[1].x);
});

Deno.test("plotModelGraph() has the line that skips fewer layers nearer, and children below their parents", () => {
  const nested = [
    layer("image"),
    layer("one", "image"),
    layer("two", "one"),
    layer("outer", "two", "image"),
    layer("inner", "two", "one"),
  ];
  const right = rowsOf(nested, "rect")[0].x2;
  const lanes = rowsOf(nested, "rule").filter(({ x, x2 }) => x === x2 && x > right);
  assertEquals(lanes.length, 2);
  const [short, long] = lanes.toSorted((a, b) => (a.y2 - a.y) - (b.y2 - b.y));
  assert(short.x < long.x, `${short.x} and ${long.x}`);
  // Listed the other way round, each still stands below its own parent.
  const crossed = [
    layer("image"),
    layer("l", "image"),
    layer("r", "image"),
    layer("of r", "r"),
    layer("of l", "l"),
  ];
  const places = rowsOf(crossed, "rect").map(({ x, y }) => [y, x]).sort(([a, b], [c, d]) => a - c || b - d);
  const straight = rowsOf(crossed, "rule").filter(({ x, x2 }) => x === x2);
  assertEquals([places.length, straight.length], [5, 2]);
});

Deno.test("plotModelGraph() makes boxes as wide as what stands in them, and says the layers in words", () => {
  const wide = (name: string) => rowsOf([layer(name)], "rect")[0];
  const width = ({ x, x2 }: Sides) => x2 - x;
  assert(width(wide("a_layer_with_a_name_of_some_length")) > width(wide("a")));
  const { description } = plotModelGraph(BLOCKS.slice(0, 2), { title: "Layers of m" });
  assertEquals(description, "Layers of m: image: Conv2D, one: Conv2D");
});
