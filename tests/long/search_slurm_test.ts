/** A search on a real Slurm survives all that can happen to its jobs; tests/lib/search has a short form. @module */
import { ALL_DISTURBANCES, searchThroughStorm } from "../lib/search/_slurm_storm.ts";
import { testWith } from "../needs.ts";

testWith(
  "slurm",
  "a search of fifty trials on Slurm loses nothing whatever happens to its jobs",
  () => searchThroughStorm(50, ALL_DISTURBANCES),
);
