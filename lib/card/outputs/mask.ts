/** A class for every pixel, voxel or hit. @module */
import { z } from "../../base/zod.ts";
import { labelsSchema, nameSchema, type Optional, shareSchema } from "../fields.ts";
import type { DisplayMarks, DisplayPicture, OutputKind, Row } from "../output_kind.ts";
import { figures, nested, percent } from "../words.ts";
import { checkProbability } from "./_probabilities.ts";

/** Probabilities of every pixel: a softmax over the labels, or the sigmoid of the second of two. */
export interface MaskOutput {
  name: string;
  kind: "mask";
  /** The first one is the background. */
  labels: string[];
  /** Of two labels, the second is given from this probability of it on. */
  threshold: number;
}

/** As it may be written: the threshold is 0.5 where it is left out. */
export type MaskOutputInput = Optional<MaskOutput, "threshold">;

/** A class for every pixel. */
export interface MaskAnswer {
  kind: "mask";
  labels: string[];
  threshold: number;
  /** Sides of the mask, such as [height, width]. */
  shape: number[];
  /** Index of the label of every pixel, row-major. */
  mask: Uint8Array;
  /** What the model gives: `shape` times 1 (of the second label) or times the number of labels. */
  probabilities: Float32Array;
  /** Which part of the pixels each label has. */
  shares: Record<string, number>;
}

/**
 * Colours of labels from the second one on, told apart by people who see fewer colours: Okabe and Ito's, the pale ones (orange, sky blue, yellow)
 * darkened so that a thin line has a contrast of 3 : 1 on white and on the page's dark ground alike.
 */
export const LABEL_COLORS: readonly (readonly [red: number, green: number, blue: number])[] = [
  [190, 128, 0],
  [52, 150, 210],
  [0, 158, 115],
  [204, 121, 167],
  [0, 114, 178],
  [213, 94, 0],
  [150, 140, 0],
];
const OPACITY = 150;

/** How many of a tensor's last axis are probabilities of one pixel: the number of labels, or 1. */
function channelsOf(labels: readonly string[], shape: readonly number[]): number | undefined {
  const last = shape[shape.length - 1];
  if (shape.length < 2) return undefined;
  if (last === labels.length || (labels.length === 2 && last === 1)) return last;
  return undefined;
}

/** Index of the label of each pixel. */
function labelEach(data: ArrayLike<number>, channels: number, threshold: number): Uint8Array {
  const mask = new Uint8Array(data.length / channels);
  for (let p = 0; p < mask.length; p++) {
    if (channels <= 2) {
      mask[p] = data[p * channels + channels - 1] >= threshold ? 1 : 0;
      continue;
    }
    for (let c = 1; c < channels; c++) {
      if (data[p * channels + c] > data[p * channels + mask[p]]) mask[p] = c;
    }
  }
  return mask;
}

const colorOf = (label: number) => LABEL_COLORS[(label - 1) % LABEL_COLORS.length];

const BACKGROUND_COLOR = [136, 136, 136] as const;

/** Every place's label, and the colours of all. */
function marksOf({ labels, mask }: MaskAnswer): DisplayMarks {
  const legend = labels.map((label, i) => ({ label, color: i === 0 ? BACKGROUND_COLOR : colorOf(i) }));
  return { places: mask, legend };
}

/** The mask in colours, clear where nothing is; of a volume its middle frame, of hits nothing. */
function pictureOf({ labels, shape, mask }: MaskAnswer): DisplayPicture | undefined {
  if (shape.length < 2) return undefined;
  const [height, width] = shape.slice(-2);
  const frames = mask.length / (height * width);
  const first = Math.floor(frames / 2) * height * width;
  const data = new Uint8Array(height * width * 4);
  for (let p = 0; p < height * width; p++) {
    const label = mask[first + p];
    if (label > 0) data.set([...colorOf(label), OPACITY], 4 * p);
  }
  const legend = labels.slice(1).map((label, i) => ({ label, color: colorOf(i + 1) }));
  return { height, width, channels: 4, data, over: true, legend };
}

/** The mean probability of everything but the background. */
function foreground(channels: number): (row: Row) => number {
  return ({ data }) => {
    let sum = 0;
    for (let p = 0; p < data.length; p += channels) sum += channels === 1 ? data[p] : 1 - data[p];
    return sum / (data.length / channels);
  };
}

/** See {@linkcode MaskOutput}. */
export const mask: OutputKind<MaskOutput, MaskAnswer> = {
  kind: "mask",
  schema: z.strictObject({
    name: nameSchema,
    kind: z.literal("mask"),
    labels: labelsSchema.refine((labels) => labels.length <= 256, "must be at most 256 labels"),
    threshold: shareSchema.default(0.5),
  }),
  drawing: "masks",
  fits: ({ labels }, shape) => channelsOf(labels, shape) !== undefined,
  shapes: ({ labels }) => `[batch, …, ${labels.length}]` + (labels.length === 2 ? " or [batch, …, 1]" : ""),
  read({ name, labels, threshold }, { shape, data }) {
    checkProbability(name, data);
    const channels = channelsOf(labels, shape) as number;
    const mask = labelEach(data, channels, threshold);
    const counts = labels.map(() => 0);
    for (const label of mask) counts[label]++;
    return {
      kind: "mask",
      labels,
      threshold,
      shape: shape.slice(0, -1),
      mask,
      probabilities: Float32Array.from(data),
      shares: Object.fromEntries(labels.map((label, i) => [label, counts[i] / mask.length])),
    };
  },
  json: ({ kind, labels, threshold, shape, mask, shares }) => ({
    kind,
    labels,
    threshold,
    shape,
    shares,
    mask: nested(mask, shape),
  }),
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "mask" },
      labels: { type: "array", items: { type: "string" } },
      threshold: { type: "number" },
      shape: { type: "array", items: { type: "integer" } },
      shares: { type: "object", additionalProperties: { type: "number" } },
      mask: { type: "array", description: "Index of the label of every pixel, nested as shape says" },
    },
    required: ["kind", "labels", "shape", "shares", "mask"],
  },
  display(answer) {
    const parts = Object.entries(answer.shares).slice(1).map(([label, share]) =>
      `${label} ${percent(share)}`
    );
    const picture = pictureOf(answer);
    return {
      text: `${parts.join(", ")} of the ${answer.shape.length < 2 ? "points" : "area"}`,
      ...(picture ? { picture } : {}),
      marks: marksOf(answer),
    };
  },
  columns: (name, { shares }) =>
    Object.fromEntries(
      Object.entries(shares).map(([label, share]) => [`${name}_share_${label}`, figures(share)]),
    ),
  array: ({ shape, mask, probabilities }) => ({
    data: probabilities,
    shape: [...shape, probabilities.length / mask.length],
  }),
  focus: ({ labels }, { shape }) => foreground(channelsOf(labels, shape) as number),
};
