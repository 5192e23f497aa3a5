/** A model's raw outputs in the terms of its card. @module */
import type { Card } from "./card.ts";
import type { Row } from "./output_kind.ts";
import { type Answer, type CardOutput, kindOf } from "./outputs/registry.ts";
import { findNotWhole, NotWholeError, placeOf } from "./wholeness.ts";

/** Answers by the name of the output. */
export type Answers = Record<string, Answer>;

/** Answers as JSON has them. */
export function answersJson(answers: Answers): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [name, kindOf(answer).json(answer)]),
  );
}

/** A model's output for a batch: the first axis counts the examples. */
export interface OutputTensor {
  name: string;
  shape: readonly number[];
  data: ArrayLike<number> | ArrayLike<bigint>;
}

/** An output of a card with the tensors that its answers are read from. */
interface Plan {
  output: CardOutput;
  rows: (example: number) => Row;
  companion?: (example: number) => Row;
}

/** The rows of an output, one an example. @throws {TypeError} If the model does not give it as numbers. */
function rowsOf(
  name: string,
  tensors: readonly OutputTensor[],
): [rows: (example: number) => Row, shape: number[]] {
  const tensor = tensors.find((tensor) => tensor.name === name);
  if (!tensor) {
    throw new TypeError(
      `Cannot read output "${name}" as the model has none of this name: it gives ` +
        tensors.map(({ name }) => `"${name}"`).join(", "),
    );
  }
  const { data, shape: [, ...shape] } = tensor;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    throw new TypeError(`Cannot read output "${name}" as it must be floats: got 64-bit integers`);
  }
  const values = data as Float32Array, width = shape.reduce((product, side) => product * side, 1);
  return [(i) => ({ shape, data: values.subarray(i * width, (i + 1) * width) }), shape];
}

/** Finds an output's tensors and holds them against what the card says. @throws {TypeError} */
function plan(output: CardOutput, tensors: readonly OutputTensor[]): Plan {
  const kind = kindOf(output);
  const [rows, shape] = rowsOf(output.name, tensors);
  if (!kind.fits(output, shape)) {
    throw new TypeError(
      `Cannot read output "${output.name}" (${output.kind}) as it must be ${kind.shapes(output)}: ` +
        `the model gives [batch${shape.map((side) => `, ${side}`).join("")}]`,
    );
  }
  const companion = kind.companion?.(output);
  return companion === undefined
    ? { output, rows }
    : { output, rows, companion: rowsOf(companion, tensors)[0] };
}

/** Refuses numbers that are none. @throws {NotWholeError} */
function checkWhole(name: string, { data, shape }: Row): void {
  const at = findNotWhole(data);
  if (at < 0) return;
  const place = shape.length > 0 ? ` at ${placeOf(at, shape)}` : "";
  throw new NotWholeError(`Cannot read output "${name}" as the model gives ${data[at]}${place}`);
}

function answer({ output, rows, companion }: Plan, example: number): Answer {
  const row = rows(example), beside = companion?.(example);
  checkWhole(output.name, row);
  if (beside) checkWhole(output.name, beside);
  return kindOf(output).read(output, row, beside);
}

/**
 * Prepares to read answers out of a model's output tensors, example by example, so that one that cannot be read costs
 * only itself.
 *
 * @param card Says what each output means.
 * @param outputs One tensor for every output of the card, by name; the first axis counts the examples.
 * @returns Reads the answers of one example. Throws {@linkcode NotWholeError} where the model's numbers are none.
 * @throws {TypeError} If an output is missing or has another shape than its meaning asks for.
 */
export function answerReader(
  card: Pick<Card, "outputs">,
  outputs: readonly OutputTensor[],
): (example: number) => Answers {
  const plans = card.outputs.map((output) => plan(output, outputs));
  return (example) => Object.fromEntries(plans.map((plan) => [plan.output.name, answer(plan, example)]));
}

/**
 * Reads the answers for every example out of a model's output tensors.
 *
 * @param card Says what each output means.
 * @param outputs One tensor for every output of the card, by name; the first axis counts the examples.
 * @returns One set of answers for each example.
 * @throws {TypeError} If an output is missing or has another shape than its meaning asks for.
 * @throws {NotWholeError} If an output is not a number, or cannot be what the card says.
 * @example
 * ```ts
 * import { readAnswers } from "./answers.ts";
 * const outputs = [{ name: "energy", kind: "value" as const, units: "keV", factor: 30 }];
 * const tensor = { name: "energy", shape: [1, 1], data: Float32Array.of(0.5) };
 * readAnswers({ outputs }, [tensor]); // [{ energy: { kind: "value", value: 15, units: "keV" } }]
 * ```
 */
export function readAnswers(card: Pick<Card, "outputs">, outputs: readonly OutputTensor[]): Answers[] {
  const read = answerReader(card, outputs);
  const examples = outputs.find(({ name }) => name === card.outputs[0].name)?.shape[0] ?? 0;
  return Array.from({ length: examples }, (_, i) => read(i));
}

/**
 * Holds a card against the model it describes, before anything is trained or scored.
 *
 * @param card Says what each output means.
 * @param shapes The model's outputs by name, without the batch axis; -1 for a side that varies.
 * @throws {TypeError} If the model lacks an output of the card, or gives another shape than its meaning asks for.
 * @example
 * ```ts
 * import { checkOutputs } from "./answers.ts";
 * const outputs = [{ name: "digit", kind: "classes" as const, labels: ["0", "1"] }];
 * checkOutputs({ outputs }, { digit: [2] });
 * ```
 */
export function checkOutputs(
  card: Pick<Card, "outputs">,
  shapes: Readonly<Record<string, readonly number[]>>,
): void {
  const known = Object.keys(shapes).map((name) => `"${name}"`).join(", ");
  for (const output of card.outputs) {
    const kind = kindOf(output);
    for (const name of [output.name, kind.companion?.(output) ?? output.name]) {
      if (!Object.hasOwn(shapes, name)) {
        throw new TypeError(`Cannot use the card as it names output "${name}": the model gives ${known}`);
      }
    }
    const shape = shapes[output.name];
    if (!shape.includes(-1) && !kind.fits(output, shape)) {
      throw new TypeError(
        `Cannot use the card as output "${output.name}" (${output.kind}) must be ${kind.shapes(output)}: ` +
          `the model gives [batch${shape.map((side) => `, ${side}`).join("")}]`,
      );
    }
  }
}
