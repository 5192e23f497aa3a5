/** What the page of a GAN shows: its losses, and its digits each in its place. */
import { dcgan } from "../../../../lib/experiments/dcgan/experiment.ts";
import { readSamples } from "../../../../lib/experiments/dcgan/samples.ts";
import { encodeGif } from "../../../../lib/io/gif.ts";
import { assert, assertEquals } from "../../../assert.ts";

const SIDE = 28, SHOWN = 64, COLUMNS = 8;

/** Digits of one grey level each, three apart. */
const plain = (first: number) =>
  Uint8Array.from({ length: SHOWN * SIDE * SIDE }, (_, i) => first + 3 * Math.floor(i / (SIDE * SIDE)));

/** The same side by side, eight in a row. */
function sideBySide(first: number) {
  const width = COLUMNS * SIDE, height = SHOWN / COLUMNS * SIDE;
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const row = Math.floor(i / width / SIDE), column = Math.floor(i % width / SIDE);
    return first + 3 * (row * COLUMNS + column);
  });
  return { data, width, height };
}

const epochs = [
  { epoch: 1, loss: 1, generatorLoss: 2, realScore: 0.5, generatedScore: 0.25 },
  { epoch: 2, loss: 3, generatorLoss: 4, realScore: 0.75, generatedScore: 0.125 },
];
const samples = [1, 2].map((epoch) => ({ epoch, pixels: plain(epoch).toBase64() }));
const figuresOf = (states: Record<string, unknown>) =>
  dcgan.figures!({ history: { epochs, states } } as never, {} as never, {} as never);

Deno.test("dcgan's movie has the digits of each epoch side by side, eight in a row", async () => {
  const figures = await figuresOf({ samples });
  assertEquals(figures.map(({ name }) => name), ["losses", "scores", "samples", "samples_by_epoch"]);
  const [, , grid, movie] = figures;
  assert("gif" in movie && "spec" in grid);
  assertEquals(movie.gif, encodeGif([sideBySide(1), sideBySide(2)], { delayMs: 300 }));
  assertEquals(grid.caption, "64 digits after epoch 2.");
  assertEquals(readSamples(samples), [1, 2].map((epoch) => ({ epoch, pixels: plain(epoch) })));
  assertEquals(readSamples(undefined), []);
});

interface View {
  layer?: View[];
  data?: { values: Record<string, unknown>[] };
}
/** All that a chart draws. */
function rowsIn({ data, layer = [] }: View): Record<string, unknown>[] {
  return [...data?.values ?? [], ...layer.flatMap(rowsIn)];
}

Deno.test("dcgan draws each loss and each score under its own name, and no digits where none were kept", async () => {
  const figures = await figuresOf({});
  assertEquals(figures.map(({ name }) => name), ["losses", "scores"]);
  const drawn = figures.map((figure) => {
    const rows = "spec" in figure ? rowsIn(figure.spec as View) : [];
    return [...new Set(rows.map(({ epoch, value, curve }) => `${epoch} ${value} ${curve}`))];
  });
  assertEquals(drawn, [
    ["1 1 discriminator", "2 3 discriminator", "1 2 generator", "2 4 generator"],
    ["1 0.5 real", "2 0.75 real", "1 0.25 made", "2 0.125 made"],
  ]);
});
