import { assertEquals } from "../../assert.ts";
import { invert, invertIfBright } from "../../../lib/image/invert.ts";

Deno.test("invertIfBright() inverts ink on paper and leaves light on dark", () => {
  const paper = { data: Uint8Array.of(255, 255, 255, 255, 0, 255, 255, 255, 255), height: 3, width: 3 };
  assertEquals(invertIfBright(paper, 255).data, Float32Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0));
  const dark = invert(paper, 255);
  assertEquals(invertIfBright(dark, 255).data, dark.data);
});
