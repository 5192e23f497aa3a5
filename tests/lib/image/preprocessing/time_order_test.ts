import { parsePreprocessing, preprocess } from "../../../../lib/image/preprocessing/mod.ts";
import { assert, assertEquals } from "../../../assert.ts";

const ENERGIES = [1, 2, 3, 4, 5, 6, 7, 0.005, 0.001];
const TIMES = [-0.1, -0.2, 0, 0.05, 0.098, 0.0985, 0.1, 0, 0];
const hits = {
  data: Float32Array.from(ENERGIES.flatMap((energy, i) => [energy, TIMES[i]])),
  shape: [3, 3, 2],
};

/** Which hits (by number, from 1) are in each frame that has any. */
function film(options: Record<string, unknown>, pixels = hits): Record<number, number[]> {
  const steps = parsePreprocessing([{ op: "timeOrder", minTime: -0.1, maxTime: 0.1, ...options }]);
  const { data, shape: [frames, height, width, channels] } = preprocess(steps, pixels, { white: NaN });
  const found: Record<number, number[]> = { [-1]: [frames, height, width, channels] };
  for (let at = 0; at < data.length; at += channels) {
    const frame = Math.floor(at / (height * width * channels)), pixel = at / channels % (height * width);
    if (data[at] === 0) continue;
    assertEquals(data[at], pixels.data[2 * pixel], "energies are not changed");
    if (channels === 2) assertEquals(data[at + 1], pixels.data[2 * pixel + 1], "nor are times");
    (found[frame] ??= []).push(pixel + 1);
  }
  return found;
}

// What `like: "document"` must give was printed by NumPy 2, on the hits above as [1, 3, 3, 2]:
//   X[~((X[..., 0] > .005) & (np.abs(X[..., 1]) < 100))] = np.nan
//   edges = np.arange(-.1, .1, .0099); E = np.zeros((1, 21, 3, 3))
//   for k in range(20):
//       t = X[..., 1]; keep = t <= np.float32(edges[k + 1])
//       if not cumulative: keep &= t > np.float32(edges[k])
//       E[:, k][keep] = X[..., 0][keep]
//   [(k, E[0, k].ravel()) for k in range(21) if E[0, k].any()]
Deno.test("timeOrder like the document leaves the last frame and the hits at its edges out", () => {
  const expected = { [-1]: [21, 3, 3, 2], 10: [3], 15: [4], 19: [5] };
  assertEquals(film({ like: "document" }), expected);
});

Deno.test("timeOrder like the document has no lower bound when cumulative", () => {
  const found = film({ like: "document", cumulative: true });
  const expected: Record<number, number[]> = { [-1]: [21, 3, 3, 2] };
  for (let k = 0; k < 20; k++) {
    expected[k] = k < 10 ? [1, 2] : k < 15 ? [1, 2, 3] : k < 19 ? [1, 2, 3, 4] : [1, 2, 3, 4, 5];
  }
  assertEquals(found, expected);
});

Deno.test("timeOrder fills every frame, both ends of the window included", () => {
  assertEquals(film({}), { [-1]: [21, 3, 3, 2], 0: [1], 10: [3], 15: [4], 19: [5], 20: [6, 7] });
  const cumulative = film({ cumulative: true });
  assertEquals(cumulative[0], [1]);
  assertEquals(cumulative[20], [1, 3, 4, 5, 6, 7]);
});

Deno.test("timeOrder keeps hits outside the window out, or in the first and last frame", () => {
  const pixels = { data: Float32Array.of(1, -3, 2, 3, 3, 150, 4, -0.1), shape: [2, 2, 2] };
  assertEquals(film({ step: 0.1 }, pixels), { [-1]: [2, 2, 2, 2], 0: [4] });
  assertEquals(film({ step: 0.1, outside: "clamp" }, pixels), { [-1]: [2, 2, 2, 2], 0: [1, 4], 1: [2] });
  const all = film({ step: 0.1, outside: "clamp", cumulative: true, removeEmpty: false }, pixels);
  assertEquals(all, { [-1]: [2, 2, 2, 2], 0: [1, 4], 1: [1, 2, 3, 4] });
});

Deno.test("timeOrder takes energies of lowEnergy and less for empty pixels, unless told not to", () => {
  assertEquals(film({ lowEnergy: 3, channels: "energy" }), {
    [-1]: [21, 3, 3, 1],
    15: [4],
    19: [5],
    20: [6, 7],
  });
  assertEquals(film({ removeEmpty: false })[10], [3, 8, 9]);
});

Deno.test("timeOrder makes no frame of a rounding error", () => {
  // (1.3 - 1) / 0.1 is 3.0000000000000004: len(np.arange(1, 1.3, 0.1)) is 4
  const times = { minTime: 1, maxTime: 1.3, step: 0.1 };
  assertEquals(film(times)[-1][0], 3);
  assertEquals(film({ ...times, like: "document" })[-1][0], 4);
  assertEquals(film({ minTime: 0, maxTime: 1, step: 0.1 })[-1][0], 10);
});

Deno.test("timeOrder leaves a pixel that is not a number out", () => {
  const pixels = { data: Float32Array.of(NaN, 0, 1, NaN, 1, 0, Infinity, 0), shape: [2, 2, 2] };
  const steps = parsePreprocessing([{ op: "timeOrder", minTime: -0.1, maxTime: 0.1, removeEmpty: false }]);
  const { data } = preprocess(steps, pixels, { white: NaN });
  assert(data.every((value) => value === 0 || value === 1));
  assertEquals(data.reduce((sum, value) => sum + value, 0), 1);
});
