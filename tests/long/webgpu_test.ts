/**
 * What Deno's WebGPU learns, where a graphics device is: the first twenty steps of some experiments, in one process with
 * TensorFlow, come out as on it. README says which experiments do not.
 */
import { startEngine } from "../../lib/engine/mod.ts";
import { assertRejects } from "../assert.ts";
import { compareBackends } from "../lib/experiments/_twenty_steps.ts";

const adapter = await (navigator as { gpu?: GPU }).gpu?.requestAdapter().catch(() => null);

for (const name of ["images", "mnist", "ecal", "capsnet", "supernemo-hint"]) {
  Deno.test(`${name} learns the same in twenty steps on webgpu as on tensorflow, or says that there is no device`, async () => {
    if (adapter) await compareBackends(name, ["webgpu"]);
    else {
      await assertRejects(() => startEngine({ backend: "webgpu" }), Error, "Cannot start the webgpu backend");
    }
  });
}
