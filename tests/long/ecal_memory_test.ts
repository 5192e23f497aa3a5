import { join } from "@std/path";
import { openEcal } from "../../lib/data/ecal.ts";
import { createHdf5File } from "../../lib/io/hdf5_write.ts";
import { writeEcal } from "../../lib/simulate/ecal/set.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { runDeno } from "../task_command.ts";

/** As many of each kind as published: a thousand simulated ones, again and again. */
const THOUSANDS = 249;

Deno.test({
  name: "training on all 498,000 images takes less than 2 GiB, TensorFlow included",
  ignore: Deno.build.os !== "linux", // where a process can read the most memory that it had
  fn: () =>
    withFolder(async (folder) => {
      const { files } = await writeEcal(folder, { events: 1000 }, { seed: 6 });
      using set = await openEcal(files);
      const paths: string[] = [];
      for (const [label, kind] of ["Photon", "Electron"].entries()) {
        const rows = Array.from({ length: 1000 }, (_, i) => 1000 * label + i);
        const { data } = (await set.read(rows)).images.read(rows.keys().toArray());
        const path = join(folder, `Single${kind}.hdf5`), file = createHdf5File(path);
        const packed = { dtype: "f4", compression: "lzf" } as const;
        const x = file.dataset("X", { ...packed, rowShape: [32, 32, 2], chunkRows: 64 });
        for (let i = 0; i < THOUSANDS; i++) x.append(data);
        file.close();
        paths.push(path);
      }
      const program = new URL("./_ecal_memory_program.ts", import.meta.url).pathname;
      const { code, out, err } = await runDeno(["run", "--allow-all", program, ...paths]);
      assertEquals(code, 0, err);
      const { images, steps, mebibytes } = JSON.parse(out.split("\n").at(-1)!);
      assertEquals([images, steps], [498_000, 300]);
      assert(mebibytes < 2048, `${mebibytes} MiB`);
    }),
});
