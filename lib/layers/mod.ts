/** Layers that TensorFlow.js lacks, one a file, each with its Keras 3 and its ONNX form. @module */
export * from "./apertures.ts";
export * from "./capsules.ts";
export * from "./channel_attention.ts";
export * from "./local_response_normalization.ts";
export * from "./min_pooling.ts";
export * from "./normalization.ts";
export * from "./reparametrization.ts";
export * from "./self_attention.ts";
export * from "./soft_mask_moments.ts";
export * from "./spatial_attention.ts";
export * from "./tanh_levels.ts";
export * from "./registry.ts";
