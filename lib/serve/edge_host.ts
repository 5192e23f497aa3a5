/**
 * A host for where the thread that answers also scores, such as an edge host: memory is small, and it may be frozen
 * between requests. @module
 */
import { createUnit, type UnitOptions } from "../score/compute.ts";
import { type ExampleLimits, findExamples } from "../score/examples.ts";
import { createHost, type Host, type HostOptions } from "./host.ts";

const FILES: Required<ExampleLimits> = { maxPixels: 1 << 24, maxExamples: 256, maxBytes: 1 << 26 };
const LIMITS = { maxBytes: 16 << 20, maxHeldBytes: 64 << 20 };

/** What {@linkcode createEdgeHost} needs. */
export interface EdgeHostOptions extends Omit<HostOptions, "units" | "decoder" | "events"> {
  unit?: UnitOptions;
}

/**
 * Puts a server together that scores in the thread that calls it.
 *
 * Models are loaded by the first request and looked for again at most every `pollMs`.
 */
export function createEdgeHost(options: EdgeHostOptions): Pick<Host, "fetch"> {
  const { unit, pollMs = 5000, ...rest } = options;
  const host = createHost({
    limits: LIMITS,
    ...rest,
    pollMs: 0, // an edge host may freeze a function between requests: no timer of its own
    units: [createUnit({ runtime: "wasm", maxPixels: FILES.maxPixels, ...unit })],
    decoder: { decode: (bytes, name, wish) => findExamples(bytes, { ...FILES, ...wish, name }) },
  });
  let started: Promise<void> | undefined, looked = 0;
  return {
    async fetch(request) {
      if (!started) {
        looked = Date.now();
        started = host.start();
      }
      await started;
      if (Date.now() - looked > pollMs) {
        looked = Date.now();
        await host.models.refresh();
      }
      return await host.fetch(request);
    },
  };
}
