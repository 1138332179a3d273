import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { remembering } from "../../cookies/_remembering.ts";

Deno.test("remembering() asks once, until there are too many answers", () => {
  const asked: string[] = [];
  const answer = remembering((question) => {
    asked.push(question);
    return question.toUpperCase();
  }, 2);
  for (const question of ["a", "b", "a", "b", "c", "c", "a"]) {
    assertEquals(answer(question), question.toUpperCase());
  }
  assertEquals(asked, ["a", "b", "c", "a"]);
});

Deno.test("remembering() keeps false, but nothing long", () => {
  const asked: string[] = [];
  const answer = remembering((question) => {
    asked.push(question);
    return false;
  }, 10);
  const long = "x".repeat(2_000);
  for (const question of ["a", "a", long, long]) {
    assertEquals(answer(question), false);
  }
  assertEquals(asked, ["a", long, long]);
});
