import { assertEquals } from "../../../assert.ts";
import { createColumns } from "../../../../lib/simulate/supernemo/columns.ts";

function part(...events: number[][]) {
  const writer = createColumns({ x: "f8", n: "i4" });
  for (const event of events) {
    for (const x of event) writer.add({ x, n: 10 * x });
    writer.endEvent();
  }
  return writer.finish();
}

Deno.test("createColumns() keeps what belongs to an event between its offsets, none for an empty one", () => {
  const { offsets, columns } = part([1.5, 2], [], [3]);
  assertEquals(offsets, Int32Array.of(0, 2, 2, 3));
  assertEquals(columns, { x: Float64Array.of(1.5, 2, 3), n: Int32Array.of(15, 20, 30) });
});
