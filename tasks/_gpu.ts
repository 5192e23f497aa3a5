/**
 * What training on NVIDIA's GPUs needs, and what of it is here: a driver, devices, and a TensorFlow with CUDA, which is never
 * fetched by itself as it is gigabytes and has to fit the driver.
 * @module
 */
import { join } from "@std/path";
import { TENSORFLOW_VERSION } from "../lib/engine/native/fetch_library.ts";

/** One thing that is needed. */
export interface GpuNeed {
  name: string;
  /** What was found of it. */
  found: string;
  /** What is to be done where it is missing. */
  missing?: string;
}

/** Where to look; tests look elsewhere. */
export interface GpuPlaces {
  /** Root of the system's files. @default {"/"} */
  root?: string;
  /** Folder of TensorFlow's library, if there is one. */
  library?: string;
}

/** Names in a folder; none where it is absent. */
function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** What GPUs need, and what of it is here. */
export function gpuNeeds({ root = "/", library }: GpuPlaces): GpuNeed[] {
  const driver = /Kernel Module[^\d]*(\d[\d.]*)/.exec(textOf(join(root, "proc/driver/nvidia/version")))?.[1];
  const devices = namesIn(join(root, "dev")).filter((name) => /^nvidia\d+$/.test(name));
  // pip puts CUDA's libraries beside TensorFlow, a system beside its others
  const beside = library === undefined ? [] : namesIn(join(library, "..", "nvidia"));
  const isCuda = beside.some((name) => name.startsWith("cuda_runtime"));
  return [
    driver
      ? { name: "driver", found: `NVIDIA ${driver}` }
      : { name: "driver", found: "no", missing: "NVIDIA's driver for Linux, 525 or newer" },
    devices.length > 0
      ? { name: "devices", found: devices.map((_, i) => `gpu:${i}`).join(", ") }
      : { name: "devices", found: "no", missing: "a GPU, and in a container its device files" },
    isCuda ? { name: "library", found: `CUDA beside ${library}` } : {
      name: "library",
      found: library === undefined ? "no" : `no CUDA beside ${library}`,
      missing:
        `pip install "tensorflow[and-cuda]==${TENSORFLOW_VERSION}" in an environment of its own, and its folder ` +
        "tensorflow in CLOUDCHAMBER_TENSORFLOW",
    },
  ];
}
