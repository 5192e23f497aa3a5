/** Sending hostile requests, for the short and the long test. */
import fc from "fast-check";
import { assert, assertEquals } from "../../assert.ts";
import { isForeseen } from "../../../lib/base/foreseen.ts";
import { createDaq } from "../../../lib/serve/daq.ts";
import { openJournal } from "../../../lib/serve/journal.ts";
import { FolderBlobs } from "../../../lib/store/folder.ts";
import { hostileRequest } from "./_hostile.ts";
import { BASE, flatPng, get, post, withHost } from "./_service.ts";

/** Sends requests of a fixed seed and gives how often each status came. */
export async function fuzz(requests: number, seed: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const folder = await Deno.makeTempDir();
  const journal = await openJournal(folder);
  await withHost(async (host) => {
    const sample = fc.sample(hostileRequest, { numRuns: requests, seed });
    let next = 0;
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (next < sample.length) {
        const hostile = sample[next++];
        const { method, path, headers, body } = hostile;
        const response = await host.fetch(new Request(BASE + path, { method, headers, body }));
        const text = await response.text();
        const { status } = response;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const shown = () =>
          `${method} ${path} ${JSON.stringify(headers)} ${body && new TextDecoder().decode(body)}`;
        assert(status < 500 || status === 503, `${status} ${text} for ${shown()}`);
        if (status >= 400 && method !== "HEAD") {
          const { error } = JSON.parse(text);
          assert(typeof error === "string" && isForeseen(new Error(error)), `${error} for ${shown()}`);
        }
      }
    }));
    assertEquals((await get(host, "/v2/health/ready")).status, 200, "ready afterwards");
    assertEquals((await post(host, "/score/tiny", flatPng(1))).status, 200, "scores afterwards");
  }, {
    events: (scorer) =>
      createDaq(scorer, {
        journal,
        bucket: () => new FolderBlobs(folder),
        sources: [{ bucket: "daq", prefix: "" }],
        retryMs: 10,
      }),
  });
  await Deno.remove(folder, { recursive: true });
  return statuses;
}
