/** A card as small as it may be, for tests of stores. @module */
import type { CardInput } from "../../../lib/card/card.ts";

/** A card called `name`, with nothing optional on it. */
export function exampleCard(name = "mnist"): CardInput {
  return {
    format: "cloudchamber-model/1",
    name,
    experiment: "mnist",
    created: "2026-11-23T04:30:00Z",
    inputs: [{ name: "image", shape: [28, 28, 1], dtype: "float32", units: "fraction of full scale" }],
    outputs: [{ name: "digit", kind: "classes", labels: ["0", "1"] }],
  };
}
