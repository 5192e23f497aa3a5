/**
 * What was measured of mixed precision, by experiment: `deno task bench precision:NAME` writes it where it finds no loss. @module
 */
import type { PrecisionEvidence } from "../run/experiment.ts";
import measured from "./precision_evidence.json" with { type: "json" };

/** By the experiments' names; those that are missing lose by it, or were never measured. */
export const PRECISION_EVIDENCE = measured as unknown as Readonly<Record<string, PrecisionEvidence>>;
