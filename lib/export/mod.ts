/** Models as `.keras` and `.onnx` files. @module */
export * from "./keras_read.ts";
export * from "./keras_write.ts";
export * from "./onnx_ends.ts";
export * from "./onnx_write.ts";
