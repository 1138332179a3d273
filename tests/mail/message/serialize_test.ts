/** Messages that are written again, changed and unchanged. */
import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import {
  type AttachmentInput,
  MailMessage,
} from "../../../mail/message/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { RandomMessages } from "./random_messages.ts";
import { latin1, make, read, toLatin1, write } from "./samples.ts";

/** Whatever the bytes, they stay. */
const KEPT: string[] = [
  "",
  "\n",
  "\r\n",
  "\r",
  "\r\r\n\n",
  "Subject: a",
  "Subject: a\n",
  "Subject: a\r\n\r\n",
  "Subject :a\n\nb",
  "no header\n\nbut text",
  " folded first\nSubject: a\n\n",
  "From ada@example.com Fri Nov 21 10:38:59 2025\nSubject: a\n\nb\n",
  ">From ada@example.com Fri Nov 21 10:38:59 2025\nSubject: a\n\nb\n",
  "Subject: a\nFrom ada@example.com Fri Nov 21 10:38:59 2025\nTo: b\n\nc\n",
  "\nText\nFrom here on\n>From there on\n",
  "\0\0\0",
  "Subject: \xff\xfe\0\x80\n\n\xff\0",
  "Subject: a\rTo: b\r\rText\rmore\r",
  "Subject: a\r\nTo: b\n\r\nText\nmore\rand\r\nmore",
  "Content-Type: multipart/mixed; boundary=b\n\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--b",
  "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--b--",
  "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n--b--\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\n\n\n--b--\n\n",
  "Content-Type: multipart/mixed; boundary=b\n--b\n\nx\n--b--\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--b\nSubject: a\n--b--\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--b  \t\r\n\r\nx\r\n--b-- \r\nend",
  "Content-Type: message/rfc822\n\n",
  "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n\n\n",
  "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nYTogYg0KDQpj\n",
  "Content-Type: multipart/mixed; boundary=b\n\n--x\n--y--\n-- \n--\n",
];

Deno.test("toBytes() gives the bytes that came", async () => {
  for (const text of KEPT) {
    const message = await read(text);
    assertEquals(await write(message), text);
    const streamed = await new Response(message.toStream()).bytes();
    assertEquals(toLatin1(streamed), text);
  }
});

Deno.test("toBytes() gives bytes of the caller's own", async () => {
  for (
    const text of ["a: b\n\nc\n", "Content-Type: message/rfc822\n\na: b\n\nc"]
  ) {
    const bytes = latin1(text);
    const message = await MailMessage.parse(bytes);
    (await message.toBytes()).fill(0);
    message.content().fill(0);
    for (const one of message.attachments) one.content;
    assertEquals(toLatin1(bytes), text);
    assertEquals(await write(message), text);
  }
});

Deno.test("toBytes() gives each part as it stands", async () => {
  const parts = [
    "a: b\r\n\r\nc",
    "\r\nText\r\n",
    "Content-Type: text/html\r\n\r\n",
  ];
  const message = await read(
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
      parts.map((part) => `--b\r\n${part}\r\n`).join("") + "--b--\r\n",
  );
  assertEquals(await Promise.all(message.parts.map(write)), parts);
});

/**
 * What a header becomes when a field is set, written without our help: fields are
 * a line and its folded ones.
 */
function replaced(header: string, name: string, line: string | null): string {
  const fields = header.match(/[^\n]*\n(?:[ \t][^\n]*\n)*/g) ?? [];
  const isIt = (field: string) =>
    field.toLowerCase().startsWith(`${name.toLowerCase()}:`);
  const first = fields.findIndex(isIt);
  const left = fields.filter((field, at) =>
    !isIt(field) || (line && at === first)
  );
  if (line === null) return left.join("");
  const at = left.findIndex(isIt);
  if (at >= 0) left[at] = line;
  else left.push(line);
  return left.join("");
}

Deno.test("headers.set() and its like change nothing but their field", async () => {
  const random = new RandomMessages(seededRandom(2045));
  let seen = 0;
  for (let count = 0; count < 1_500; count++) {
    const lineEnd = random.pick(["\n", "\r\n"]);
    const whole = random.message(3, lineEnd);
    const message = await read(whole);
    const all = [...message.walk()];
    const part = random.pick(all);
    const before = await write(part);
    const at = whole.indexOf(before);
    // It stands there once, so that it is known what should change.
    if (before === "" || whole.indexOf(before, at + 1) >= 0) continue;
    // A part without a header has an empty line first.
    const empty = before.startsWith(lineEnd)
      ? 0
      : before.indexOf(lineEnd.repeat(2));
    if (empty < 0) continue;
    const headerEnd = empty === 0 ? 0 : empty + lineEnd.length;
    const header = before.slice(0, headerEnd);
    const name = random.pick(["Subject", "X-New", "Content-Type", "From"]);
    const value = {
      "Content-Type": "text/x-new; a=b",
      From: "new@example.com",
    }[name] ?? "New value";
    const line = `${name}: ${value}${lineEnd}`;
    let expected: string;
    switch (random.below(3)) {
      case 0:
        part.headers.set(name, value);
        expected = replaced(header, name, line);
        break;
      case 1:
        part.headers.append(name, value);
        expected = header + line;
        break;
      default:
        part.headers.delete(name);
        expected = replaced(header, name, null);
    }
    seen++;
    assertEquals(
      await write(message),
      whole.slice(0, at) + expected + before.slice(headerEnd) +
        whole.slice(at + before.length),
    );
  }
  assert(seen > 700, `${seen}`);
});

Deno.test("headers.set() can be read back whatever is broken beside it", async () => {
  const random = new RandomMessages(seededRandom(2046));
  for (let count = 0; count < 3_000; count++) {
    const broken = random.broken(random.message());
    const message = await read(broken);
    const body = toLatin1(message.content());
    message.headers.set("X-New", "Grüße");
    const text = await write(message);
    const again = await read(text);
    assertEquals(
      again.headers.get("x-new"),
      "Grüße",
      JSON.stringify([broken, text]),
    );
    assertEquals(again.headers.keys(), message.headers.keys());
    assertEquals(toLatin1(again.content()), body);
    message.headers.delete("x-new");
  }
});

function streamed(
  init: {
    pull?: UnderlyingDefaultSource<Uint8Array>["pull"];
    cancel?: () => void;
  },
): MailMessage {
  const stream = new ReadableStream<Uint8Array>(
    init as UnderlyingDefaultSource<Uint8Array>,
    { highWaterMark: 0 },
  );
  return make({ text: "a", attachments: [{ content: stream, filename: "a" }] });
}

Deno.test("toStream() sends a stream once", async () => {
  const once: (() => AttachmentInput["content"])[] = [
    () => new Blob(["hello"]).stream(),
    () => ReadableStream.from([latin1("hello")]),
    () =>
      (async function* () {
        yield latin1("hello");
      })(),
  ];
  for (const content of once) {
    const message = make({
      attachments: [{ content: content(), filename: "a" }],
    });
    assert(
      (await new Response(message.toStream()).text()).includes(btoa("hello")),
    );
    await assertRejects(
      () => new Response(message.toStream()).text(),
      TypeError,
    );
    await assertRejects(() => message.toBytes(), TypeError);
  }
  for (
    const content of [new Blob(["hello"]), () => new Blob(["hello"]).stream()]
  ) {
    const message = make({ attachments: [{ content, filename: "a" }] });
    assertEquals(await write(message), await write(message));
  }
});

Deno.test("toStream() rejects with what its source rejects with", async () => {
  const message = streamed({
    pull() {
      throw new RangeError("broken");
    },
  });
  await assertRejects(
    () => new Response(message.toStream()).text(),
    RangeError,
    "broken",
  );
  const other = streamed({
    pull() {
      throw new RangeError("broken");
    },
  });
  await assertRejects(() => other.toBytes(), RangeError, "broken");
  const wrong = streamed({
    pull(controller) {
      controller.enqueue("text" as unknown as Uint8Array);
    },
  });
  await assertRejects(() => wrong.toBytes(), TypeError);
});

Deno.test("toStream() rejects where somebody else reads its source", async () => {
  const stream = new Blob(["a"]).stream();
  const reader = stream.getReader();
  let error: unknown;
  try {
    await make({ attachments: [{ content: stream }] }).toBytes();
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof TypeError);
  await reader.cancel();
});

Deno.test("toStream() that is cancelled cancels its source", async () => {
  const cancelled = Promise.withResolvers<void>();
  const message = streamed({
    pull(controller) {
      controller.enqueue(new Uint8Array(1_000));
    },
    cancel: () => cancelled.resolve(),
  });
  const reader = message.toStream().getReader();
  let size = 0;
  while (size < 10_000) size += (await reader.read()).value!.length;
  await reader.cancel();
  await cancelled.promise;
});

Deno.test("toStream() that is cancelled waits for no source that gives nothing", async () => {
  const cancelled = Promise.withResolvers<void>();
  const pulled = Promise.withResolvers<void>();
  const message = streamed({
    pull() {
      pulled.resolve();
      return new Promise(() => {});
    },
    cancel: () => cancelled.resolve(),
  });
  const reader = message.toStream().getReader();
  const all = (async () => {
    while (!(await reader.read()).done);
  })();
  await pulled.promise;
  await reader.cancel();
  await cancelled.promise;
  await all;
});

Deno.test("toStream() reads nothing before it is read itself", async () => {
  let pulls = 0;
  const message = streamed({
    pull(controller) {
      pulls++;
      controller.close();
    },
  });
  const stream = message.toStream();
  assertEquals(pulls, 0);
  await new Response(stream).text();
  assertEquals(pulls, 1);
});

Deno.test("toStream() holds little of an attachment of 400 MB", async () => {
  const CHUNK = 256 * 1024;
  const COUNT = 1_600;
  const held = () => {
    const { external, heapUsed } = Deno.memoryUsage();
    return external + heapUsed;
  };
  let left = COUNT;
  const chunk = new Uint8Array(CHUNK);
  const content = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(chunk);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const message = make({ attachments: [{ content, filename: "big.bin" }] });
  const before = held();
  let most = 0;
  let size = 0;
  let count = 0;
  for await (const chunk of message.toStream()) {
    size += chunk.length;
    if (count++ % 64 === 0) most = Math.max(most, held());
  }
  assert(size > COUNT * CHUNK * 4 / 3, `${size}`);
  assert(most - before < 128 * 1024 * 1024, `${most - before}`);
});
