/** Seeded physics toys that write the experiments' own formats, and their registry. @module */
export * from "./cygno.ts";
export * from "./cygno_set.ts";
export * from "./cygno_simulator.ts";
export * from "./he_cf4.ts";
export * from "./registry.ts";
export * from "./simulator.ts";
