import type { Card } from "../../../lib/card/card.ts";
import type { Data, RawExample } from "../../../lib/run/experiment.ts";
import { occlusionOfTest } from "../../../lib/run/test_occlusion.ts";
import { assertClose, assertEquals } from "../../assert.ts";
import { pairCard, pairOnnx, SIDE, tinyCard, tinyOnnx } from "../../tiny_model.ts";

/** Pictures of one bright pixel of 100 counts, at a place of each one's own. */
const BRIGHT = [0, 5, 15];
const pictures = BRIGHT.map((at) => {
  const data = new Float32Array(SIDE * SIDE);
  data[at] = 100;
  return { data, height: SIDE, width: SIDE, channels: 1 };
});

function asked(card: Card, onnx: Uint8Array, name = "image") {
  const asked: number[][] = [];
  const raw = (rows: readonly number[]) => {
    asked.push([...rows]);
    return Promise.resolve(rows.map((row) => ({ [name]: pictures[row] }) as unknown as RawExample));
  };
  return { card, onnx, data: { raw } as unknown as Data, asked };
}

Deno.test("occlusionOfTest() asks the exported model of the rows that are wanted, in their order", async () => {
  for (const name of ["image", "of another name"]) {
    const question = asked(tinyCard(), tinyOnnx(), name);
    const maps = await occlusionOfTest(question, [2, 0]);
    assertEquals(question.asked, [[2, 0]]);
    for (const [i, at] of [15, 0].entries()) {
      // Only covering the bright pixel changes the sum of pixels: from 1 to the picture's mean, 1/16.
      const { rows, columns, values, output } = maps[i];
      assertEquals([rows, columns, output], [SIDE, SIDE, "kind"]);
      const share = (sum: number) => 1 / (1 + Math.exp(-sum));
      const dark = share(1 + 1 / 16); // a dark pixel that is covered by the mean
      const expected = Array.from({ length: 16 }, (_, k) => share(1) - (k === at ? share(1 / 16) : dark));
      assertClose(values, expected, 1e-4);
    }
  }
});

Deno.test("occlusionOfTest() gives nothing where no single picture or number can be asked for", async () => {
  const question = asked(tinyCard(), tinyOnnx());
  assertEquals(await occlusionOfTest(question, []), []);
  assertEquals(await occlusionOfTest({ ...question, data: {} as Data }, [0]), []);
  assertEquals(await occlusionOfTest(asked(pairCard(), pairOnnx()), [0]), [], "two inputs");
  const image = tinyCard({ outputs: [{ name: "kind", kind: "image", units: "" }] });
  assertEquals(await occlusionOfTest(asked(image, tinyOnnx()), [0]), [], "an image is no number");
  assertEquals(question.asked, []);
});
