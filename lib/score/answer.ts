/**
 * A model's raw outputs in the terms of its card: label and probability, or a number in units with its uncertainty.
 * @module
 */
import type { Card, CardOutput } from "../store/card.ts";
import type { Tensor } from "./tensor.ts";

/** One of several classes, from a softmax row. */
export interface ClassAnswer {
  kind: "classes";
  label: string;
  /** Of `label`, from 0 to 1. */
  probability: number;
  /** Of every label, in the card's order. */
  probabilities: Record<string, number>;
}

/** One of two labels, by a threshold on the probability of the second. */
export interface ProbabilityAnswer {
  kind: "probability";
  label: string;
  /** Of the card's second label, from 0 to 1. */
  probability: number;
  /** The second label is named from this probability on. */
  threshold: number;
}

/** A measured quantity. */
export interface ValueAnswer {
  kind: "value";
  value: number;
  units: string;
  /** One standard deviation, in `units`; absent where the card has none or `value` lies outside its bins. */
  uncertainty?: number;
}

/** What a model says in one of its outputs. */
export type Answer = ClassAnswer | ProbabilityAnswer | ValueAnswer;

/** Answers by the name of the output. */
export type Answers = Record<string, Answer>;

/** The uncertainty of the bin that holds `value`; the last bin includes its upper edge. */
function sigmaOf(value: number, { edges, sigma }: { edges: number[]; sigma: number[] }): number | undefined {
  if (value === edges[edges.length - 1]) return sigma[sigma.length - 1];
  const bin = edges.findIndex((edge, i) => value >= edge && value < edges[i + 1]);
  return bin < 0 ? undefined : sigma[bin];
}

function answerOf(output: CardOutput, row: ArrayLike<number>): Answer {
  if (output.kind === "value") {
    const value = row[0] * output.factor;
    const uncertainty = output.uncertainty && sigmaOf(value, output.uncertainty);
    return {
      kind: "value",
      value,
      units: output.units,
      ...(uncertainty === undefined ? {} : { uncertainty }),
    };
  }
  if (output.kind === "probability") {
    const probability = row[row.length - 1]; // a sigmoid column, or the second of two softmax columns
    const label = output.labels[probability >= output.threshold ? 1 : 0];
    return { kind: "probability", label, probability, threshold: output.threshold };
  }
  let best = 0;
  const probabilities: Record<string, number> = {};
  for (let i = 0; i < output.labels.length; i++) {
    probabilities[output.labels[i]] = row[i];
    if (row[i] > row[best]) best = i;
  }
  return { kind: "classes", label: output.labels[best], probability: row[best], probabilities };
}

/** How many columns an output may have. */
function columnsOf(output: CardOutput): number[] {
  if (output.kind === "classes") return [output.labels.length];
  return output.kind === "value" ? [1] : [1, 2];
}

/**
 * Reads the answers for every example out of a model's output tensors.
 *
 * Shapes: each output [batch, columns], columns being the number of labels (classes), 1 or 2 (probability) or 1 (value).
 *
 * @param card Says what each output means.
 * @param outputs One tensor for every output of the card, by name.
 * @returns One set of answers for each row.
 * @throws {TypeError} If an output is missing or has another shape than its meaning asks for.
 * @example
 * ```ts
 * import { readAnswers } from "./answer.ts";
 * const outputs = [{ name: "energy", kind: "value" as const, units: "keV", factor: 30 }];
 * const tensor = { name: "energy", type: "FP32" as const, shape: [1, 1], data: Float32Array.of(0.5) };
 * readAnswers({ outputs }, [tensor]); // [{ energy: { kind: "value", value: 15, units: "keV" } }]
 * ```
 */
export function readAnswers(card: Pick<Card, "outputs">, outputs: readonly Tensor[]): Answers[] {
  const answers: Answers[] = [];
  for (const output of card.outputs) {
    const tensor = outputs.find(({ name }) => name === output.name);
    if (!tensor) {
      throw new TypeError(
        `Cannot read output "${output.name}" as the model has none of this name: it gives ` +
          outputs.map(({ name }) => `"${name}"`).join(", "),
      );
    }
    const rows = tensor.shape[0], columns = tensor.data.length / rows;
    if (
      !columnsOf(output).includes(columns) || tensor.data instanceof BigInt64Array ||
      tensor.data instanceof BigUint64Array
    ) {
      throw new TypeError(
        `Cannot read output "${output.name}" (${output.kind}) as it must be [batch, ${
          columnsOf(output).join(" or ")
        }] ` +
          `numbers: got ${tensor.type} [${tensor.shape}]`,
      );
    }
    for (let r = 0; r < rows; r++) {
      (answers[r] ??= {})[output.name] = answerOf(
        output,
        tensor.data.subarray(r * columns, (r + 1) * columns),
      );
    }
  }
  return answers;
}
