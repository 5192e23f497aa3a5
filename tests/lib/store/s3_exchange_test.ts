/** What S3Blobs does with each answer that a server in trouble gives: how often it asks, how long it waits, what it says. */
import { BlobsError, ConflictError, RefusedKeyError } from "../../../lib/store/blobs.ts";
import { S3Blobs, type S3Options, s3OptionsFrom } from "../../../lib/store/s3.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { type AnswerServer, cutBody, type Heard, s3Problem, startAnswers } from "../../servers/answers.ts";
import { withWaits } from "../../waits.ts";

const CREDENTIALS = { accessKeyId: "tester", secretAccessKey: "secret" };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const whole = (body: string, tag = '"t"') =>
  new Response(body, { headers: { etag: tag, "content-length": String(body.length) } });
const written = (tag = '"t"') => new Response(null, { headers: { etag: tag } });

/** Runs a test on a bucket "b" under "p/" of a server that answers as it says. */
async function onServer(
  answer: AnswerServer["answer"],
  use: (blobs: S3Blobs, server: AnswerServer) => Promise<void>,
  options: S3Options = {},
): Promise<void> {
  await using server = startAnswers(answer);
  const blobs = new S3Blobs("b", "p", {
    endpoint: server.endpoint,
    credentials: CREDENTIALS,
    retryDelayMs: 0,
    ...options,
  });
  try {
    await use(blobs, server);
  } finally {
    blobs.close();
  }
}

const METHODS: Record<string, (blobs: S3Blobs) => Promise<unknown>> = {
  get: (blobs) => blobs.get("x"),
  put: (blobs) => blobs.put("x", bytes("x")),
  list: (blobs) => blobs.list(""),
  delete: (blobs) => blobs.delete("x"),
};

Deno.test("S3Blobs asks again after what passes, four times in all, and once after what does not", async () => {
  const cases: [status: number, code: string, tries: number][] = [
    [500, "InternalError", 4],
    [503, "SlowDown", 4],
    [504, "GatewayTimeout", 4],
    [429, "TooManyRequests", 4],
    [408, "RequestTimeout", 4],
    [409, "OperationAborted", 4],
    [501, "NotImplemented", 1],
    [507, "XMinioStorageFull", 1],
    [400, "MalformedXML", 1],
    [403, "AccessDenied", 1],
    [404, "NoSuchBucket", 1],
    [410, "Gone", 1],
    [416, "InvalidRange", 1],
  ];
  for (const [status, code, tries] of cases) {
    for (const [name, call] of Object.entries(METHODS)) {
      await onServer(() => s3Problem(status, code), async (blobs, { heard }) => {
        const { cause } = await assertRejects(() => call(blobs), BlobsError, "Cannot ");
        assertEquals(heard.length, tries, `${name} after ${status} ${code}`);
        assert(cause instanceof Error, "the client's error is the cause");
      });
    }
  }
});

Deno.test("S3Blobs tries as often as it is told, and stops at the first good answer", async () => {
  await onServer(
    (_, count) => count < 6 ? s3Problem(503, "SlowDown") : whole("late"),
    async (blobs, server) => {
      assertEquals(text((await blobs.get("x"))!.bytes), "late");
      assertEquals(server.heard.length, 7);
    },
    { attempts: 7 },
  );
  await onServer(() => s3Problem(503, "SlowDown"), async (blobs, server) => {
    await assertRejects(() => blobs.put("x", bytes("x")), BlobsError, "answered 503 SlowDown");
    assertEquals(server.heard.length, 1);
  }, { attempts: 1 });
});

Deno.test("S3Blobs waits twice as long each time, half of it by chance", async () => {
  const down = () => s3Problem(503, "SlowDown");
  const pauses = (waits: number[]) => waits.filter((ms) => ms < 3000); // the client itself looks after its sockets every 3 s
  for (const [random, share] of [[0, 0.5], [0.5, 0.75]] as const) {
    await withWaits(async (waits) => {
      await onServer(down, async (blobs) => {
        await assertRejects(() => blobs.list(""), BlobsError);
        assertEquals(pauses(waits), [200 * share, 400 * share, 800 * share]);
      }, { retryDelayMs: undefined });
    }, { random });
  }
  await withWaits(async (waits) => {
    await onServer(down, async (blobs) => {
      await assertRejects(() => blobs.list(""), BlobsError);
      assertEquals(pauses(waits), [8, 16]);
    }, { retryDelayMs: 16, attempts: 3 });
  }, { random: 0 });
});

Deno.test("S3Blobs gives a silent server half a minute, and an upload the time that its bytes take", async () => {
  await withWaits(async (waits) => {
    await onServer(() => written(), async (blobs) => {
      await blobs.delete("x");
      assertEquals(waits.filter((ms) => ms >= 5000), [30_000]);
      waits.length = 0;
      await blobs.put("x", new Uint8Array(100_000));
      assertEquals(waits.filter((ms) => ms >= 5000), [32_000]);
    });
  });
});

Deno.test("S3Blobs lets no time limit run on after an answer, good or bad", async () => {
  const { setTimeout: start, clearTimeout: stop } = globalThis, LIMIT = 12_345, running = new Set<unknown>();
  let started = 0;
  globalThis.setTimeout = ((callback: () => void, ms?: number) => {
    const timer = start(callback, ms);
    if (ms === LIMIT) {
      started++;
      running.add(timer);
    }
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    running.delete(timer);
    stop(timer);
  };
  try {
    const answers = [written(), s3Problem(503, "SlowDown"), whole("x"), s3Problem(403, "AccessDenied")];
    await onServer((_, count) => answers[count], async (blobs) => {
      await blobs.delete("x");
      assertEquals([started, running.size], [1, 0]);
      await blobs.get("x");
      assert(started > 2 && running.size === 0, `${running.size} of ${started} run`);
      await assertRejects(() => blobs.delete("x"), BlobsError, "access denied");
      assertEquals(running.size, 0);
    }, { timeoutMs: LIMIT });
  } finally {
    globalThis.setTimeout = start;
    globalThis.clearTimeout = stop;
  }
});

Deno.test("S3Blobs asks a silent server twice and no more", async () => {
  for (const [attempts, tries] of [[4, 2], [1, 1]]) {
    const { promise: never, resolve: free } = Promise.withResolvers<Response>();
    await withWaits(async (waits) => {
      await onServer(() => never, async (blobs, { endpoint }) => {
        const { message } = await assertRejects(() => blobs.list(""), BlobsError).finally(() =>
          free(written())
        );
        assertEquals(message, `Cannot list s3://b/p: ${endpoint} was silent for 0.1 s`);
        assertEquals(waits.filter((ms) => ms === 100).length, tries, "each try is watched");
      }, { timeoutMs: 100, attempts });
    }, { most: 50 });
  }
});

Deno.test("S3Blobs says in its own words what a server refuses for", async () => {
  const cases: [status: number, code: string, why: string][] = [
    [404, "NoSuchBucket", 'bucket "b" does not exist at E'],
    [403, "SignatureDoesNotMatch", "E does not accept the credentials (SignatureDoesNotMatch)"],
    [403, "InvalidAccessKeyId", "E does not accept the credentials (InvalidAccessKeyId)"],
    [400, "InvalidToken", "E does not accept the credentials (InvalidToken)"],
    [400, "ExpiredToken", "E does not accept the credentials (ExpiredToken)"],
    [403, "AccessDenied", "access denied by E"],
    [401, "Unauthorized", "access denied by E"],
    [400, "AuthorizationHeaderMalformed", 'bucket "b" is not in region us-east-1'],
    [301, "PermanentRedirect", 'bucket "b" is not in region us-east-1'],
    [507, "Whatever", "the disk of E is full"],
    [400, "QuotaExceeded", "the disk of E is full"],
    [400, "XMinioStorageFull", "the disk of E is full"],
    [501, "NotImplemented", "E answered 501 NotImplemented"],
    [418, "Teapot", "E answered 418 Teapot"],
    [400, "RequestTimeout", "E does not answer"],
  ];
  for (const [status, code, why] of cases) {
    await onServer(() => s3Problem(status, code), async (blobs, { endpoint }) => {
      const { message } = await assertRejects(() => blobs.put("x", bytes("x")), BlobsError);
      assertEquals(message, `Cannot write s3://b/p/x: ${why.replace("E", endpoint)}`);
    });
  }
});

Deno.test("S3Blobs names region and missing credentials where they are what is wrong", async () => {
  await onServer(() => s3Problem(307, "TemporaryRedirect"), async (blobs) => {
    await assertRejects(() => blobs.list(""), BlobsError, 'bucket "b" is not in region eu-south-1');
  }, { region: "eu-south-1" });
  await onServer(() => s3Problem(403, "AccessDenied"), async (blobs, { endpoint, heard }) => {
    const { message } = await assertRejects(() => blobs.get("x"), BlobsError);
    assertEquals(message, `Cannot read s3://b/p/x: access denied by ${endpoint}, no credentials were given`);
    assertEquals(heard[0].headers.get("authorization"), null);
  }, { credentials: undefined });
});

Deno.test("S3Blobs tells names that no object can have from other refusals", async () => {
  const kindOf = async (status: number, code: string) => {
    let kind = "";
    await onServer(() => s3Problem(status, code), async (blobs) => {
      kind = (await assertRejects(() => blobs.put("x", bytes("x")), BlobsError)).constructor.name;
    });
    return kind;
  };
  for (const code of ["KeyTooLongError", "InvalidArgument", "XMinioInvalidObjectName", "InvalidURI"]) {
    assertEquals(await kindOf(400, code), RefusedKeyError.name, code);
  }
  assertEquals(await kindOf(414, "URITooLong"), RefusedKeyError.name);
  assertEquals(await kindOf(403, "InvalidArgument"), BlobsError.name);
  assertEquals(await kindOf(400, "EntityTooLarge"), BlobsError.name);
});

Deno.test("S3Blobs signs for its region, and sends a temporary key's token", async () => {
  await onServer(() => written(), async (blobs, { heard }) => {
    await blobs.delete("a b");
    const { method, path, headers } = heard[0];
    assertEquals([method, path.split("?")[0]], ["DELETE", "/b/p/a%20b"]);
    assert(/Credential=tester\/\d{8}\/eu-south-1\/s3\//.test(headers.get("authorization")!));
    assertEquals(headers.get("x-amz-security-token"), "temporary");
  }, { region: "eu-south-1", credentials: { ...CREDENTIALS, sessionToken: "temporary" } });
  await onServer(() => written(), async (blobs, { heard }) => {
    await blobs.delete("x");
    assert(heard[0].headers.get("authorization")!.includes("/us-east-1/s3/"));
    assertEquals(heard[0].headers.get("x-amz-security-token"), null);
  });
});

Deno.test("s3OptionsFrom() takes each variable in its order, and an empty one for none", () => {
  const env = {
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
    AWS_SESSION_TOKEN: "t",
    AWS_REGION: "one",
    AWS_DEFAULT_REGION: "two",
    AWS_ENDPOINT_URL_S3: "http://s3",
    AWS_ENDPOINT_URL: "http://all",
  };
  assertEquals(s3OptionsFrom(env), {
    endpoint: "http://s3",
    region: "one",
    credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: "t" },
  });
  const empty = { ...env, AWS_SESSION_TOKEN: "", AWS_REGION: "", AWS_ENDPOINT_URL_S3: "" };
  assertEquals(s3OptionsFrom(empty, ""), {
    endpoint: "http://all",
    region: "two",
    credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: undefined },
  });
  assertEquals(s3OptionsFrom({}), { endpoint: undefined, region: undefined, credentials: undefined });
  assertThrows(
    () => s3OptionsFrom({ AWS_SECRET_ACCESS_KEY: "b" }),
    TypeError,
    "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not",
  );
});

Deno.test("S3Blobs puts its prefix before every key, once, and takes it off again", async () => {
  const listing = `<ListBucketResult><IsTruncated>false</IsTruncated>
    <Contents><Key>p/b</Key><Size>2</Size><ETag>"2"</ETag></Contents>
    <Contents><Key>p/a</Key><Size>1</Size><ETag>"1"</ETag></Contents></ListBucketResult>`;
  await onServer(() => new Response(listing), async (blobs, { heard }) => {
    assertEquals(await blobs.list("a"), [
      { key: "a", bytes: 1, tag: '"1"' },
      { key: "b", bytes: 2, tag: '"2"' },
    ]);
    assert(heard[0].path.includes("prefix=p%2Fa"), heard[0].path);
  });
  const locations = ["", "p", "p/", "p//"].map((prefix) => new S3Blobs("b", prefix).location);
  assertEquals(locations, ["s3://b", "s3://b/p", "s3://b/p", "s3://b/p"]);
});

Deno.test("S3Blobs lists page after page, each with its own tries", async () => {
  const page = (key: string, next?: string) =>
    new Response(
      `<ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated><NextContinuationToken>${
        next ?? "ignored"
      }</NextContinuationToken><Contents><Key>p/${key}</Key></Contents></ListBucketResult>`,
    );
  const answers = [page("c", "n 1"), s3Problem(503, "SlowDown"), page("b", "n2"), page("a")];
  await onServer((_, count) => answers[count], async (blobs, { heard }) => {
    assertEquals((await blobs.list("")).map(({ key, bytes }) => [key, bytes]), [["a", 0], ["b", 0], [
      "c",
      0,
    ]]);
    assertEquals(
      heard.map(({ path }) => new URL(path, "http://h").searchParams.get("continuation-token")),
      [null, "n 1", "n 1", "n2"],
    );
  });
});

Deno.test("S3Blobs asks again where a listing's answer was no XML", async () => {
  const answers = [new Response("<html>a proxy's page"), new Response("<ListBucketResult/>")];
  await onServer((_, count) => answers[count], async (blobs, { heard }) => {
    assertEquals(await blobs.list(""), []);
    assertEquals(heard.length, 2);
  });
});

Deno.test("S3Blobs.get() is undefined where there is no object, at once", async () => {
  await onServer(() => s3Problem(404, "NoSuchKey"), async (blobs, { heard }) => {
    assertEquals([await blobs.get("x"), heard.length], [undefined, 1]);
  });
});

/** Answers a GET from the byte that it asks for; `spoil` may change what comes. */
function ranged(
  data: Uint8Array<ArrayBuffer>,
  spoil: (
    start: number,
    count: number,
  ) => { sent?: number; whole?: boolean; gone?: boolean; changed?: boolean },
): AnswerServer["answer"] {
  return ({ headers }, count) => {
    const asked = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1];
    const { sent, whole, gone, changed } = spoil(Number(asked ?? 0), count);
    if (gone) return s3Problem(404, "NoSuchKey");
    if (changed) return s3Problem(412, "PreconditionFailed");
    const start = whole ? 0 : Number(asked ?? 0), rest = data.subarray(start);
    const isPart = asked !== undefined && !whole;
    return new Response(sent === undefined ? rest : cutBody(rest, sent), {
      status: isPart ? 206 : 200,
      headers: {
        etag: '"v1"',
        "content-length": String(rest.length),
        ...(isPart && { "content-range": `bytes ${start}-${data.length - 1}/${data.length}` }),
      },
    });
  };
}

const DATA = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);

Deno.test("S3Blobs goes on at the byte where a download was cut, if it is the same object", async () => {
  await onServer(
    ranged(DATA, (_, count) => ({ sent: count < 2 ? 300 : undefined })),
    async (blobs, { heard }) => {
      assertEquals(await blobs.get("x"), { bytes: DATA, tag: '"v1"' });
      assertEquals(
        heard.map(({ headers }) => [headers.get("range"), headers.get("if-match")]),
        [[null, null], ["bytes=300-", '"v1"'], ["bytes=600-", '"v1"']],
      );
    },
  );
});

Deno.test("S3Blobs.read() begins where it is told, and knows a server that does not", async () => {
  const read = async (blobs: S3Blobs) => {
    const { bytes, chunks } = (await blobs.read("x", { start: 990 }))!;
    const parts: number[] = [];
    for await (const chunk of chunks) parts.push(...chunk);
    return { bytes, parts };
  };
  await onServer(ranged(DATA, () => ({})), async (blobs) => {
    assertEquals(await read(blobs), { bytes: 10, parts: [...DATA.subarray(990)] });
  });
  await onServer(ranged(DATA, () => ({ whole: true })), async (blobs, { heard }) => {
    await assertRejects(() => read(blobs), BlobsError, "the server does not go on where it was cut off");
    assertEquals(heard.length, 1);
  });
});

Deno.test("S3Blobs refuses to mend a download by a server that ignores ranges, or of another object", async () => {
  for (
    const [spoilt, why] of [
      [{ whole: true }, "the server does not go on where it was cut off"],
      [{ gone: true }, "it was deleted while being read"],
      [{ changed: true }, "it changed while being read"],
    ] as const
  ) {
    await onServer(
      ranged(DATA, (_, count) => count === 0 ? { sent: 300 } : spoilt),
      async (blobs, { heard }) => {
        const { message } = await assertRejects(() => blobs.get("x"), BlobsError);
        assertEquals([message, heard.length], [`Cannot read s3://b/p/x: ${why}`, 2]);
      },
    );
  }
});

Deno.test("S3Blobs gives a download its tries anew after every MiB, and only then", async () => {
  const large = new Uint8Array(5 << 20).map((_, i) => i >> 8);
  await onServer(
    ranged(large, (start) => ({ sent: start + (1 << 20) < large.length ? 1 << 20 : undefined })),
    async (blobs, { heard }) => {
      const { bytes } = (await blobs.get("x"))!;
      assert(bytes.every((byte, i) => byte === large[i]), "bytes differ");
      assertEquals(heard.length, 5);
    },
    { attempts: 2 },
  );
  await onServer(ranged(large, () => ({ sent: 100_000 })), async (blobs, { heard }) => {
    await assertRejects(() => blobs.get("x"), BlobsError, "was cut off after 300000 of 5242880 bytes");
    assertEquals(heard.length, 3);
  }, { attempts: 3 });
});

Deno.test("S3Blobs reads an empty object", async () => {
  await onServer(() => whole("", '"0"'), async (blobs) => {
    assertEquals(await blobs.get("x"), { bytes: new Uint8Array(), tag: '"0"' });
  });
});

Deno.test("S3Blobs takes an object that a server says no tag of, and none whose size it does not say", async () => {
  const plain = () => new Response("one", { headers: { "content-length": "3" } });
  await onServer(plain, async (blobs) => {
    assertEquals(await blobs.get("x"), { bytes: bytes("one"), tag: "" });
  });
  const inPieces = () => new Response(ReadableStream.from([bytes("on"), bytes("e")]));
  await onServer(inPieces, async (blobs) => {
    const { message } = await assertRejects(() => blobs.get("x"), BlobsError);
    assertEquals(message, "Cannot read s3://b/p/x: the server does not say how many bytes it has");
  });
});

Deno.test("S3Blobs writes on the condition that it is given, and tells a lost race", async () => {
  await onServer(() => written('"new"'), async (blobs, { heard }) => {
    assertEquals(await blobs.put("x", bytes("a"), { ifNoneMatch: true }), '"new"');
    assertEquals(await blobs.put("x", bytes("a"), { ifMatch: '"old"' }), '"new"');
    assertEquals(await blobs.put("x", bytes("a")), '"new"');
    assertEquals(heard.map(({ headers }) => [headers.get("if-none-match"), headers.get("if-match")]), [
      ["*", null],
      [null, '"old"'],
      [null, null],
    ]);
    assertEquals(
      heard.map(({ method, path }) => `${method} ${path.split("?")[0]}`),
      Array(3).fill("PUT /b/p/x"),
    );
  });
  for (const [status, code] of [[412, "PreconditionFailed"], [404, "NoSuchKey"]] as const) {
    await onServer(() => s3Problem(status, code), async (blobs, { heard }) => {
      await assertRejects(
        () => blobs.put("x", bytes("a"), { ifMatch: '"old"' }),
        ConflictError,
        "was faster",
      );
      assertEquals(heard.length, 1, "nothing was lost, so nothing is looked up");
    });
  }
  await onServer(() => s3Problem(404, "NoSuchKey"), async (blobs) => {
    await assertRejects(() => blobs.put("x", bytes("a"), { ifNoneMatch: true }), BlobsError, "answered 404");
  });
  await onServer(() => s3Problem(412, "PreconditionFailed"), async (blobs) => {
    await assertRejects(() => blobs.put("x", bytes("a")), BlobsError, "answered 412");
  });
});

Deno.test("S3Blobs looks a conditional write up whose answer may have been lost", async () => {
  for (const [present, expected] of [["mine", '"v2"'], ["other", undefined]] as const) {
    const answers = [s3Problem(500, "InternalError"), s3Problem(412, "PreconditionFailed")];
    await onServer((_, count) => answers[count] ?? whole(present, '"v2"'), async (blobs, { heard }) => {
      const put = () => blobs.put("x", bytes("mine"), { ifNoneMatch: true });
      if (expected !== undefined) assertEquals(await put(), expected);
      else await assertRejects(put, ConflictError, "another writer was faster");
      assertEquals(heard.map(({ method }) => method), ["PUT", "PUT", "GET"]);
    });
  }
  // 429 and 409 say that the write was not done: what is there is another's.
  for (const [status, code] of [[429, "SlowDown"], [409, "ConditionalRequestConflict"]] as const) {
    const answers = [s3Problem(status, code), s3Problem(412, "PreconditionFailed")];
    await onServer((_, count) => answers[count], async (blobs, { heard }) => {
      await assertRejects(() => blobs.put("x", bytes("mine"), { ifNoneMatch: true }), ConflictError);
      assertEquals(heard.length, 2);
    });
  }
});

/** Answers an upload in parts; `faults` by the name of a request, in order. */
function uploads(faults: Record<string, Response[]> = {}): AnswerServer["answer"] {
  return ({ method, path }) => {
    const query = new URL(path, "http://h").searchParams;
    const number = query.get("partNumber");
    const name = query.has("uploads")
      ? "create"
      : number
      ? `part ${number}`
      : query.has("uploadId")
      ? method === "DELETE" ? "abort" : "complete"
      : method.toLowerCase();
    const fault = faults[name]?.shift();
    if (fault) return fault;
    if (name === "create") {
      return new Response(
        "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
      );
    }
    if (name === "complete") {
      return new Response(
        `<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>`,
      );
    }
    return new Response(null, {
      headers: { etag: `"${name}"`, ...(number && { "x-amz-checksum-crc32": `crc${number}` }) },
    });
  };
}

Deno.test("S3Blobs sends what is larger than a part in parts, and says which they are", async () => {
  await onServer(uploads(), async (blobs, { heard }) => {
    assertEquals(await blobs.put("x", bytes("0123456789")), '"whole"');
    const parts = heard.filter(({ path }) => path.includes("partNumber"));
    assertEquals(parts.map(({ path }) => new URL(path, "http://h").searchParams.get("partNumber")), [
      "1",
      "2",
      "3",
    ]);
    assert(parts.every(({ path }) => path.includes("uploadId=u")));
    assertEquals(heard.length, 5);
    const last = text(heard[4].body);
    const named = [...last.matchAll(/<Part>(.*?)<\/Part>/g)].map(([, part]) => part);
    for (const [i, part] of named.entries()) {
      assert(part.includes(`<PartNumber>${i + 1}</PartNumber>`), part);
      assert(part.includes(`<ChecksumCRC32>crc${i + 1}</ChecksumCRC32>`), part);
      assert(/<ETag>(&quot;|")part \d(&quot;|")<\/ETag>/.test(part), part);
    }
    assertEquals(named.length, 3);
  }, { partBytes: 4 });
});

Deno.test("S3Blobs sends what fits a part, or stands under a condition, in one piece", async () => {
  await onServer(() => written(), async (blobs, { heard }) => {
    await blobs.put("x", bytes("0123"));
    await blobs.put("x", bytes("0123456789"), { ifNoneMatch: true });
    await blobs.put("x", bytes("0123456789"), { ifMatch: '"t"' });
    assertEquals(
      heard.map(({ method, path }) => `${method} ${path.split("?")[0]}`),
      Array(3).fill("PUT /b/p/x"),
    );
  }, { partBytes: 4 });
});

Deno.test("S3Blobs knows an upload whose last answer was lost, and takes a failed one away", async () => {
  const gone = () => s3Problem(404, "NoSuchUpload");
  await onServer(
    uploads({ complete: [s3Problem(500, "InternalError"), gone()] }),
    async (blobs, { heard }) => {
      assertEquals(await blobs.put("x", bytes("0123456789")), '"head"');
      assertEquals(heard.at(-1)!.method, "HEAD");
    },
    { partBytes: 4 },
  );
  for (const [name, fault] of [["complete", gone()], ["part 2", s3Problem(403, "AccessDenied")]] as const) {
    await onServer(uploads({ [name]: [fault] }), async (blobs, { heard }) => {
      await assertRejects(() => blobs.put("x", bytes("0123456789")), BlobsError, "Cannot write s3://b/p/x");
      const { method, path } = heard.at(-1)!;
      assert(method === "DELETE" && path.includes("uploadId=u"), `${method} ${path}`);
    }, { partBytes: 4 });
  }
});

Deno.test("S3Blobs tells a wrong address from a server that is down", async () => {
  const { message } = await assertRejects(
    () =>
      new S3Blobs("b", "", { endpoint: "http://127.0.0.1:1", credentials: CREDENTIALS, attempts: 1 }).list(
        "",
      ),
    BlobsError,
  );
  assertEquals(message, "Cannot list s3://b: http://127.0.0.1:1 refuses connections");
});

Deno.test("S3Blobs can be used again after it was closed", async () => {
  await onServer(() => written(), async (blobs, { heard }) => {
    await blobs.delete("x");
    blobs.close();
    await blobs.delete("x");
    assertEquals(heard.length, 2);
  });
});

Deno.test("S3Blobs.ranges() asks for the bytes that are read, of the object that was there", async () => {
  const body = "0123456789";
  const partly = (range: string) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range)!.map(Number);
    const part = body.slice(from, to + 1);
    return new Response(part, {
      status: 206,
      headers: {
        etag: '"t"',
        "content-length": String(part.length),
        "content-range": `bytes ${from}-${to}/10`,
      },
    });
  };
  await onServer((request) => {
    if (request.method === "HEAD") {
      return new Response(null, { headers: { etag: '"t"', "content-length": "10" } });
    }
    return request.headers.get("if-match") === '"t"'
      ? partly(request.headers.get("range")!)
      : s3Problem(400, "NoTag");
  }, async (blobs, { heard }) => {
    const object = (await blobs.ranges("x"))!;
    assertEquals([object.name, object.size], ["s3://b/p/x", 10]);
    assertEquals(text(await object.readRange(3, 4)), "3456");
    assertEquals(text(await object.readRange(9, 1)), "9");
    assertEquals(heard.length, 3);
  });
  await onServer(() => new Response(null, { status: 404 }), async (blobs) => {
    assertEquals(await blobs.ranges("x"), undefined);
  });
  const changed = (request: Heard) =>
    request.method === "HEAD"
      ? new Response(null, { headers: { etag: '"t"', "content-length": "10" } })
      : s3Problem(412, "PreconditionFailed");
  await onServer(changed, async (blobs) => {
    const object = (await blobs.ranges("x"))!;
    await assertRejects(() => object.readRange(0, 1), BlobsError, "Cannot read s3://b/p/x: it changed while");
  });
  const short = (request: Heard) =>
    request.method === "HEAD" ? new Response(null, { headers: { "content-length": "10" } }) : whole("01");
  await onServer(short, async (blobs) => {
    const object = (await blobs.ranges("x"))!;
    await assertRejects(() => object.readRange(0, 4), BlobsError, "of 4 bytes from byte 0 came 2");
  });
});
