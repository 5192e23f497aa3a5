/**
 * TensorFlow.js as the rest of the tree sees it: one namespace with core ops and Keras-like layers.
 *
 * No other file outside `lib/engine/` names a TensorFlow.js package.
 * @module
 */
export * as tf from "@tensorflow/tfjs";
