/** Models as `.keras` and `.onnx` files, and as frozen TensorFlow graphs. @module */
export * from "./graph_def_write.ts";
export * from "./keras_read.ts";
export * from "./keras_weights.ts";
export * from "./keras_write.ts";
export * from "./onnx_ends.ts";
export * from "./onnx_write.ts";
