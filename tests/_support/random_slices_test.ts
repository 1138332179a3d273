import { assert, assertEquals, assertNotEquals } from "jsr:@std/assert@^1.0.0";
import { everySplit, randomSlices, seededRandom } from "./random_slices.ts";

const bytes = new TextEncoder().encode("220 ready\r\n331 go on\r\n");

function join(parts: Uint8Array[]): number[] {
  return parts.flatMap((part) => [...part]);
}

Deno.test("seededRandom() repeats itself for the same seed only", () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, random);
  };
  assertEquals(draw(1), draw(1));
  assertNotEquals(draw(1), draw(2));
  assert(draw(3).every((n) => n >= 0 && n < 1));
  const mean = draw(4).reduce((a, b) => a + b) / 1000;
  assert(mean > 0.45 && mean < 0.55, `the mean is ${mean}`);
});

Deno.test("randomSlices() loses nothing and gives no empty piece", () => {
  const random = seededRandom(7);
  const lengths = new Set<number>();
  for (let i = 0; i < 500; i++) {
    const slices = randomSlices(bytes, random);
    assertEquals(join(slices), [...bytes]);
    for (const slice of slices) lengths.add(slice.length);
  }
  assert(!lengths.has(0) && lengths.has(1) && lengths.has(bytes.length));
  assertEquals(randomSlices(new Uint8Array(0), random), []);
});

Deno.test("everySplit() cuts at every place", () => {
  const splits = [...everySplit(bytes)];
  assertEquals(splits.length, bytes.length + 1);
  for (const [at, split] of splits.entries()) {
    assertEquals(split[0].length, at);
    assertEquals(join(split), [...bytes]);
  }
});
