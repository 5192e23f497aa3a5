/**
 * A model small enough to check by hand, written as ONNX without any library: tests that serve models need one in
 * milliseconds and with answers that are known beforehand.
 * @module
 */
import { type Card, type CardInput, parseCard } from "../lib/card/card.ts";

const encoder = new TextEncoder();

/** A protobuf message from its fields; the kinds of field that ONNX needs. */
type Field = [number: number, value: number | string | Uint8Array];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}

function message(...fields: Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number") bytes.push(...varint(number * 8), ...varint(value));
    else {
      const content = typeof value === "string" ? encoder.encode(value) : value;
      bytes.push(...varint(number * 8 + 2), ...varint(content.length), ...content);
    }
  }
  return Uint8Array.from(bytes);
}

const FLOAT = 1;

function tensor(name: string, shape: number[], values: number[]): Uint8Array {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return message(...shape.map((size): Field => [1, size]), [2, FLOAT], [8, name], [9, raw]);
}

function valueInfo(name: string, shape: (number | string)[]): Uint8Array {
  const sizes = shape.map((size): Field => [1, message(typeof size === "number" ? [1, size] : [2, size])]);
  return message([1, name], [2, message([1, message([1, FLOAT], [2, message(...sizes)])])]);
}

function node(op: string, inputs: string[], outputs: string[], ...attributes: Uint8Array[]): Uint8Array {
  return message(
    ...inputs.map((name): Field => [1, name]),
    ...outputs.map((name): Field => [2, name]),
    [4, op],
    ...attributes.map((attribute): Field => [5, attribute]),
  );
}

const INT_ATTRIBUTE = 2;
const integer = (name: string, value: number) => message([1, name], [3, value], [20, INT_ATTRIBUTE]);

/** Side of the tiny model's picture. */
export const SIDE = 4;

/**
 * The bytes of a model of three operations on [batch, 4, 4, 1], or on another shape: `kind` = softmax(0, gain × sum of the
 * pixels), `energy` = mean of the pixels.
 */
export function tinyOnnx(gain = 1, shape: readonly number[] = [SIDE, SIDE, 1]): Uint8Array {
  const pixels = shape.reduce((product, side) => product * side, 1);
  const graph = message(
    [1, node("Flatten", ["image"], ["flat"], integer("axis", 1))],
    [1, node("MatMul", ["flat", "weights"], ["logits"])],
    [1, node("Softmax", ["logits"], ["kind"], integer("axis", 1))],
    [1, node("MatMul", ["flat", "mean"], ["energy"])],
    [2, "tiny"],
    [5, tensor("weights", [pixels, 2], Array.from({ length: pixels * 2 }, (_, i) => i % 2 * gain))],
    [5, tensor("mean", [pixels, 1], new Array(pixels).fill(1 / pixels))],
    [11, valueInfo("image", ["batch", ...shape])],
    [12, valueInfo("kind", ["batch", 2])],
    [12, valueInfo("energy", ["batch", 1])],
  );
  const opset = message([1, ""], [2, 17]);
  return message([1, 8], [2, "cloudchamber tests"], [7, graph], [8, opset]);
}

/** The card that goes with {@linkcode tinyOnnx}: a window from 0 to 100 counts; energy times 10 keV, ± 2 keV up to 5 keV. */
export function tinyCard(changes: Partial<CardInput> = {}): Card {
  return parseCard({
    format: "cloudchamber-model/1",
    name: "tiny",
    experiment: "test",
    created: "2026-11-23T00:00:00Z",
    description: "Sum and mean of 16 pixels",
    inputs: [{ name: "image", shape: [SIDE, SIDE, 1], dtype: "float32", units: "fraction of the window" }],
    preprocessing: [{ op: "grey" }, { op: "cropCenter", size: SIDE }, { op: "window", low: 0, high: 100 }],
    outputs: [
      { name: "kind", kind: "classes", labels: ["ER", "NR"] },
      {
        name: "energy",
        kind: "value",
        units: "keV",
        factor: 10,
        uncertainty: { edges: [0, 5, 10], sigma: [2, 3] },
      },
    ],
    ...changes,
  });
}

/** What the tiny model answers for a picture whose 16 pixels in the middle all have `counts`. */
export function tinyAnswer(counts: number, gain = 1): { nuclear: number; energy: number } {
  const value = Math.min(Math.max(counts / 100, 0), 1);
  return { nuclear: 1 / (1 + Math.exp(-gain * SIDE * SIDE * value)), energy: 10 * value };
}

/**
 * The bytes of a model of two inputs and three outputs: `image` [batch, 4, 4, 1] and `scalars` [batch, 2] give `mask` =
 * the image, `made` = twice the image, and `energy` = mean of the pixels + first scalar + 10 × second scalar.
 */
export function pairOnnx(): Uint8Array {
  const pixels = SIDE * SIDE;
  const graph = message(
    [1, node("Identity", ["image"], ["mask"])],
    [1, node("Add", ["image", "image"], ["made"])],
    [1, node("Flatten", ["image"], ["flat"], integer("axis", 1))],
    [1, node("MatMul", ["flat", "mean"], ["brightness"])],
    [1, node("MatMul", ["scalars", "weights"], ["offset"])],
    [1, node("Add", ["brightness", "offset"], ["energy"])],
    [2, "pair"],
    [5, tensor("mean", [pixels, 1], new Array(pixels).fill(1 / pixels))],
    [5, tensor("weights", [2, 1], [1, 10])],
    [11, valueInfo("image", ["batch", SIDE, SIDE, 1])],
    [11, valueInfo("scalars", ["batch", 2])],
    [12, valueInfo("mask", ["batch", SIDE, SIDE, 1])],
    [12, valueInfo("made", ["batch", SIDE, SIDE, 1])],
    [12, valueInfo("energy", ["batch", 1])],
  );
  const opset = message([1, ""], [2, 17]);
  return message([1, 8], [2, "cloudchamber tests"], [7, graph], [8, opset]);
}

/** The card that goes with {@linkcode pairOnnx}: the image in a window from 0 to 100 counts. */
export function pairCard(changes: Partial<CardInput> = {}): Card {
  return parseCard({
    format: "cloudchamber-model/1",
    name: "pair",
    experiment: "test",
    created: "2026-11-26T00:00:00Z",
    inputs: [
      { name: "image", shape: [SIDE, SIDE, 1], dtype: "float32", units: "fraction of the window" },
      { name: "scalars", shape: [2], dtype: "float32", units: "", columns: ["a", "b"] },
    ],
    preprocessing: [{ op: "cropCenter", size: SIDE }, { op: "window", low: 0, high: 100 }],
    outputs: [
      { name: "energy", kind: "value", units: "keV" },
      { name: "mask", kind: "mask", labels: ["none", "track"] },
      { name: "made", kind: "image", units: "" },
    ],
    ...changes,
  });
}
