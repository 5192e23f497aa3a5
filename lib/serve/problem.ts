/** Errors that are meant for the client, and the one place where errors become responses. @module */
import { DeadlineError, OverloadError } from "../score/batcher.ts";
import type { ItemFault } from "../score/compute.ts";
import { UnitLostError } from "../score/compute_pool.ts";
import { UnknownModelError } from "../score/models.ts";

/** Why a request failed, as the metrics count it. */
export type FailureReason = "rejected" | "canceled" | "deadline" | "input" | "internal";

/** What went wrong with a request, with its HTTP status. */
export class HttpProblem extends Error {
  override name = "HttpProblem";
  constructor(
    readonly status: number,
    message: string,
    /** Header fields of the response. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/**
 * The problem behind any error. What the service throws on purpose keeps its words; everything else is a 500 that says
 * nothing, because nobody has checked what its message gives away.
 */
export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof UnknownModelError) return new HttpProblem(404, error.message);
  if (error instanceof OverloadError) {
    return new HttpProblem(503, error.message, {
      "retry-after": String(Math.ceil(error.retryAfterMs / 1000)),
    });
  }
  if (error instanceof DeadlineError || error instanceof UnitLostError) {
    return new HttpProblem(503, error.message, { "retry-after": "1" });
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return new HttpProblem(499, "The client closed the connection");
  }
  return new HttpProblem(500, "The server failed to answer this request");
}

/** What a fault of one item is to its client. */
export function faultProblem({ who, message }: ItemFault): HttpProblem {
  const status = { client: 400, content: 422, server: 503 }[who];
  return new HttpProblem(status, message);
}

/** The reason under which a problem is counted. */
export function reasonOf({ status }: HttpProblem, error: unknown): FailureReason {
  if (error instanceof DeadlineError) return "deadline";
  if (status === 499) return "canceled";
  if (status === 503 || status === 429) return "rejected";
  return status < 500 ? "input" : "internal";
}

/** An error as every route answers it. */
export function problemResponse(problem: HttpProblem): Response {
  return Response.json({ error: problem.message }, { status: problem.status, headers: problem.headers });
}
