import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { answerReader, checkOutputs, type OutputTensor, readAnswers } from "../../../lib/card/answers.ts";
import { NotWholeError } from "../../../lib/card/wholeness.ts";
import type { Tensor } from "../../../lib/score/tensor.ts";
import { type CardOutput, kindOf, OUTPUT_KINDS } from "../../../lib/card/outputs/registry.ts";

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

Deno.test("readAnswers() names by the threshold, with the probability of the label that it names", () => {
  const outputs: CardOutput[] = [{ name: "nr", kind: "probability", labels: ["ER", "NR"], threshold: 0.4 }];
  const answerOf = (values: number[]) => {
    const [{ nr }] = readAnswers({ outputs }, [tensor("nr", 1, values)]);
    return nr.kind === "probability" ? [nr.label, nr.probability, nr.probabilities.NR, nr.positive] : [];
  };
  assertEquals(answerOf([0.5]), ["NR", 0.5, 0.5, "NR"]);
  assertEquals(answerOf([0.25]), ["ER", 0.75, 0.25, "NR"]);
  assertEquals(answerOf([0.25, 0.75]), ["NR", 0.75, 0.75, "NR"]);
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

Deno.test("readAnswers() takes a value's σ from its second column or from another output, never below 0", () => {
  const own: CardOutput = { name: "e", kind: "value", units: "keV", factor: 10, uncertainty: { column: 1 } };
  assertEquals(readAnswers({ outputs: [own] }, [tensor("e", 1, [2, 0.25])]), [
    { e: { kind: "value", value: 20, units: "keV", uncertainty: 2.5 } },
  ]);
  const other: CardOutput = { ...own, uncertainty: { output: "e_sigma" } };
  const rows = [tensor("e", 2, [1, 2]), tensor("e_sigma", 2, [0.5, 0])];
  assertThrows(() => readAnswers({ outputs: [other] }, rows), NotWholeError, "uncertainty must be above 0");
  const read = answerReader({ outputs: [other] }, rows);
  assertEquals(read(0), { e: { kind: "value", value: 10, units: "keV", uncertainty: 5 } });
  assertThrows(() => readAnswers({ outputs: [other] }, rows.slice(0, 1)), TypeError, 'output "e_sigma"');
});

Deno.test("readAnswers() gives every label that holds, each by its own threshold", () => {
  const outputs: CardOutput[] = [{
    name: "tags",
    kind: "labels",
    labels: ["a", "b", "c"],
    thresholds: [0.5, 0.9, 0.1],
  }];
  const [{ tags }] = readAnswers({ outputs }, [tensor("tags", 1, [0.5, 0.75, 0.25])]);
  assertEquals(tags, {
    kind: "labels",
    labels: ["a", "c"],
    probabilities: { a: 0.5, b: 0.75, c: 0.25 },
    thresholds: { a: 0.5, b: 0.9, c: 0.1 },
  });
  assertEquals(kindOf(tags).display(tags).text, "a (50.0 %), c (25.0 %)");
  assertEquals(kindOf(tags).columns("tags", tags).tags, "a c");
});

Deno.test("a reader is shown the most probable labels where there are hundreds, and the number of all", () => {
  const labels = Array.from({ length: 712 }, (_, i) => `main ${i}`);
  const scores = labels.map((_, i) => i === 600 ? 0.4 : i === 7 ? 0.3 : i === 5 ? 0.2 : 0.001);
  const outputs: CardOutput[] = [{ name: "modules", kind: "labels", labels }];
  const [{ modules }] = readAnswers({ outputs }, [tensor("modules", 1, scores)]);
  const { text, bars } = kindOf(modules).display(modules);
  assertEquals([text, bars!.length], ["none (of 712)", 24]);
  assertEquals(bars!.slice(0, 3).map(({ label }) => label), ["main 600", "main 7", "main 5"]);
  const few: CardOutput[] = [{ name: "m", kind: "labels", labels: ["x", "y"] }];
  const [{ m }] = readAnswers({ outputs: few }, [tensor("m", 1, [0.1, 0.2])]);
  assertEquals(kindOf(m).display(m).text, "none (of x, y)");
});

Deno.test("readAnswers() gives the label of every pixel, of a sigmoid or a softmax", () => {
  const sigmoid: CardOutput = { name: "m", kind: "mask", labels: ["none", "track"], threshold: 0.5 };
  const one: OutputTensor = { name: "m", shape: [1, 2, 2, 1], data: Float32Array.of(0, 0.25, 0.5, 1) };
  const [{ m }] = readAnswers({ outputs: [sigmoid] }, [one]);
  assert(m.kind === "mask");
  assertEquals([...m.mask], [0, 0, 1, 1]);
  assertEquals([m.shape, m.shares], [[2, 2], { none: 0.5, track: 0.5 }]);
  assertEquals((kindOf(m).json(m) as { mask: number[][] }).mask, [[0, 0], [1, 1]]);
  assertEquals(
    kindOf(m).display(m).picture?.data.filter((_, i) => i % 4 === 3),
    Uint8Array.of(0, 0, 150, 150),
  );
  const softmax: CardOutput = { name: "m", kind: "mask", labels: ["none", "ER", "NR"], threshold: 0.5 };
  const three: OutputTensor = {
    name: "m",
    shape: [1, 1, 2, 3],
    data: Float32Array.of(0.2, 0.3, 0.5, 0.6, 0.3, 0.1),
  };
  const [{ m: classes }] = readAnswers({ outputs: [softmax] }, [three]);
  assertEquals(classes.kind === "mask" && [...classes.mask], [2, 0]);
  assertThrows(() => readAnswers({ outputs: [softmax] }, [one]), TypeError, "[batch, …, 3]");
});

Deno.test("readAnswers() gives pictures, vectors and counts", () => {
  const outputs: CardOutput[] = [
    { name: "made", kind: "image", units: "counts" },
    { name: "place", kind: "vector", columns: ["x", "y"] },
    { name: "tracks", kind: "count", units: "tracks" },
  ];
  const [{ made, place, tracks }] = readAnswers({ outputs }, [
    { name: "made", shape: [1, 1, 2, 1], data: Float32Array.of(3, 5) },
    tensor("place", 1, [0.5, -1]),
    tensor("tracks", 1, [2.75]),
  ]);
  assert(made.kind === "image");
  assertEquals([made.shape, [...made.data], made.range], [[1, 2, 1], [3, 5], [3, 5]]);
  assertEquals([...kindOf(made).display(made).picture!.data], [0, 255]);
  assertEquals(kindOf(place).columns("place", place), { place_x: 0.5, place_y: -1 });
  assertEquals(tracks, { kind: "count", count: 3, expected: 2.75, units: "tracks" });
  const negative = [tensor("tracks", 1, [-2])];
  assertThrows(() => readAnswers({ outputs: [outputs[2]] }, negative), NotWholeError, "-2");
});

Deno.test("readAnswers() gives no answer where the model gives no number, whatever the kind", () => {
  const outputs: CardOutput[] = [
    { name: "a", kind: "classes", labels: ["x", "y"] },
    { name: "a", kind: "probability", labels: ["x", "y"], threshold: 0.5 },
    { name: "a", kind: "labels", labels: ["x", "y"] },
    { name: "a", kind: "value", units: "", factor: 1, uncertainty: { column: 1 } },
    { name: "a", kind: "vector" },
  ];
  for (const output of outputs) {
    for (const bad of [NaN, Infinity, -Infinity, 3e38]) {
      const read = () => readAnswers({ outputs: [output] }, [tensor("a", 1, [0.5, bad])]);
      assertThrows(read, NotWholeError, 'output "a"');
    }
  }
  assertThrows(
    () => readAnswers({ outputs: outputs.slice(0, 1) }, [tensor("a", 1, [2, 0])]),
    NotWholeError,
    "gives 2",
  );
});

Deno.test("every kind of output has a schema, a shape, a text and columns of its own", () => {
  const samples: Record<string, [CardOutput, number[], number[]]> = {
    classes: [{ name: "a", kind: "classes", labels: ["x", "y"] }, [2], [0.25, 0.75]],
    probability: [{ name: "a", kind: "probability", labels: ["x", "y"], threshold: 0.5 }, [1], [0.25]],
    labels: [{ name: "a", kind: "labels", labels: ["x", "y"] }, [2], [0.25, 0.75]],
    value: [{ name: "a", kind: "value", units: "keV", factor: 2 }, [1], [3]],
    count: [{ name: "a", kind: "count", units: "" }, [1], [3]],
    vector: [{ name: "a", kind: "vector" }, [3], [1, 2, 3]],
    mask: [{ name: "a", kind: "mask", labels: ["x", "y"], threshold: 0.5 }, [2, 2, 1], [0, 1, 1, 1]],
    image: [{ name: "a", kind: "image", units: "" }, [2, 2, 1], [0, 1, 1, 1]],
  };
  assertEquals(OUTPUT_KINDS.map(({ kind }) => kind).sort(), Object.keys(samples).sort());
  for (const kind of OUTPUT_KINDS) {
    const [output, shape, values] = samples[kind.kind];
    assertEquals(kind.schema.parse(output), output);
    assert(!kind.schema.safeParse({ ...output, typo: 1 }).success, `${kind.kind} takes a misspelt field`);
    assert(kind.fits(output, shape) && !kind.fits(output, [...shape, 1, 1, 1, 7]), kind.kind);
    const answer = kind.read(output, { shape, data: Float32Array.from(values) });
    assertEquals<string>(answer.kind, kind.kind);
    const json = JSON.parse(JSON.stringify(kind.json(answer)));
    assert((kind.answerSchema.required as string[]).every((field) => field in json), kind.kind);
    assertEquals(
      Object.keys(json).filter((field) => !(field in (kind.answerSchema.properties as object))),
      [],
    );
    assert(kind.display(answer).text.length > 0 && Object.keys(kind.columns("a", answer)).length > 0);
    const focus = kind.focus?.(output, { shape, data: Float32Array.from(values) });
    if (focus) assert(Number.isFinite(focus({ shape, data: Float32Array.from(values) })));
  }
});

Deno.test("checkOutputs() holds a card against a model before anything is trained", () => {
  const outputs: CardOutput[] = [
    { name: "kind", kind: "classes", labels: ["x", "y"] },
    { name: "e", kind: "value", units: "", factor: 1, uncertainty: { output: "s" } },
  ];
  checkOutputs({ outputs }, { kind: [2], e: [1], s: [1] });
  checkOutputs({ outputs }, { kind: [-1], e: [1], s: [1] });
  assertThrows(
    () => checkOutputs({ outputs }, { kind: [3], e: [1], s: [1] }),
    TypeError,
    '"kind" (classes) must be',
  );
  assertThrows(() => checkOutputs({ outputs }, { kind: [2], e: [1] }), TypeError, 'names output "s"');
});
