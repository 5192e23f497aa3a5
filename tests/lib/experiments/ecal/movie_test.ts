import { showerMovie } from "../../../../lib/experiments/ecal/movie.ts";
import { plotSpaceTime, spaceTimePage } from "../../../../lib/experiments/ecal/space_time.ts";
import { renderSvg } from "../../../../lib/plot/mod.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../../assert.ts";
import { testWith } from "../../../needs.ts";
import { pythonFolder } from "../../io/_python.ts";

/** Hits at row 16, column 16 early and column 20 late, and one at the side that is too faint. */
function hits(): Float32Array {
  const image = new Float32Array(2048);
  image.set([0.8, -0.05], 2 * (16 * 32 + 16));
  image.set([0.4, 0.05], 2 * (16 * 32 + 20));
  image.set([0.004, 0], 2 * (3 * 32 + 3));
  return image;
}

// What Pillow sees in the middle of the three crystals, frame by frame; the image begins at (168, 72), a crystal is 14 pixels.
const LOOK = `
import json
from PIL import Image
movie = Image.open("movie.gif")
middle = lambda row, column: (168 + 14 * column + 7, 72 + 14 * row + 7)
frames = []
for k in range(movie.n_frames):
    movie.seek(k)
    frame = movie.convert("RGB")
    frames.append([frame.getpixel(middle(*place)) for place in ((16, 16), (16, 20), (3, 3))])
print(json.dumps({"size": movie.size, "delay": movie.info["duration"], "frames": frames}))
`;

testWith(
  "formats",
  "showerMovie() unfolds an event in 20 frames, zeros white, on one scale, as Pillow sees it",
  async (python) => {
    await using folder = await pythonFolder(python, "");
    await Deno.writeFile(folder.path("movie.gif"), await showerMovie([hits()], { title: "A photon" }));
    const { size, delay, frames } = JSON.parse(await folder.run(LOOK));
    assertEquals([size, delay, frames.length], [[864, 576], 200, 20]);
    const white = [255, 255, 255], full = [253, 231, 37], half = [34, 146, 140];
    frames.forEach((seen: number[][], frame: number) => {
      const end = -0.1 + (frame + 1) * 0.0099;
      assertEquals(seen[0], end >= -0.05 ? full : white, `early hit in frame ${frame}`);
      const late = end >= 0.05 ? half : white;
      assert(
        seen[1].every((value, c) => Math.abs(value - late[c]) <= 6),
        `late hit in frame ${frame}: ${seen[1]}`,
      );
      assertEquals(seen[2], white, "a hit below 0.005 is left out");
    });
  },
);

Deno.test("showerMovie() refuses no image", async () => {
  await assertRejects(() => showerMovie([]), RangeError, "no image");
});

Deno.test("plotSpaceTime() draws a point a hit in the window, and the box", async () => {
  const spec = plotSpaceTime(hits(), { title: "A photon" });
  const [, , scatter] = spec.layer as { data: { values: { energy: number; y: number }[] } }[];
  const [early, late] = scatter.data.values;
  assertEquals(scatter.data.values.length, 2);
  assert(early.energy > late.energy && early.y < late.y, "time goes up");
  assert((await renderSvg(spec)).includes("A photon"));
});

Deno.test("spaceTimePage() has a point a hit, rows from below, its size a thousand times its energy", () => {
  const page = spaceTimePage(hits(), { title: "A photon" });
  const [, text] = /(\[\{"x".*?\}\])/s.exec(page)!;
  const points = JSON.parse(text) as { x: number; y: number; z: number; size: number }[];
  assertEquals(points.map(({ x, y }) => [x, y]), [[16, 15], [20, 15]]);
  assertClose(points.map(({ z }) => z), [-0.05, 0.05], 1e-7);
  assertClose(points.map(({ size }) => size), [800, 400], 1e-3);
});
