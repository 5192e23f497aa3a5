/**
 * What the first worker's watch knows of all workers: who has come, what they say of themselves, where each stands, and which
 * of them is lost. It does no I/O and has no clock of its own.
 * @module
 */

/** What a worker is at, by its number in a message. */
export const DOING = ["starting", "reading", "stepping"] as const;
/** One of them: it comes, fetches examples, or takes a step and may wait for the others in it. */
export type Doing = typeof DOING[number];
const WORDS: Readonly<Record<Doing, string>> = {
  starting: "starting",
  reading: "reading its examples",
  stepping: "in a step",
};

/** What a worker says of itself as it comes. */
export interface Hello {
  rank: number;
  /** Of this run: another run's worker may come to the same port. */
  token: string;
  /** Its machine's name for people, as of a node. */
  host: string;
  /** What tells machines apart. */
  machine: string;
  pid: number;
  /** Where its TensorFlow server is to listen. */
  address: string;
  /** What must be the same in all workers, by name. */
  facts: Facts;
}

/** What workers say of themselves, by name. */
export type Facts = Readonly<Record<string, string>>;

/** Who is lost, or what is wrong. */
export interface RunEnd {
  /** The worker to blame; -1 where it is nobody's process. */
  rank: number;
  /** One line for people. */
  line: string;
}

/** What the hub tells workers. */
export type HubMessage =
  | { type: "welcome"; addresses: string[]; word: unknown }
  | { type: "agreed"; topic: string }
  | { type: "alive" }
  | ({ type: "end" } & RunEnd);

/** What workers tell the hub. */
export type WorkerMessage =
  | ({ type: "hello" } & Hello)
  | { type: "facts"; topic: string; facts: Facts }
  | { type: "beat"; step: number; doing: number }
  | { type: "leave" }
  | { type: "fail"; line: string };

/** Options for {@linkcode createHub}. */
export interface HubOptions {
  size: number;
  /** What the first worker tells all others as they are complete. */
  word: unknown;
  /** Longest wait for all workers to come, in seconds. */
  startSeconds: number;
  /** Longest that a worker may say nothing, in seconds: its process stands still, or its machine is gone. */
  silenceSeconds: number;
  /** Longest that a worker may be behind the others, in seconds. */
  patienceSeconds: number;
  send(rank: number, message: HubMessage): void;
}

/** One worker, as far as it is known. */
interface Member extends Hello {
  heard: number;
  step: number;
  doing: number;
  /** When step or doing last changed. */
  moved: number;
  gone: boolean;
}

/** Something that all workers are to agree on. */
interface Topic {
  said: Map<number, Facts>;
  /** When the first came to it. */
  since: number;
}

/** See the module. */
export interface Hub {
  /** Takes what a worker says; times are in seconds. */
  receive(rank: number, message: WorkerMessage, now: number): void;
  /** A worker's connection has ended. */
  close(rank: number): void;
  /** Looks at the clock. */
  tick(now: number): void;
}

const text = (value: string | undefined) => value ?? "nothing";

/** Makes the hub of a run that begins at `now`. */
export function createHub(options: HubOptions, now: number): Hub {
  const { size, word, startSeconds, silenceSeconds, patienceSeconds, send } = options;
  const members = new Map<number, Member>(), started = now;
  const topics = new Map<string, Topic>();
  let complete = false, ended = false;

  const name = (rank: number) => {
    const member = members.get(rank);
    return member ? `worker ${rank} on ${member.host} (process ${member.pid})` : `worker ${rank}`;
  };

  function end(rank: number, line: string): void {
    if (ended) return;
    ended = true;
    // The first worker runs this, and may not have come itself.
    for (const other of new Set([0, ...members.keys()])) {
      if (!members.get(other)?.gone) send(other, { type: "end", rank, line });
    }
  }

  /** Ends the run where a worker says another thing than the first. */
  function compare(said: ReadonlyMap<number, Facts>): boolean {
    const first = said.get(0)!;
    for (const [rank, facts] of said) {
      for (const key of new Set([...Object.keys(first), ...Object.keys(facts)])) {
        if (first[key] === facts[key]) continue;
        end(
          -1,
          `Cannot train together as ${name(rank)} has ${key} ${text(facts[key])}: ` +
            `${name(0)} has ${text(first[key])}`,
        );
        return false;
      }
    }
    return true;
  }

  function welcome(hello: Hello, now: number): void {
    const { rank } = hello, other = members.get(rank);
    if (other) {
      end(
        -1,
        `Cannot train together as two workers have number ${rank}: ${name(rank)} and one on ${hello.host}`,
      );
      return;
    }
    members.set(rank, { ...hello, heard: now, step: 0, doing: 0, moved: now, gone: false });
    if (members.size < size) return;
    const ordered = Array.from({ length: size }, (_, i) => members.get(i)!);
    if (!compare(new Map(ordered.map(({ facts }, i) => [i, facts])))) return;
    const addresses = addressesFor(ordered), wrong = unreachable(ordered, addresses);
    if (wrong !== undefined) {
      end(
        -1,
        `Cannot train together as ${name(wrong)} would be at ${
          addresses[wrong]
        }, where only its own machine finds it: ` +
          "the first machine's name must be known to all by an address of the network",
      );
      return;
    }
    complete = true;
    for (const { rank } of ordered) send(rank, { type: "welcome", addresses, word });
  }

  function agree(rank: number, topic: string, facts: Facts, now: number): void {
    const { said, since } = topics.get(topic) ?? { said: new Map<number, Facts>(), since: now };
    topics.set(topic, { said: said.set(rank, facts), since });
    if (said.size < size || !compare(said)) return;
    topics.delete(topic);
    for (const other of members.keys()) send(other, { type: "agreed", topic });
  }

  /** A worker that has not come to where others wait to agree. */
  function absent(now: number): Member | undefined {
    for (const { said, since } of topics.values()) {
      if (now - since > Math.max(startSeconds, patienceSeconds)) {
        return [...members.values()].find(({ rank, gone }) => !gone && !said.has(rank));
      }
    }
    return undefined;
  }

  /** The worker that the others wait for: it is behind, and has been where it is for too long. */
  function laggard(now: number): Member | undefined {
    const here = [...members.values()].filter(({ gone }) => !gone);
    const place = ({ step, doing }: Member) => 2 * step + (DOING[doing] === "stepping" ? 1 : 0);
    const most = Math.max(...here.map(place));
    const last = here.toSorted((a, b) => place(a) - place(b) || a.moved - b.moved)[0];
    const waiting = here.filter((member) => place(member) === most && most > place(last));
    const since = Math.max(last?.moved ?? 0, Math.min(...waiting.map(({ moved }) => moved)));
    return waiting.length > 0 && now - since > patienceSeconds ? last : undefined;
  }

  return {
    receive(rank, message, now) {
      if (message.type === "hello") return welcome(message, now);
      const member = members.get(rank);
      if (!member) return;
      member.heard = now;
      if (message.type === "facts") agree(rank, message.topic, message.facts, now);
      else if (message.type === "leave") member.gone = true;
      else if (message.type === "fail") {
        member.gone = true;
        end(rank, `${name(rank)} has failed: ${message.line}`);
      } else {
        if (message.step !== member.step || message.doing !== member.doing) member.moved = now;
        Object.assign(member, { step: message.step, doing: message.doing });
      }
    },
    close(rank) {
      const member = members.get(rank);
      if (!member || member.gone) return;
      member.gone = true;
      end(rank, `${name(rank)} has ended at step ${member.step}`);
    },
    tick(now) {
      if (!complete) {
        if (now - started < startSeconds) return;
        const others = Array.from({ length: size - 1 }, (_, i) => i + 1);
        const missing = others.filter((rank) => !members.has(rank));
        end(
          -1,
          `Cannot train together as of ${size} workers ${
            missing.join(", ")
          } did not come within ${startSeconds} s`,
        );
        return;
      }
      for (const [rank, { heard, step, gone }] of members) {
        if (gone || now - heard < silenceSeconds) continue;
        end(
          rank,
          `${name(rank)} stands still at step ${step}: nothing was heard of it for ${silenceSeconds} s`,
        );
      }
      const last = laggard(now) ?? absent(now);
      if (!last) return;
      end(
        last.rank,
        `${name(last.rank)} stands still at step ${last.step}, ${
          WORDS[DOING[last.doing]]
        }, while the others wait for it`,
      );
    },
  };
}

/** Where each worker is to be found: those beside the first one are where it is, if others come there over the network. */
function addressesFor(members: readonly Hello[]): string[] {
  const [first] = members, place = first.address.slice(0, first.address.lastIndexOf(":"));
  return members.map(({ address, machine }) =>
    isLoopback(address) && machine === first.machine
      ? `${place}${address.slice(address.lastIndexOf(":"))}`
      : address
  );
}

/** A worker whose address leads others astray: one on this machine's loop while others are on other machines. */
function unreachable(members: readonly Hello[], addresses: readonly string[]): number | undefined {
  const machines = new Set(members.map(({ machine }) => machine));
  const looped = machines.size === 1 ? -1 : addresses.findIndex(isLoopback);
  return looped < 0 ? undefined : looped;
}

/** Whether an address is one that means something else on every machine. */
export function isLoopback(address: string): boolean {
  return /^(127\.|localhost|\[?::1\]?)/.test(address);
}
