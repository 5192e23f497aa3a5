/** POST /events: notifications of new objects, as S3 and MinIO send them or in an envelope. @module */
import { readBody } from "./body.ts";
import { parseJsonObject } from "./json.ts";
import { HttpProblem } from "./problem.ts";
import { subscriptionOf } from "./notifications.ts";
import type { Context } from "./context.ts";

/** Most bytes of a notification. */
const MAX_BYTES = 1 << 20;

/** A CloudEvent whose attributes are header fields, with its body as `data`; anything else as it is. */
function envelopeOf(request: Request, body: Record<string, unknown>): Record<string, unknown> {
  const specversion = request.headers.get("ce-specversion");
  if (specversion === null) return body;
  return { specversion, type: request.headers.get("ce-type") ?? "", data: body };
}

/**
 * Answers 202 once the events are safely in the journal, and not before.
 *
 * What the journal cannot take is a 503, so that the sender keeps the event and tries again.
 */
export async function postEvents(context: Context): Promise<Response> {
  const { service: { events, limits }, request, note, room } = context;
  if (!events) throw new HttpProblem(404, "This server takes no events: start it with --events");
  const body = await readBody(request, {
    ...limits,
    maxBytes: Math.min(limits.maxBytes ?? MAX_BYTES, MAX_BYTES),
  }, room);
  if (body.length === 0) return Response.json({ accepted: 0, known: 0, ignored: 0 }, { status: 202 });
  const notification = envelopeOf(request, parseJsonObject(body, 20));
  const subscription = subscriptionOf(notification);
  if (subscription !== undefined) note.subscription = subscription; // its owner opens it, not this server
  try {
    const counts = await events.accept(notification);
    Object.assign(note, counts);
    return Response.json(counts, { status: 202 });
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    if (error instanceof TypeError) throw new HttpProblem(400, error.message);
    note.cause = String(error);
    throw new HttpProblem(503, "The events could not be kept: try again", { "retry-after": "5" });
  }
}
