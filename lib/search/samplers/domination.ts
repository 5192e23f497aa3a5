/**
 * Which trials are better than which, with several objectives and constraints.
 *
 * Source: K. Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6
 * (2002): constrained domination, ranks and crowding distances. @module
 */

/** A trial as these see it: objectives to be made small, and how much it misses its constraints by. */
export interface Candidate {
  losses: readonly number[];
  violation: number;
}

/** Whether `a` is better than `b`: meets constraints that `b` misses by more, or is no worse anywhere and better somewhere. */
export function dominates(a: Candidate, b: Candidate): boolean {
  if (a.violation !== b.violation && (a.violation > 0 || b.violation > 0)) return a.violation < b.violation;
  let better = false;
  for (let i = 0; i < a.losses.length; i++) {
    if (a.losses[i] > b.losses[i]) return false;
    if (a.losses[i] < b.losses[i]) better = true;
  }
  return better;
}

/**
 * The rank of each: 0 for those that no other one is better than, 1 for those once these are taken away, and so on.
 *
 * @example
 * ```ts
 * const at = (...losses: number[]) => ({ losses, violation: 0 });
 * rankByDomination([at(1, 2), at(2, 1), at(2, 2), at(3, 3)]); // [0, 0, 1, 2]
 * ```
 */
export function rankByDomination(candidates: readonly Candidate[]): number[] {
  const ranks = candidates.map(() => -1);
  const betters = candidates.map(() => 0);
  const worse: number[][] = candidates.map(() => []);
  for (let i = 0; i < candidates.length; i++) {
    for (let j = i + 1; j < candidates.length; j++) {
      if (dominates(candidates[i], candidates[j])) {
        worse[i].push(j);
        betters[j]++;
      } else if (dominates(candidates[j], candidates[i])) {
        worse[j].push(i);
        betters[i]++;
      }
    }
  }
  let front = candidates.map((_, i) => i).filter((i) => betters[i] === 0);
  for (let rank = 0; front.length > 0; rank++) {
    const next: number[] = [];
    for (const i of front) {
      ranks[i] = rank;
      for (const j of worse[i]) if (--betters[j] === 0) next.push(j);
    }
    front = next;
  }
  return ranks;
}

/** How far the neighbours of each are, over all objectives; infinite at the ends. All are of one rank. */
export function crowdingDistances(candidates: readonly Candidate[]): number[] {
  const distances = candidates.map(() => 0);
  const objectives = candidates[0]?.losses.length ?? 0;
  for (let m = 0; m < objectives; m++) {
    const order = candidates.map((_, i) => i).sort((a, b) =>
      candidates[a].losses[m] - candidates[b].losses[m]
    );
    const lossAt = (place: number) => candidates[order[place]].losses[m];
    const width = lossAt(order.length - 1) - lossAt(0);
    distances[order[0]] = distances[order.at(-1)!] = Infinity;
    for (let place = 1; place < order.length - 1; place++) {
      if (width > 0) distances[order[place]] += (lossAt(place + 1) - lossAt(place - 1)) / width;
    }
  }
  return distances;
}

/** All from the best to the worst: by rank, within a rank the lonely ones first. */
export function orderByDomination(candidates: readonly Candidate[]): number[] {
  const ranks = rankByDomination(candidates);
  const crowding = candidates.map(() => 0);
  for (let rank = 0; rank <= Math.max(0, ...ranks); rank++) {
    const members = candidates.map((_, i) => i).filter((i) => ranks[i] === rank);
    const distances = crowdingDistances(members.map((i) => candidates[i]));
    members.forEach((i, place) => crowding[i] = distances[place]);
  }
  return candidates.map((_, i) => i).sort((a, b) => ranks[a] - ranks[b] || crowding[b] - crowding[a]);
}
