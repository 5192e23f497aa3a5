/**
 * A model's card: what goes into the model, what comes out of it and what that means, as data. Reads outputs into
 * answers, and knows every kind of input and output by a registry. @module
 */
export * from "./answers.ts";
export * from "./card.ts";
export * from "./input_kind.ts";
export * from "./inputs/registry.ts";
export * from "./output_kind.ts";
export * from "./outputs/registry.ts";
export * from "./wholeness.ts";
