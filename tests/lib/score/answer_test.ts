import { assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { readAnswers } from "../../../lib/score/answer.ts";
import { occlusionMap } from "../../../lib/score/occlusion.ts";
import type { Tensor } from "../../../lib/score/tensor.ts";
import type { CardOutput } from "../../../lib/store/card.ts";

const tensor = (name: string, rows: number, values: number[]): Tensor => ({
  name,
  type: "FP32",
  shape: [rows, values.length / rows],
  data: Float32Array.from(values),
});

Deno.test("readAnswers() names the most probable class and gives all probabilities", () => {
  const outputs: CardOutput[] = [{ name: "digit", kind: "classes", labels: ["a", "b"] }];
  assertEquals(readAnswers({ outputs }, [tensor("digit", 2, [0.25, 0.75, 1, 0])]), [
    { digit: { kind: "classes", label: "b", probability: 0.75, probabilities: { a: 0.25, b: 0.75 } } },
    { digit: { kind: "classes", label: "a", probability: 1, probabilities: { a: 1, b: 0 } } },
  ]);
});

Deno.test("readAnswers() reads a probability from one column or two, and names by the threshold", () => {
  const outputs: CardOutput[] = [{ name: "nr", kind: "probability", labels: ["ER", "NR"], threshold: 0.5 }];
  const labelOf = (values: number[]) => {
    const [{ nr }] = readAnswers({ outputs }, [tensor("nr", 1, values)]);
    return nr.kind === "probability" ? [nr.label, nr.probability] : [];
  };
  assertEquals(labelOf([0.5]), ["NR", 0.5]);
  assertEquals(labelOf([0.25]), ["ER", 0.25]);
  assertEquals(labelOf([0.25, 0.75]), ["NR", 0.75]);
});

Deno.test("readAnswers() gives values in their units, with the uncertainty of their bin", () => {
  const outputs: CardOutput[] = [{
    name: "energy",
    kind: "value",
    units: "keV",
    factor: 30,
    uncertainty: { edges: [0, 15, 30], sigma: [1, 2] },
  }];
  const answers = readAnswers({ outputs }, [tensor("energy", 4, [0.25, 0.5, 1, 2])]);
  assertEquals(answers.map(({ energy }) => energy.kind === "value" && [energy.value, energy.uncertainty]), [
    [7.5, 1],
    [15, 2],
    [30, 2],
    [60, undefined],
  ]);
});

Deno.test("readAnswers() refuses outputs that are missing or of another width", () => {
  const outputs: CardOutput[] = [{ name: "digit", kind: "classes", labels: ["a", "b"] }];
  assertThrows(() => readAnswers({ outputs }, [tensor("other", 1, [1, 0])]), TypeError, 'it gives "other"');
  assertThrows(() => readAnswers({ outputs }, [tensor("digit", 1, [1, 0, 0])]), TypeError, "[batch, 2]");
});

Deno.test("occlusionMap() finds the part that speaks for the answer, and the one that speaks against it", async () => {
  // The model: probability of the second class is the pixel at row 0, column 3, minus half of that at row 3, column 0.
  const infer = ({ data, shape: [rows] }: Tensor) =>
    Promise.resolve([
      tensor(
        "kind",
        rows,
        Array.from({ length: rows }, (_, i) => data[16 * i + 3] as number - 0.5 * Number(data[16 * i + 12])),
      ),
    ]);
  const card = {
    inputs: [{ name: "image", shape: [4, 4, 1], dtype: "float32" as const, units: "" }],
    outputs: [{ name: "kind", kind: "probability" as const, labels: ["no", "yes"], threshold: 0.3 }],
  };
  const view = new Float32Array(16);
  view[3] = view[12] = 1; // mean 1/8
  const map = await occlusionMap(card, view, infer, { places: 2, batch: 3 });
  assertEquals([map.rows, map.columns, map.output], [2, 2, "kind"]);
  assertClose(map.values, [0, 7 / 8, -7 / 16, 0], 1e-6);
});
