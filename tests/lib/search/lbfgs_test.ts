import { minimizeSmooth, type Smooth } from "../../../lib/search/lbfgs.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

/** H. Rosenbrock's valley: least, 0, at (1, 1). */
const valley: Smooth = ([x, y]) => ({
  value: 100 * (y - x * x) ** 2 + (1 - x) ** 2,
  gradient: Float64Array.of(-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)),
});

Deno.test("minimizeSmooth() remembers the curvature: it is through Rosenbrock's valley where a descent has hardly begun", () => {
  const start = Float64Array.of(-1.2, 1);
  const { x, value } = minimizeSmooth(valley, start, 60);
  assertClose(x, [1, 1], 1e-3);
  assertEquals([...start], [-1.2, 1]);
  assertEquals(value, valley(x).value);
  const early = minimizeSmooth(valley, start, 3).value;
  assert(early < valley(start).value && early > 0.1, "as many steps as it is told");
});

Deno.test("minimizeSmooth() stays where nothing falls, and where it cannot step", () => {
  const bowl: Smooth = ([x]) => ({ value: x * x, gradient: Float64Array.of(2 * x) });
  assertEquals(minimizeSmooth(bowl, Float64Array.of(0)), { x: Float64Array.of(0), value: 0 });
  // says that it falls, and does not
  const lying: Smooth = ([x]) => ({ value: Math.abs(x), gradient: Float64Array.of(1) });
  assertEquals(minimizeSmooth(lying, Float64Array.of(0)), { x: Float64Array.of(0), value: 0 });
});
