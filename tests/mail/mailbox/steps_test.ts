import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  type Step,
  through,
  ToCrlf,
  ToLf,
} from "../../../mail/mailbox/_line_ends.ts";
import { Quote, Unquote } from "../../../mail/mailbox/_quoting.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../../_support/random_slices.ts";
import { bytes, concat, everyByte, text } from "../../_wire/memory.ts";

const random = seededRandom(11);

/** What the step makes of these pieces. */
function run(parts: Iterable<Uint8Array>, step: Step): string {
  return text(concat([...through(parts, step)].map((piece) => piece.slice())));
}

/** What it makes of a text, however that is cut. */
function always(whole: string, make: () => Step): string {
  const data = bytes(whole);
  const expected = run([data], make());
  assertEquals(run(everyByte(data), make()), expected);
  assertEquals(run([], make()), "");
  for (const parts of everySplit(data)) {
    assertEquals(run(parts, make()), expected);
  }
  assertEquals(run(randomSlices(data, random), make()), expected);
  return expected;
}

/** Words that lines which have to be quoted are made from. */
const WORDS = ["From ", "From", "F", ">", ">>", "\n", "\n", " ", "\r\n", "x"];

function randomText(words: string[]): string {
  const count = Math.floor(random() * 12);
  return Array.from(
    { length: count },
    () => words[Math.floor(random() * words.length)],
  ).join("");
}

Deno.test("Quote() marks the lines that would end a message", () => {
  const whole = "From a\n>From b\n>>From c\nxFrom d\nFrom\n\nFrom ";
  assertEquals(
    always(whole, () => new Quote("From ", "bare")),
    ">From a\n>From b\n>>From c\nxFrom d\nFrom\n\n>From ",
  );
  assertEquals(
    always(whole, () => new Quote("From ", "all")),
    ">From a\n>>From b\n>>>From c\nxFrom d\nFrom\n\n>From ",
  );
});

Deno.test("Unquote() takes one mark away", () => {
  const whole = "From a\n>From b\n>>From c\n>xFrom d\n> From\n>>>From ";
  assertEquals(
    always(whole, () => new Unquote("From ", "bare")),
    "From a\nFrom b\n>>From c\n>xFrom d\n> From\n>>>From ",
  );
  assertEquals(
    always(whole, () => new Unquote("From ", "all")),
    "From a\nFrom b\n>From c\n>xFrom d\n> From\n>>From ",
  );
});

Deno.test("Quote() and Unquote() do what the expressions say, at any cut", () => {
  for (let turn = 0; turn < 400; turn++) {
    const whole = randomText(WORDS);
    const rd = always(whole, () => new Quote("From ", "all"));
    assertEquals(rd, whole.replace(/^(>*From )/gm, ">$1"));
    assertEquals(always(rd, () => new Unquote("From ", "all")), whole);
    assertEquals(
      always(whole, () => new Unquote("From ", "all")),
      whole.replace(/^>(>*From )/gm, "$1"),
    );
    assertEquals(
      always(whole, () => new Quote("From ", "bare")),
      whole.replace(/^From /gm, ">From "),
    );
    assertEquals(
      always(whole, () => new Unquote("From ", "bare")),
      whole.replace(/^>From /gm, "From "),
    );
  }
});

Deno.test("Quote() and Unquote() take long runs of marks in their stride", () => {
  const marks = bytes(">".repeat(1 << 20));
  const parts = [...Array(16).fill(marks), bytes("From x")];
  let count = 0;
  for (const piece of through(parts, new Quote("From ", "all"))) {
    count += piece.length;
  }
  assertEquals(count, 16 * marks.length + 7);
  count = 0;
  for (const piece of through(parts, new Unquote("From ", "all"))) {
    count += piece.length;
  }
  assertEquals(count, 16 * marks.length + 5);
});

Deno.test("ToLf() changes what comes in the network's form", () => {
  const wire = () => new ToLf("wire");
  assertEquals(always("a\r\nb\rc\r\r\n\r\n\r", wire), "a\nb\rc\r\n\n\r");
  assertEquals(always("\r\nb\r\n", wire), "\nb\n");
  // Not of that form: nothing changes.
  assertEquals(always("a\nb\r\nc\r\n", wire), "a\nb\r\nc\r\n");
  assertEquals(always("\nb\r\n", wire), "\nb\r\n");
  assertEquals(always("a\rb", wire), "a\rb");
  assertEquals(always("a\r", wire), "a\r");
  const all = () => new ToLf("always");
  assertEquals(always("a\nb\r\nc\r\n\r", all), "a\nb\nc\n\r");
});

Deno.test("ToLf() and ToCrlf() do what the expressions say, at any cut", () => {
  for (let turn = 0; turn < 400; turn++) {
    const whole = randomText(["\r", "\n", "\r\n", "a", "bc"]);
    const isWire = /^[^\n]*\r\n/.test(whole);
    const lf = whole.replace(/\r\n/g, "\n");
    assertEquals(always(whole, () => new ToLf("wire")), isWire ? lf : whole);
    assertEquals(always(whole, () => new ToLf("always")), lf);
    assertEquals(
      always(lf, () => new ToCrlf()),
      lf.replace(/\n/g, "\r\n"),
    );
  }
});

Deno.test("through() has the steps in their order", () => {
  const made = [...through(
    [bytes("a\r\nFrom b\r\n")],
    new ToLf("always"),
    new Quote("From ", "all"),
    new ToCrlf(),
  )];
  assertEquals(text(concat(made)), "a\r\n>From b\r\n");
  assert(made.length > 0);
});
