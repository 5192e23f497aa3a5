import { join } from "@std/path";
import { superNemoTop } from "../../../lib/experiments/supernemo/experiment.ts";
import { bucketSources, isInBucket } from "../../../lib/run/bucket_sources.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { superNemoFileName, writeSuperNemo } from "../../../lib/simulate/supernemo/set.ts";
import { S3Blobs } from "../../../lib/store/s3.ts";
import { assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { testWith } from "../../needs.ts";
import { startVersitygw } from "../../servers/versitygw.ts";

Deno.test("bucketSources() refuses what is no bucket's address, or no access", async () => {
  assertEquals(["s3://b/x", "S3://b", "data/s3", "http://b/x"].map(isInBucket), [true, true, false, false]);
  const open = { openBucket: () => Promise.reject(new Error("not asked for")) };
  await assertRejects(() => bucketSources("s3:b/x", open, /h5$/, "HDF5"), TypeError, 'Cannot open "s3:b/x"');
  await assertRejects(() => bucketSources("s3://b/x", {}, /h5$/, "HDF5"), TypeError, "access to buckets");
});

testWith(
  "versitygw",
  "experiments of the tracker learn from ROOT and HDF5 files in a bucket",
  (program) =>
    withFolder(async (folder) => {
      await using server = await startVersitygw(program);
      await server.createBucket("events");
      const bucket = new S3Blobs("events", "", server.options),
        options = optionsFor(superNemoTop, { seed: 1 });
      try {
        const local: string[] = [];
        for (const [tracks, format] of [[1, "root"], [2, "hdf5"], [3, "root"], [4, "hdf5"]] as const) {
          await writeSuperNemo(folder, { law: "document", tracks: [tracks], events: 40, format }, {
            seed: 3,
          });
          const name = superNemoFileName("document", tracks, 0, format);
          local.push(join(folder, name));
          await bucket.put(`run7/${name}`, await Deno.readFile(join(folder, name)));
        }
        await bucket.put("run7/notes.txt", new Uint8Array(3));
        const load = (data: string[]) =>
          superNemoTop.load({ ...options, data }, {
            dataFolder: folder,
            log: () => {},
            openBucket: (location) => new S3Blobs(location.slice("s3://".length), "", server.options),
          });
        const there = await load(["s3://events/run7/"]), here = await load(local.sort());
        assertEquals(there.train.size, 4 * 40 - there.test.size - there.validation!.size);
        assertEquals(there.fingerprint, here.fingerprint);
        there.dispose();
        here.dispose();
        await assertRejects(
          () => load(["s3://events/run8/"]),
          RangeError,
          'on "s3://events/run8/" as it has no HDF5 or ROOT file',
        );
      } finally {
        bucket.close();
      }
    }),
);
