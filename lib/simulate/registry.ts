/** All simulators; a new one is a file or a folder in this room and a line here. @module */
import { cygnoSimulator } from "./cygno_simulator.ts";
import { ecalSimulator } from "./ecal/simulator.ts";
import { lensesSimulator } from "./lenses/simulator.ts";
import { nearest } from "../base/nearest.ts";
import type { Simulator } from "./simulator.ts";
import { superNemoSimulator } from "./supernemo/simulator.ts";

/** The simulators, in the order in which they are listed. */
export const SIMULATORS: readonly Simulator[] = [
  cygnoSimulator,
  ecalSimulator,
  superNemoSimulator,
  lensesSimulator,
];

/**
 * A simulator by its name.
 *
 * @throws {RangeError} If there is none of that name; the nearest and all are named.
 * @example
 * ```ts
 * findSimulator("ecal").unit; // "pictures"
 * ```
 */
export function findSimulator(name: string): Simulator {
  const found = SIMULATORS.find((simulator) => simulator.name === name);
  if (found) return found;
  const names = SIMULATORS.map((simulator) => simulator.name), near = nearest(name, names);
  throw new RangeError(
    `Cannot find simulator "${name}"${near ? ` (nearest: ${near})` : ""}: there are ${names.join(", ")}`,
  );
}
