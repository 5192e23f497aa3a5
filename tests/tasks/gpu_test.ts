import { gpuNeeds } from "../../tasks/_gpu.ts";
import { assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";

Deno.test("gpuNeeds() says what a GPU needs where nothing is there", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/dev`);
    const needs = gpuNeeds({ root: folder, library: `${folder}/cache` });
    assertEquals(needs.map(({ name, found }) => [name, found]), [
      ["driver", "no"],
      ["devices", "no"],
      ["library", `no CUDA beside ${folder}/cache`],
    ]);
    assertEquals(needs.every(({ missing }) => missing !== undefined), true);
  }));

Deno.test("gpuNeeds() finds a driver, devices and a TensorFlow with CUDA", () =>
  withFolder(async (folder) => {
    for (const place of ["proc/driver/nvidia", "dev", "site/tensorflow", "site/nvidia/cuda_runtime"]) {
      await Deno.mkdir(`${folder}/${place}`, { recursive: true });
    }
    // the first line of the file as the driver writes it
    const version =
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n";
    await Deno.writeTextFile(`${folder}/proc/driver/nvidia/version`, version);
    for (const name of ["nvidia0", "nvidia1", "nvidiactl"]) {
      await Deno.writeTextFile(`${folder}/dev/${name}`, "");
    }
    assertEquals(gpuNeeds({ root: folder, library: `${folder}/site/tensorflow` }), [
      { name: "driver", found: "NVIDIA 550.54.15" },
      { name: "devices", found: "gpu:0, gpu:1" },
      { name: "library", found: `CUDA beside ${folder}/site/tensorflow` },
    ]);
  }));
