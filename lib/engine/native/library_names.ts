/**
 * What TensorFlow's shared libraries are called on each platform, in Python's wheels and in the C distribution, and what is
 * known of those on this machine.
 *
 * @module
 */

/** The platforms that TensorFlow is built for, by Deno's names. */
export type Os = "linux" | "darwin" | "windows";

/** Libraries with the C API: of a wheel, then of the C distribution. */
export const CORE_NAMES: Record<Os, readonly string[]> = {
  linux: ["libtensorflow_cc.so.2", "libtensorflow.so.2", "libtensorflow_cc.so", "libtensorflow.so"],
  darwin: [
    "libtensorflow_cc.2.dylib",
    "libtensorflow.2.dylib",
    "libtensorflow_cc.dylib",
    "libtensorflow.dylib",
  ],
  windows: ["tensorflow.dll"],
};

/** Libraries that the ones above stand on; on Windows it is all one file. */
export const FRAMEWORK_NAMES: Record<Os, readonly string[]> = {
  linux: ["libtensorflow_framework.so.2", "libtensorflow_framework.so"],
  darwin: ["libtensorflow_framework.2.dylib", "libtensorflow_framework.dylib"],
  windows: ["tensorflow.dll"],
};

/** The two shared libraries of one TensorFlow, and where they were found. */
export interface LibraryLocation {
  /** Folder of `core`. */
  folder: string;
  /** libtensorflow_framework; to be opened first. The same file as `core` where TensorFlow is one file. */
  framework: string;
  /** libtensorflow_cc or libtensorflow: the one with the C API. */
  core: string;
  /** Where it was found, for a person: "cache", "Python", … */
  origin: string;
  /** TensorFlow's version as the library itself says. */
  version?: string;
}
