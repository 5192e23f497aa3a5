/** What files a request brings, and what they are called. */
import type { RoomShare } from "../../../lib/serve/room.ts";
import { uploadsOf } from "../../../lib/serve/uploads.ts";
import { assertEquals, assertRejects } from "../../assert.ts";

/** Room for everything; how much was asked for. */
function roomOf(): { room: RoomShare; taken: number[] } {
  const taken: number[] = [];
  return { room: { take: (bytes: number) => void taken.push(bytes) } as unknown as RoomShare, taken };
}

const BODY = Uint8Array.of(1, 2, 3);

async function nameBy(disposition?: string): Promise<string> {
  const headers: Record<string, string> = disposition === undefined
    ? {}
    : { "content-disposition": disposition };
  const { room, taken } = roomOf();
  const [{ name, bytes, field }] = await uploadsOf(
    new Request("http://x/", { method: "POST", headers }),
    BODY,
    room,
  );
  assertEquals([bytes, field, taken], [BODY, undefined, []]);
  return name;
}

Deno.test("uploadsOf() takes a file's name from its header, RFC 5987's form before the plain one", async () => {
  const names: [string | undefined, string][] = [
    [undefined, "file"],
    ["attachment", "file"],
    ['attachment; filename="a.png"', "a.png"],
    ["attachment; filename=a.png", "a.png"],
    ["attachment; filename=\"a.png\"; filename*=UTF-8''%CE%B1%20b.png", "α b.png"],
    ["attachment; filename*=UTF-8'el'%CE%B1.png; filename=\"a.png\"", "α.png"],
    ["attachment; filename*=UTF-8''%CE%.png; filename=\"a.png\"", "a.png"],
    ["attachment; filename*=UTF-8''%CE%.png", "file"],
  ];
  for (const [disposition, name] of names) assertEquals(await nameBy(disposition), name, disposition);
});

Deno.test("uploadsOf() takes every file of a form with its field, and refuses a form without any", async () => {
  const send = async (form: FormData) => {
    const request = new Request("http://x/", { method: "POST", body: form });
    const body = await request.clone().bytes(), { room, taken } = roomOf();
    const uploads = await uploadsOf(request, body, room);
    assertEquals(taken, [2 * body.length]);
    return uploads.map(({ field, name, bytes }) => [field, name, [...bytes]]);
  };
  const form = new FormData();
  form.append("image", new File([BODY], "a.png"));
  form.append("note", "no file");
  form.append("scalars", new File([BODY.subarray(1)], "b.npy"));
  assertEquals(await send(form), [["image", "a.png", [1, 2, 3]], ["scalars", "b.npy", [2, 3]]]);
  const none = new FormData();
  none.append("note", "no file");
  await assertRejects(() => send(none), Error, "The form holds no file");
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  const broken = new Request("http://x/", { method: "POST", headers });
  await assertRejects(() => uploadsOf(broken, BODY, roomOf().room), Error);
});
