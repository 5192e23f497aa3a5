import { Counter, Histogram, type Metric, Registry } from "prom-client";
import { createRng } from "../../../lib/base/rng.ts";
import { createCounter, createHistogram } from "../../../lib/serve/tally.ts";
import { assertEquals } from "../../assert.ts";

Deno.test("createCounter() and createHistogram() print what prom-client's own would", async () => {
  const ours = new Registry(), theirs = new Registry(), registers = [theirs], rng = createRng(3);
  const buckets = [0.1, 0.5, 1], labelNames = ["model", "reason"];
  const counter = createCounter("failures_total", "Failures", labelNames);
  const histogram = createHistogram("size", "Sizes", "model", buckets);
  for (const tally of [counter, histogram]) ours.registerMetric(tally as unknown as Metric);
  const peerCounter = new Counter({ name: "failures_total", help: "Failures", labelNames, registers });
  const peerHistogram = new Histogram({
    name: "size",
    help: "Sizes",
    labelNames: ["model"],
    buckets,
    registers,
  });
  for (let i = 0; i < 200; i++) {
    const model = `m${i % 3}`,
      reason = i % 2 ? "input" : 'a "quoted"\\ one',
      value = i % 10 ? rng() * 1.5 : 0.5;
    counter.add([model, reason], i % 5);
    peerCounter.inc({ model, reason }, i % 5);
    histogram.observe(model, value);
    peerHistogram.observe({ model }, value);
  }
  assertEquals(await ours.metrics(), await theirs.metrics());
});
