/** Scripts as an analyst writes them, with one import from this tree: its front door. @module */
import { join, relative } from "@std/path";
import { decodeNpy, encodeNpy } from "../lib/io/npy.ts";
import { decodePng } from "../lib/io/png.ts";
import { encodeFits } from "../lib/io/fits.ts";
import { encodeHdf5 } from "../lib/io/hdf5_write.ts";
import { createRng } from "../lib/base/rng.ts";
import * as door from "../lib/mod.ts";
import { assert, assertEquals } from "./assert.ts";
import { withFolder } from "./folder.ts";
import { runDeno } from "./task_command.ts";

const HERE = import.meta.dirname!;

/** Runs a script in a folder, and gives what it printed. */
async function runScript(name: string, folder: string, ...args: string[]): Promise<string> {
  const script = join(HERE, "scripts", name);
  const config = ["--config", join(HERE, "..", "deno.json")];
  const { code, out, err } = await runDeno(["run", "-q", "-A", ...config, script, ...args], { cwd: folder });
  assertEquals(code, 0, err);
  return out;
}

Deno.test("a script classifies the pictures of two .npy files, with augmentation, ROC curve and ONNX", () =>
  withFolder(async (folder) => {
    const rng = createRng(3), n = 60, side = 12;
    const draw = (across: boolean) => {
      const data = Float32Array.from({ length: n * side * side }, () => 20 * rng());
      for (let i = 0; i < n; i++) {
        const middle = 4 + Math.floor(4 * rng());
        for (let k = 0; k < side; k++) {
          data[(i * side + (across ? middle : k)) * side + (across ? k : middle)] += 60;
        }
      }
      return encodeNpy({ data, shape: [n, side, side] });
    };
    for (const name of ["a", "b"]) await Deno.writeFile(join(folder, `${name}.npy`), draw(name === "a"));
    const said = await runScript("classify_arrays.ts", folder, "a.npy", "b.npy");
    const [, area, low] = /^AUC (\d\.\d+) \((\d\.\d+) to \d\.\d+\) on 30$/.exec(said) ?? [];
    assert(Number(area) > 0.8 && Number(low) > 0.5, said);
    assert(decodePng(await Deno.readFile(join(folder, "roc.png"))).width > 100);
    assert((await Deno.stat(join(folder, "model.onnx"))).size > 1e5);
  }));

Deno.test("a script cuts a FITS exposure at places of an HDF5 file, and turns the cutouts", () =>
  withFolder(async (folder) => {
    const side = 64, data = new Float32Array(side * side).fill(7);
    const places = [[20, 30], [40, 25]];
    for (const [row, column] of places) data[row * side + column] = 100;
    await Deno.writeFile(join(folder, "x.fits"), encodeFits([{ data, shape: [side, side] }]));
    const place = { data: Int32Array.from(places.flat()), shape: [2, 2] };
    await Deno.writeFile(join(folder, "places.h5"), await encodeHdf5({ "stars/place": place }));
    const said = await runScript("crop_exposure.ts", folder, "x.fits", "places.h5");
    assertEquals(said, "2 cutouts and 6 turned copies; counts from 7 to 100");
    const { data: cutouts, shape } = decodeNpy(await Deno.readFile(join(folder, "cutouts.npy")));
    assertEquals(shape, [8, 16, 16]);
    assertEquals(cutouts[8 * 16 + 8], 100); // the place is the middle of its cutout
  }));

Deno.test("a script defines an experiment, trains, publishes and scores", () =>
  withFolder(async (folder) => {
    const said = await runScript("own_experiment.ts", folder);
    assert(/^version 1, accuracy (0\.9\d*|1): \{.*"label":"upper"/.test(said), said);
    for (const file of ["run/report.html", "run/run.json", "store/halves/1/model.onnx"]) {
      await Deno.stat(join(folder, file));
    }
  }));

Deno.test("a script in a folder of its own imports the checkout by name, as README says", () =>
  withFolder(async (folder) => {
    const readme = await Deno.readTextFile(join(HERE, "..", "README.md"));
    const [, config] = /^```json\n(\{[\s\S]*?"links"[\s\S]*?)```$/m.exec(readme)!;
    const own = config.replace("../cloudchamber", relative(folder, join(HERE, "..")).replaceAll("\\", "/"));
    await Deno.writeTextFile(join(folder, "deno.json"), own);
    const script = `import { io } from "cloudchamber"; console.log(io.isNpy(new Uint8Array(3)));`;
    await Deno.writeTextFile(join(folder, "own.ts"), script);
    const { code, out, err } = await runDeno(["run", "-q", "-A", "own.ts"], { cwd: folder });
    assertEquals([code, out], [0, "false"], err);
  }));

Deno.test("mod.ts has no name that only we would look for", () => {
  const own = /^(misorder|vary|hold$|settle|steering|averageDecay)/i;
  const names = Object.entries(door).flatMap(([name, value]) =>
    Object.prototype.toString.call(value) === "[object Module]" && name !== "tf"
      ? [name, ...Object.keys(value)]
      : [name]
  );
  assert(names.length > 400, `${names.length} names`);
  assertEquals(names.filter((name) => own.test(name)), []);
});
