import { assert, assertClose, assertEquals } from "../../../assert.ts";
import {
  cellNumber,
  FACES,
  mainWallModule,
  moduleBehind,
  OPTICAL_MODULES,
  TRACKER,
  vetoModule,
  wireAt,
  xWallModule,
} from "../../../../lib/simulate/supernemo/geometry.ts";

Deno.test("cells are numbered 113 × 9 × side + 9 × column + layer, 2,034 in all, their wires 44 mm apart", () => {
  const numbers = new Set<number>();
  for (const side of [0, 1]) {
    for (let column = 0; column < 113; column++) {
      for (let layer = 0; layer < 9; layer++) numbers.add(cellNumber(side, layer, column));
    }
  }
  assertEquals([numbers.size, Math.max(...numbers), TRACKER.cells], [2034, 2033, 2034]);
  assertEquals([wireAt(0, 0, 0), wireAt(1, 8, 112)], [[-51, -2464], [403, 2464]]);
});

Deno.test("OPTICAL_MODULES are TKEvent's 712: 520 in the main walls, 128 in the x-walls, 64 in the veto", () => {
  const count = (wall: string) => OPTICAL_MODULES.filter((module) => module.wall === wall).length;
  assertEquals(
    [OPTICAL_MODULES.length, count("main"), count("x-wall"), count("veto")],
    [712, 520, 128, 64],
  );
  assertEquals(OPTICAL_MODULES.map(({ id }) => id), Array.from({ length: 712 }, (_, i) => i));
  // Corners, by hand: x = ±532, y = 259 (c - 9.5), z = 259 (r - 6); y = ±2580.5, z = 212 (r - 7.5); y = ±161 ± 311.5 k, z = ±1625.
  const at = (id: number) => [OPTICAL_MODULES[id].x, OPTICAL_MODULES[id].y, OPTICAL_MODULES[id].z];
  assertEquals(at(mainWallModule(0, 0, 0)), [-532, -2460.5, -1554]);
  assertEquals(at(mainWallModule(1, 19, 12)), [532, 2460.5, 1554]);
  assertEquals([at(520), at(xWallModule(1, 1, 1, 15))], [[-130, -2580.5, -1590], [333, 2580.5, 1590]]);
  assertEquals([at(648), at(vetoModule(1, 1, 8)), at(711)], [
    [-213.5, -2341.5, -1625],
    [213.5, 161, 1625],
    [213.5, 2341.5, 1625],
  ]);
});

Deno.test("moduleBehind() finds the module whose block is behind a point", () => {
  for (const { id, wall, x, y, z } of OPTICAL_MODULES) {
    const sign = Math.sign(x);
    if (wall === "main") assertEquals(moduleBehind("main", FACES.main * sign, y, z).id, id);
    if (wall === "x-wall") assertEquals(moduleBehind("x-wall", x, Math.sign(y) * FACES.xWall, z).id, id);
    if (wall === "veto") assertEquals(moduleBehind("veto", x, y, Math.sign(z) * FACES.veto).id, id);
  }
  // The widest gap between a point on a face and the middle of its block: half a block, and the rims of the walls.
  for (let i = 0; i < 200; i++) {
    const y = -2505 + 25 * i, { y: middle } = moduleBehind("main", 435, y, 0);
    assert(Math.abs(y - middle) < 129.6, `${y} is given to the block at ${middle}`);
  }
  assertClose(moduleBehind("veto", 100, 10, 1550).y, 161);
  for (const sign of [-1, 1]) { // what lies beyond a wall's rim belongs to its last block
    assertEquals(moduleBehind("veto", 100, 2505 * sign, 1550).y, 2341.5 * sign);
    assertEquals(moduleBehind("main", 435, 2600 * sign, 0).y, 2460.5 * sign);
    assertEquals(moduleBehind("main", 435, 0, 1700 * sign).z, 1554 * sign);
    assertEquals(moduleBehind("x-wall", 100, 2505, 1750 * sign).z, 1590 * sign);
  }
});
