/** The two ways to learn several associated parts of the calorimeter, for events of 1, 2 and 3 tracks: one training each. @module */
import { type DrawnEstimate, plotEstimates, type Spec } from "../../plot/mod.ts";
import type { LoadContext, Options } from "../../run/experiment.ts";
import { trainAndMeasure } from "../../run/train_and_measure.ts";
import { superNemoCalorimeter } from "./calorimeter.ts";

type CalorimeterOptions = Options<typeof superNemoCalorimeter.options>;

/** Shares of right answers that were published, read off a plot, ± 0.003; of which measure is not said. */
export const PUBLISHED_ASSOCIATIONS = {
  softmax: [0.987, 0.909, 0.865],
  sigmoid: [0.953, 0.533, 0.412],
} as const;

/** One form and number of tracks. */
export interface Association {
  form: keyof typeof PUBLISHED_ASSOCIATIONS;
  tracks: number;
  /** Numbers of the experiment, by name. */
  metrics: Awaited<ReturnType<typeof superNemoCalorimeter.evaluate>>["metrics"];
}

/** Options for {@linkcode compareAssociations}. */
export interface CompareAssociationsOptions {
  /** Numbers of tracks. @default {[1, 2, 3]} */
  trackCounts?: readonly number[];
  /** Takes each as soon as it is measured. */
  onDone?: (one: Association) => void;
}

/**
 * Trains each form on events of each number of tracks, with the same options otherwise.
 *
 * @param options Of `supernemo-calorimeter`; its `loss` and `tracks` are not looked at.
 */
export async function compareAssociations(
  options: CalorimeterOptions,
  context: LoadContext,
  { trackCounts = [1, 2, 3], onDone }: CompareAssociationsOptions = {},
): Promise<Association[]> {
  const all: Association[] = [];
  for (const tracks of trackCounts) {
    for (const form of ["softmax", "sigmoid"] as const) {
      const own: CalorimeterOptions = { ...options, loss: form, tracks };
      const { model, metrics } = await trainAndMeasure(superNemoCalorimeter, own, context);
      const one = { form, tracks, metrics };
      onDone?.(one);
      all.push(one);
      model.dispose();
    }
  }
  return all;
}

/** All of them in one chart, by a metric of the experiment, with the published shares as ticks. */
export function plotAssociations(all: readonly Association[], metric = "exactMatch"): Spec {
  const groupOf = (tracks: number) => `${tracks} track${tracks > 1 ? "s" : ""}`;
  const rows: DrawnEstimate[] = all.map(({ form, tracks, metrics }) => ({
    group: groupOf(tracks),
    series: form,
    estimate: metrics[metric],
  }));
  const bars = all.map(({ form, tracks }) => ({
    group: groupOf(tracks),
    series: form,
    value: PUBLISHED_ASSOCIATIONS[form][tracks - 1],
  }));
  return plotEstimates(rows, { title: "Associated calorimeter parts (ticks: published)", bars });
}
