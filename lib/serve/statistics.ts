/**
 * Sums for each model version in the form of Triton's statistics extension, which perf_analyzer reads before and after a
 * run. Times inside ONNX Runtime are compute_infer; preparing inputs and outputs is not told apart from the request.
 *
 * Source: triton-inference-server/server, docs/protocol/extension_statistics.md. @module
 */

/** How often something was done and how long it took in all. */
export interface Duration {
  count: number;
  ns: number;
}

/** Where the time of a batch went. */
export interface BatchTimes {
  compute_input: Duration;
  compute_infer: Duration;
  compute_output: Duration;
}

/** What the extension says of one version. */
export interface VersionStatistics {
  name: string;
  version: string;
  /** Milliseconds since 1970; 0 for never. */
  last_inference: number;
  /** Examples. */
  inference_count: number;
  /** Batches. */
  execution_count: number;
  inference_stats: { success: Duration; fail: Duration; queue: Duration } & BatchTimes;
  batch_stats: ({ batch_size: number } & BatchTimes)[];
}

/** Sums for each model version. */
export interface Statistics {
  success(model: string, version: string, seconds: number, queueSeconds: number): void;
  failure(model: string, version: string, seconds: number): void;
  batch(model: string, version: string, rows: number, seconds: number): void;
  /** What is known of a version; zeros where it has done nothing yet. */
  of(model: string, version: string): VersionStatistics;
}

const none = (): Duration => ({ count: 0, ns: 0 });
const noTimes = (): BatchTimes => ({ compute_input: none(), compute_infer: none(), compute_output: none() });

function add(duration: Duration, seconds: number): void {
  duration.count++;
  duration.ns += Math.round(seconds * 1e9);
}

function empty(name: string, version: string): VersionStatistics {
  return {
    name,
    version,
    last_inference: 0,
    inference_count: 0,
    execution_count: 0,
    inference_stats: { success: none(), fail: none(), queue: none(), ...noTimes() },
    batch_stats: [],
  };
}

/** Starts counting from zero. */
export function createStatistics(): Statistics {
  const versions = new Map<string, VersionStatistics>();

  function find(model: string, version: string): VersionStatistics {
    const key = `${model}/${version}`;
    let found = versions.get(key);
    if (!found) versions.set(key, found = empty(model, version));
    return found;
  }

  return {
    success(model, version, seconds, queueSeconds) {
      const { inference_stats } = find(model, version);
      add(inference_stats.success, seconds);
      add(inference_stats.queue, queueSeconds);
    },
    failure: (model, version, seconds) => add(find(model, version).inference_stats.fail, seconds),
    batch(model, version, rows, seconds) {
      const found = find(model, version);
      found.last_inference = Date.now();
      found.inference_count += rows;
      found.execution_count++;
      add(found.inference_stats.compute_infer, seconds);
      let size = found.batch_stats.find(({ batch_size }) => batch_size === rows);
      if (!size) {
        size = { batch_size: rows, ...noTimes() };
        found.batch_stats.push(size);
        found.batch_stats.sort((a, b) => a.batch_size - b.batch_size);
      }
      add(size.compute_infer, seconds);
    },
    of: (model, version) => versions.get(`${model}/${version}`) ?? empty(model, version),
  };
}
