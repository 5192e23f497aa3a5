import { assertEquals } from "../../assert.ts";
import { removeIsolatedHits } from "../../../lib/image/remove_isolated_hits.ts";

Deno.test("removeIsolatedHits() keeps tracks, diagonal ones too, and removes hits that stand alone", () => {
  // deno-fmt-ignore
  const data = Uint8Array.of(
    1, 0, 0, 0, 5,
    0, 1, 0, 0, 0,
    0, 0, 0, 0, 0,
    7, 0, 0, 1, 1,
  );
  // deno-fmt-ignore
  const wanted = Uint8Array.of(
    1, 0, 0, 0, 0,
    0, 1, 0, 0, 0,
    0, 0, 0, 0, 0,
    0, 0, 0, 1, 1,
  );
  const frame = { data, height: 4, width: 5 };
  assertEquals(removeIsolatedHits(frame), { data: wanted, height: 4, width: 5 });
  assertEquals(removeIsolatedHits(frame, { neighbours: 2 }).data, new Uint8Array(20));
  assertEquals(removeIsolatedHits(frame, { reach: 4 }).data, data);
  assertEquals(removeIsolatedHits(frame, { threshold: 2 }).data, Uint8Array.from(data, (v) => v > 2 ? 0 : v));
});
