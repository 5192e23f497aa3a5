/** Ends what has stopped getting better. @module */
import { lossAt, type Pruner } from "./pruner.ts";

/** Options for {@linkcode patiencePruner}. */
export interface PatienceOptions {
  /** Reports without anything better. @default {5} */
  patience?: number;
  /** How much better is better. @default {0} */
  least?: number;
}

/** Prunes a trial that did not get better in so many reports. */
export function patiencePruner(options: PatienceOptions = {}): Pruner {
  const { patience = 5, least = 0 } = options;
  return {
    name: "patience",
    shouldPrune(context, { reports }) {
      let best = Infinity, since = 0;
      for (const { values } of reports) {
        const loss = lossAt(context, values);
        if (loss < best - least) {
          best = loss;
          since = 0;
        } else since++;
      }
      return since >= patience;
    },
  };
}
