/** What a scrape says: what was counted, and what is so at the moment, no longer what was. */
import { createMetrics, type MetricsSources } from "../../../lib/serve/metrics.ts";
import { assert, assertEquals } from "../../assert.ts";

const sources = (more: Partial<MetricsSources> = {}): MetricsSources => ({
  waiting: () => 0,
  active: () => 0,
  versions: () => [],
  ...more,
});
/** The lines of a page that show a metric, without what explains it. */
const linesOf = (text: string, name: string) =>
  text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));

Deno.test("createMetrics() shows what is so at each scrape, and a version no more that has gone", async () => {
  let versions: [string, string][] = [["m", "1"], ["m", "2"]], waiting = 3, memory = 1000;
  const metrics = createMetrics(sources({
    waiting: () => waiting,
    active: () => 2,
    versions: () => versions,
    events: () => ({ pending: 4, done: 5, dead: 6 }),
    memoryBytes: () => memory,
  }));
  const first = await metrics.text();
  assertEquals(linesOf(first, "model_version_loaded"), [
    'model_version_loaded{model="m",version="1"} 1',
    'model_version_loaded{model="m",version="2"} 1',
  ]);
  assertEquals(linesOf(first, "inference_pending_request_count"), ["inference_pending_request_count 3"]);
  assertEquals(linesOf(first, "http_requests_active"), ["http_requests_active 2"]);
  assertEquals(linesOf(first, "events"), [
    'events{state="pending"} 4',
    'events{state="done"} 5',
    'events{state="dead"} 6',
  ]);
  assertEquals(linesOf(first, "process_resident_memory_bytes"), ["process_resident_memory_bytes 1000"]);
  versions = [["m", "2"]];
  waiting = 0;
  memory = 2000;
  const second = await metrics.text();
  assertEquals(linesOf(second, "model_version_loaded"), ['model_version_loaded{model="m",version="2"} 1']);
  assertEquals(linesOf(second, "inference_pending_request_count"), ["inference_pending_request_count 0"]);
  assertEquals(linesOf(second, "process_resident_memory_bytes"), ["process_resident_memory_bytes 2000"]);
});

Deno.test("createMetrics() counts examples, batches, failures by reason and answers by status", async () => {
  const metrics = createMetrics(sources());
  metrics.success("m", "1", 3, 0.02, 0.005);
  metrics.success("m", "1", 4, 0.04, 0.001);
  metrics.failure("m", "1", "input", 0.01);
  metrics.batch("m", "1", 7, 0.003);
  metrics.response("/score/{model}", 200);
  metrics.response("/score/{model}", 200);
  metrics.response("/score/{model}", 404);
  const text = await metrics.text();
  assertEquals(linesOf(text, "inference_count_total"), ['inference_count_total{model="m",version="1"} 7']);
  assertEquals(linesOf(text, "inference_exec_count_total"), ['inference_exec_count_total{model="m"} 1']);
  assertEquals(linesOf(text, "http_responses_total"), [
    'http_responses_total{route="/score/{model}",status="200"} 2',
    'http_responses_total{route="/score/{model}",status="404"} 1',
  ]);
  for (
    const [name, sum, count] of [
      ["inference_request_duration_seconds", 0.06, 2],
      ["inference_queue_duration_seconds", 0.006, 2],
      ["inference_compute_duration_seconds", 0.003, 1],
      ["inference_batch_size", 7, 1],
    ] as const
  ) {
    const [total] = linesOf(text, `${name}_sum`), [number] = linesOf(text, `${name}_count`);
    assert(Math.abs(Number(total.split(" ").at(-1)) - sum) < 1e-12, total);
    assertEquals(number, `${name}_count{model="m"} ${count}`);
  }
  assert(/reason="input"\} 1/.test(text));
  assertEquals(linesOf(text, "events"), [], "nothing is said of events where there are none");
});
