/**
 * Counters and histograms that cost a request next to nothing: plain numbers by label, given out in prom-client's terms
 * when somebody asks. @module
 */

/** A number with its labels, as prom-client's registry prints it. */
export interface Sample {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}

/** What prom-client's registry asks of a metric. */
export interface Tally {
  name: string;
  help: string;
  type: "counter" | "histogram";
  get(): Tally & { values: Sample[] };
}

/** A sum for each combination of labels. */
export interface CounterTally extends Tally {
  /** Adds to the sum of these labels, given in the order of their names. */
  add(labels: readonly string[], value?: number): void;
}

/** Numbers counted by size, for each value of one label. */
export interface HistogramTally extends Tally {
  /** Counts a number under a label. */
  observe(label: string, value: number): void;
}

/**
 * Makes a counter.
 *
 * @example
 * ```ts
 * import { createCounter } from "./tally.ts";
 * const failures = createCounter("failures_total", "Failures", ["model", "reason"]);
 * failures.add(["cygno", "input"]);
 * failures.get().values; // [{ value: 1, labels: { model: "cygno", reason: "input" }, … }]
 * ```
 */
export function createCounter(name: string, help: string, labelNames: readonly string[]): CounterTally {
  const series = new Map<string, { labels: Record<string, string>; value: number }>();
  const tally: CounterTally = {
    name,
    help,
    type: "counter",
    add(labels, value = 1) {
      const key = labels.join("\n"); // no label holds a line end
      const found = series.get(key);
      if (found) found.value += value;
      else series.set(key, { labels: Object.fromEntries(labelNames.map((n, i) => [n, labels[i]])), value });
    },
    get: () => ({
      ...tally,
      values: [...series.values()].map(({ labels, value }) => ({ metricName: name, labels, value })),
    }),
  };
  return tally;
}

/**
 * Makes a histogram.
 *
 * @param bounds Upper ends of the buckets, rising; what is larger is counted under "+Inf".
 * @example
 * ```ts
 * import { createHistogram } from "./tally.ts";
 * const sizes = createHistogram("batch_size", "Examples in a batch", "model", [1, 2, 4]);
 * sizes.observe("cygno", 3);
 * sizes.get().values.map(({ value }) => value); // 0, 0, 1, 1, 3, 1
 * // by bucket, then the sum and the count
 * ```
 */
export function createHistogram(
  name: string,
  help: string,
  labelName: string,
  bounds: readonly number[],
): HistogramTally {
  const series = new Map<string, { counts: Float64Array; sum: number }>();
  const tally: HistogramTally = {
    name,
    help,
    type: "histogram",
    observe(label, value) {
      let found = series.get(label);
      if (!found) series.set(label, found = { counts: new Float64Array(bounds.length + 1), sum: 0 });
      let bucket = 0;
      while (bucket < bounds.length && value > bounds[bucket]) bucket++;
      found.counts[bucket]++;
      found.sum += value;
    },
    get() {
      const values: Sample[] = [];
      for (const [label, { counts, sum }] of series) {
        const labels = { [labelName]: label };
        let count = 0;
        counts.forEach((n, i) => {
          count += n;
          values.push({
            metricName: `${name}_bucket`,
            labels: { le: i < bounds.length ? bounds[i] : "+Inf", ...labels },
            value: count,
          });
        });
        values.push({ metricName: `${name}_sum`, labels, value: sum });
        values.push({ metricName: `${name}_count`, labels, value: count });
      }
      return { ...tally, values };
    },
  };
  return tally;
}
