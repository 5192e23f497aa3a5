/** The networks that sort hits, by the name of their option. @module */
import type { tf } from "../../engine/mod.ts";
import { buildSuperNemoMap } from "../../models/supernemo_map.ts";
import { buildLatentRoute } from "../../models/supernemo_vae.ts";
import { buildSegNet, buildTrackFilters } from "../../models/supernemo_segnet.ts";

/** A reduction of attention, or none. */
const REDUCTION = {
  type: "choice",
  choices: ["none", "8", "16"],
  default: "8",
} as const;

/** Options of the networks. */
export const NETWORK_OPTIONS = {
  network: {
    changesLoss: true,
    type: "choice",
    choices: ["ours", "segnet", "segnet-plain", "cbam", "self-attention", "filters", "latent"],
    default: "ours",
    help:
      "Ours, the SegNet with skips or without, with one of two attentions, one layer of filters that is told where the left track starts, or an autoencoder with a route from code to code.",
  },
  latent: {
    type: "integer",
    default: 32,
    min: 1,
    max: 256,
    help: "Numbers of a code (--network latent).",
  },
  cbam1: {
    ...REDUCTION,
    help: "Attention after the first level (--network cbam): by how much it is reduced.",
  },
  cbam2: { ...REDUCTION, help: "The same after the second level." },
  cbam3: { ...REDUCTION, help: "The same after the third level, the coarsest." },
  cbam4: { ...REDUCTION, help: "The same on the second level upwards." },
  cbam5: { ...REDUCTION, help: "The same on the first level upwards." },
} as const;

type Network = typeof NETWORK_OPTIONS["network"]["choices"][number];
type Reduction = typeof REDUCTION["choices"][number];

/** Values of {@linkcode NETWORK_OPTIONS} with what all networks take. */
export interface NetworkOptions {
  network: Network;
  cbam1: Reduction;
  cbam2: Reduction;
  cbam3: Reduction;
  cbam4: Reduction;
  cbam5: Reduction;
  latent: number;
  seed: number;
}

const reductionOf = (choice: Reduction) => choice === "none" ? 0 : Number(choice);

/** Builds the network of the options; `classes` 1 for one mask, more for a softmax. */
export function buildNetwork(options: NetworkOptions, classes: number): tf.LayersModel {
  const { network, cbam1, cbam2, cbam3, cbam4, cbam5, seed } = options, common = { classes, seed };
  switch (network) {
    case "ours":
      return buildSuperNemoMap(common);
    case "filters":
      return buildTrackFilters(common);
    case "latent":
      return buildLatentRoute({ latent: options.latent, seed });
    case "cbam":
      return buildSegNet({ ...common, cbam: [cbam1, cbam2, cbam3, cbam4, cbam5].map(reductionOf) });
    default:
      return buildSegNet({
        ...common,
        skips: network !== "segnet-plain",
        selfAttention: network === "self-attention",
      });
  }
}
