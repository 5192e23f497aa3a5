/**
 * Gradients that TensorFlow.js lacks or has wrong, registered for every backend.
 *
 * @module
 */
import "./broadcast_gradients.ts";
import "./convolution_gradients.ts";
import "./extreme_gradients.ts";
import "./kink_gradients.ts";
import "./index_gradients.ts";
