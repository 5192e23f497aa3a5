/**
 * What Prometheus is told, with the meanings that Triton's metrics have. prom-client is loaded by the first who asks.
 * @module
 */
import type { Metric, Registry } from "prom-client";
import type { FailureReason } from "./problem.ts";
import { createStatistics, type Statistics } from "./statistics.ts";
import { createCounter, createHistogram } from "./tally.ts";

/** Where events stand, for the gauges. */
export interface EventCounts {
  pending: number;
  done: number;
  dead: number;
}

/** What the gauges show at the moment of a scrape. */
export interface MetricsSources {
  /** Examples waiting to be computed. */
  waiting(): number;
  /** Loaded versions, as [model, version]. */
  versions(): (readonly [model: string, version: string])[];
  /** Requests being answered. */
  active(): number;
  /** Undefined where no events are taken. */
  events?(): EventCounts;
  /** Bytes of memory that the process holds; undefined where the host does not say. */
  memoryBytes?(): number;
}

/** Counters of one service. */
export interface Metrics {
  /** A request to a model was answered. */
  success(model: string, version: string, rows: number, seconds: number, queueSeconds: number): void;
  /** A request to a model failed. */
  failure(model: string, version: string, reason: FailureReason, seconds: number): void;
  /** A batch was computed. */
  batch(model: string, version: string, rows: number, seconds: number): void;
  /** A response was sent. */
  response(route: string, status: number): void;
  /** The same in sums for each version. */
  readonly statistics: Pick<Statistics, "of">;
  /** The text of `/metrics`, and its media type. */
  text(): Promise<string>;
  readonly contentType: string;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128];

/** What is counted and measured. */
function createTallies() {
  return {
    success: createCounter("inference_request_success_total", "Requests that were answered", [
      "model",
      "version",
    ]),
    failure: createCounter(
      "inference_request_failure_total",
      "Requests that failed, by reason: rejected, canceled, deadline, input, internal",
      ["model", "reason"],
    ),
    examples: createCounter("inference_count_total", "Examples that were scored", ["model", "version"]),
    executions: createCounter("inference_exec_count_total", "Batches that were computed", ["model"]),
    duration: createHistogram(
      "inference_request_duration_seconds",
      "Time from a request's arrival to its answer",
      "model",
      SECONDS,
    ),
    queue: createHistogram(
      "inference_queue_duration_seconds",
      "Time that a request waited for a free compute unit",
      "model",
      SECONDS,
    ),
    compute: createHistogram(
      "inference_compute_duration_seconds",
      "Time of a batch in ONNX Runtime",
      "model",
      SECONDS,
    ),
    size: createHistogram("inference_batch_size", "Examples in a batch", "model", ROWS),
    responses: createCounter("http_responses_total", "Responses by route and status", ["route", "status"]),
  };
}

/** A gauge: its name, its labels, and its values at the moment, each with the labels' own. */
interface Shown {
  name: string;
  help: string;
  labelNames?: readonly string[];
  values(): readonly (readonly [labels: Record<string, string>, value: number])[];
}

/** What is shown as it is at the moment of a scrape. */
function gaugesOf({ waiting, active, versions, events, memoryBytes }: MetricsSources): Shown[] {
  const gauges: Shown[] = [
    {
      name: "inference_pending_request_count",
      help: "Examples that wait to be computed",
      values: () => [[{}, waiting()]],
    },
    { name: "http_requests_active", help: "Requests being answered", values: () => [[{}, active()]] },
    {
      name: "model_version_loaded",
      help: "1 for each model version in memory",
      labelNames: ["model", "version"],
      values: () => versions().map(([model, version]) => [{ model, version }, 1]),
    },
  ];
  if (events) {
    gauges.push({
      name: "events",
      help: "Object-created events by state: pending, done, dead",
      labelNames: ["state"],
      values: () => Object.entries(events()).map(([state, count]) => [{ state }, count]),
    });
  }
  if (memoryBytes) {
    gauges.push({
      name: "process_resident_memory_bytes",
      help: "Resident memory",
      values: () => [[{}, memoryBytes()]],
    });
  }
  return gauges;
}

/** Makes what prints all of these. */
async function makeRegistry(tallies: readonly object[], gauges: readonly Shown[]): Promise<Registry> {
  const { Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  // All that a registry asks of a metric is its name, and "get" when it is printed.
  for (const tally of tallies) registry.registerMetric(tally as unknown as Metric);
  for (const { name, help, labelNames = [], values } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of values()) this.set(labels, value);
      },
    });
  }
  return registry;
}

/** Makes the metrics of one service; nothing is shared between services. */
export function createMetrics(sources: MetricsSources): Metrics {
  const tallies = createTallies(), statistics = createStatistics();
  const { success, failure, examples, executions, duration, queue, compute, size, responses } = tallies;
  let registry: Promise<Registry> | undefined;
  return {
    success(model, version, rows, seconds, queueSeconds) {
      success.add([model, version]);
      examples.add([model, version], rows);
      duration.observe(model, seconds);
      queue.observe(model, queueSeconds);
      statistics.success(model, version, seconds, queueSeconds);
    },
    failure(model, version, reason, seconds) {
      failure.add([model, reason]);
      statistics.failure(model, version, seconds);
    },
    batch(model, version, rows, seconds) {
      statistics.batch(model, version, rows, seconds);
      executions.add([model]);
      compute.observe(model, seconds);
      size.observe(model, rows);
    },
    statistics,
    response: (route, status) => responses.add([route, String(status)]),
    async text() {
      registry ??= makeRegistry(Object.values(tallies), gaugesOf(sources));
      return (await registry).metrics();
    },
    contentType: "text/plain; version=0.0.4; charset=utf-8",
  };
}
