/**
 * What Prometheus is told, with the meanings that Triton's metrics have. @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { FailureReason } from "./problem.ts";

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
  failure(model: string, reason: FailureReason): void;
  /** A batch was computed. */
  batch(model: string, rows: number, seconds: number): void;
  /** A response was sent. */
  response(route: string, status: number): void;
  /** The text of `/metrics`, and its media type. */
  text(): Promise<string>;
  readonly contentType: string;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Makes the metrics of one service; nothing is shared between services. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const byVersion = ["model", "version"] as const;
  const success = new Counter({
    name: "inference_request_success_total",
    help: "Requests that were answered",
    labelNames: byVersion,
    registers,
  });
  const failure = new Counter({
    name: "inference_request_failure_total",
    help: "Requests that failed, by reason: rejected, canceled, deadline, input, internal",
    labelNames: ["model", "reason"],
    registers,
  });
  const examples = new Counter({
    name: "inference_count_total",
    help: "Examples that were scored",
    labelNames: byVersion,
    registers,
  });
  const executions = new Counter({
    name: "inference_exec_count_total",
    help: "Batches that were computed",
    labelNames: ["model"],
    registers,
  });
  const duration = new Histogram({
    name: "inference_request_duration_seconds",
    help: "Time from a request's arrival to its answer",
    labelNames: ["model"],
    buckets: SECONDS,
    registers,
  });
  const queue = new Histogram({
    name: "inference_queue_duration_seconds",
    help: "Time that a request waited for a free compute unit",
    labelNames: ["model"],
    buckets: SECONDS,
    registers,
  });
  const compute = new Histogram({
    name: "inference_compute_duration_seconds",
    help: "Time of a batch in ONNX Runtime",
    labelNames: ["model"],
    buckets: SECONDS,
    registers,
  });
  const size = new Histogram({
    name: "inference_batch_size",
    help: "Examples in a batch",
    labelNames: ["model"],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers,
  });
  const responses = new Counter({
    name: "http_responses_total",
    help: "Responses by route and status",
    labelNames: ["route", "status"],
    registers,
  });
  new Gauge({
    name: "inference_pending_request_count",
    help: "Examples that wait to be computed",
    registers,
    collect() {
      this.set(sources.waiting());
    },
  });
  new Gauge({
    name: "http_requests_active",
    help: "Requests being answered",
    registers,
    collect() {
      this.set(sources.active());
    },
  });
  new Gauge({
    name: "model_version_loaded",
    help: "1 for each model version in memory",
    labelNames: byVersion,
    registers,
    collect() {
      this.reset();
      for (const [model, version] of sources.versions()) this.set({ model, version }, 1);
    },
  });
  const { events, memoryBytes } = sources;
  if (events) {
    new Gauge({
      name: "events",
      help: "Object-created events by state: pending, done, dead",
      labelNames: ["state"],
      registers,
      collect() {
        for (const [state, count] of Object.entries(events())) this.set({ state }, count);
      },
    });
  }
  if (memoryBytes) {
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Resident memory",
      registers,
      collect() {
        this.set(memoryBytes());
      },
    });
  }
  return {
    success(model, version, rows, seconds, queueSeconds) {
      success.inc({ model, version });
      examples.inc({ model, version }, rows);
      duration.observe({ model }, seconds);
      queue.observe({ model }, queueSeconds);
    },
    failure: (model, reason) => failure.inc({ model, reason }),
    batch(model, rows, seconds) {
      executions.inc({ model });
      compute.observe({ model }, seconds);
      size.observe({ model }, rows);
    },
    response: (route, status) => responses.inc({ route, status: String(status) }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
