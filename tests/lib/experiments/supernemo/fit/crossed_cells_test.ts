import { crossedCells } from "../../../../../lib/experiments/supernemo/fit/crossed_cells.ts";
import { createRng } from "../../../../../lib/base/rng.ts";
import { assert, assertEquals } from "../../../../assert.ts";

const PITCH = 44, LAYERS = 9, COLUMNS = 113, FIRST = 53;
const level = { angleDegrees: 0, vertexYMm: 0, vertexZMm: 0, slopeZ: 0 };

Deno.test("crossedCells() of a level line are a row of cells, as far as the wires reach", () => {
  // The middle column's wires are at y = 0; the next ones' 44 mm on, so that 22.5 mm belong to them.
  const row = (column: number, layers = LAYERS) =>
    Array.from({ length: layers }, (_, i) => COLUMNS * i + column);
  assertEquals([...crossedCells(level, FIRST)], row(56));
  assertEquals([...crossedCells({ ...level, vertexYMm: 22.5 }, FIRST)], row(57));
  assertEquals([...crossedCells({ ...level, vertexYMm: -56 * PITCH }, FIRST)], row(0));
  assertEquals([...crossedCells({ ...level, vertexYMm: 57 * PITCH }, FIRST)], []);
  // 1,500 mm up and rising by a tenth: 15 mm are left, which is as far as x = 150 mm, behind the wires at 53, 97 and 141
  assertEquals([...crossedCells({ ...level, vertexZMm: 1500, slopeZ: 0.1 }, FIRST)], row(56, 3));
  assertEquals(
    [...crossedCells({ ...level, vertexZMm: NaN, slopeZ: NaN }, FIRST)],
    row(56),
    "heights unknown",
  );
});

Deno.test("crossedCells() are all whose wire's foot on the line lies within their square", () => {
  const rng = createRng(5);
  let most = 0;
  for (let trial = 0; trial < 200; trial++) {
    const line = { ...level, angleDegrees: 178 * rng() - 89, vertexYMm: 5200 * rng() - 2600 };
    const angle = line.angleDegrees * Math.PI / 180, [along, up] = [Math.cos(angle), Math.sin(angle)];
    const expected: number[] = [];
    for (let layer = 0; layer < LAYERS; layer++) {
      for (let column = 0; column < COLUMNS; column++) {
        const x = FIRST + PITCH * layer, y = PITCH * (column - 56);
        const t = x * along + (y - line.vertexYMm) * up;
        const foot = [t * along - x, line.vertexYMm + t * up - y];
        if (foot.every((off) => Math.abs(off) < PITCH / 2)) expected.push(COLUMNS * layer + column);
      }
    }
    most = Math.max(most, expected.length);
    assertEquals([...crossedCells(line, FIRST)], expected, JSON.stringify(line));
  }
  assert(most > 20, "steep lines are among them");
});
