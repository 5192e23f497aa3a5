/** What TensorBoard's profile plugin asks TensorFlow for, of a profile that was written here. */
import { join } from "@std/path";
import { encodeXSpace } from "../../lib/run/xplane_file.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { SMALL_PROFILE } from "../lib/run/_small_profile.ts";
import { testWith } from "../needs.ts";

const PROGRAM = `
import sys
from tensorflow.python.profiler.internal import _pywrap_profiler_plugin as plugin
data, whole = plugin.xspace_to_tools_data([sys.argv[1]], "trace_viewer")
assert whole
sys.stdout.buffer.write(data)
`;

testWith(
  "keras",
  "encodeXSpace() is read by TensorFlow's own converter for the trace viewer",
  (python) =>
    withFolder(async (folder) => {
      const file = join(folder, "run.xplane.pb");
      await Deno.writeFile(file, encodeXSpace(SMALL_PROFILE, Date.now()));
      const { success, stdout, stderr } = await new Deno.Command(python, { args: ["-c", PROGRAM, file] })
        .output();
      assert(success, new TextDecoder().decode(stderr));
      const shown = new TextDecoder().decode(stdout);
      const wanted = [
        "/host:CPU",
        "taking the graph down",
        "step 2",
        "conv: Conv2D",
        "conv gradient: ReluGrad",
      ];
      assertEquals(wanted.filter((name) => !shown.includes(name)), []);
    }),
);
