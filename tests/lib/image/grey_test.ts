import { assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { toGrey } from "../../../lib/image/grey.ts";

Deno.test("toGrey() weighs colours by BT.601 and leaves alpha out", () => {
  assertClose(
    toGrey({ data: Uint8Array.of(10, 20, 30, 0), height: 1, width: 1, channels: 4 }).data,
    [18.15],
    1e-6,
  );
  assertEquals(
    toGrey({ data: Uint16Array.of(500, 9, 700, 9), height: 1, width: 2, channels: 2 }).data,
    Float32Array.of(500, 700),
  );
  assertThrows(
    () => toGrey({ data: new Uint8Array(5), height: 1, width: 1, channels: 5 }),
    TypeError,
    "it has 5",
  );
  assertThrows(
    () => toGrey({ data: new Uint8Array(5), height: 1, width: 2, channels: 3 }),
    TypeError,
    "and 5 values",
  );
});
