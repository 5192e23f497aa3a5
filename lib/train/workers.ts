/**
 * The other processes of a run, as its loop knows them: what they agree on before the first step, what is told of where
 * this one stands, and who is to blame where a step fails.
 * @module
 */
import {
  breakPoint,
  compile,
  type Doing,
  gatherFromWorkers,
  type Joined,
  sumOverWorkers,
  tf,
} from "../engine/mod.ts";

/** All processes of a run; the engine must have been started with them. */
export interface Workers {
  /** This one's number, from 0; the first writes what there is to write. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /**
   * Waits until all workers have come here.
   *
   * @throws {Error} If one of them says another thing than the first does; it and what it said are named.
   */
  agree(topic: string, facts: Readonly<Record<string, unknown>>): Promise<void>;
  /** Tells the watch where this worker stands. */
  mark(step: number, doing: Doing): void;
  /** Finds out whether an error is another worker's fault: then {@linkcode WorkerLostError}, else the error as it is. */
  explain(error: unknown): Promise<unknown>;
}

/** Another worker is gone, or stands still while the others wait for it. */
export class WorkerLostError extends Error {
  override name = "WorkerLostError";
  /** The worker; -1 where it is none of them. */
  readonly rank: number;

  /** With what is to be told of it. */
  constructor(message: string, rank: number, options?: ErrorOptions) {
    super(message, options);
    this.rank = rank;
  }
}

/** How long an error of a step waits for the watch to say whose fault it is. */
const VERDICT_MS = 25_000;

/**
 * The other workers as a training run takes them; the engine must have been started with their addresses.
 *
 * @param joined What `joinWorkers` gave.
 */
export function trainingWorkers(joined: Joined): Workers {
  const { rank, size } = joined, point = breakPoint();
  if (point) joined.watchExchange(point);
  return {
    rank,
    size,
    agree: (topic, facts) =>
      joined.agree(
        topic,
        Object.fromEntries(
          Object.entries(facts).map(([name, value]) => [name, JSON.stringify(value) ?? "nothing"]),
        ),
      ),
    mark: joined.mark,
    async explain(error) {
      const isOurs = error instanceof Error &&
        /collective|aborted|cancelled|unavailable|deadline/i.test(error.message);
      const end = await joined.whyEnded(isOurs ? VERDICT_MS : 0);
      if (!end) return error;
      return new WorkerLostError(`Cannot go on training: ${end.line}`, end.rank, { cause: error });
    },
  };
}

/** What a worker has done. */
export interface WorkReport {
  /** Examples. */
  examples: number;
  /** Seconds in steps. */
  seconds: number;
  /** Of those, seconds in which it exchanged or waited for others. */
  exchangeSeconds: number;
}

/** Gives all workers the first one's values of variables. */
export function shareFirst(variables: readonly tf.Variable[], rank: number): void {
  const share = compile(() => {
    variables.forEach((variable) => {
      const own = rank === 0 ? variable : tf.zerosLike(variable);
      variable.assign(sumOverWorkers(own));
    });
    return null;
  });
  share();
  share.dispose();
}

/** What every worker has done, by rank. */
export function shareReports({ examples, seconds, exchangeSeconds }: WorkReport): WorkReport[] {
  const gather = compile((own: tf.Tensor) => tf.stack(gatherFromWorkers(own)));
  const own = tf.tensor1d([examples, seconds, exchangeSeconds]), all = gather(own);
  const values = all.dataSync();
  tf.dispose([own, all]);
  gather.dispose();
  return Array.from({ length: values.length / 3 }, (_, rank) => {
    const [examples, seconds, exchangeSeconds] = values.subarray(3 * rank);
    return { examples, seconds, exchangeSeconds };
  });
}
