import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { parametersOf, parseCapabilities } from "../../_wire/capabilities.ts";

Deno.test("parseCapabilities() reads names and parameters", () => {
  assertEquals(
    parseCapabilities([
      "TOP",
      "SASL PLAIN  LOGIN ",
      "expire 60",
      "IMPLEMENTATION Shlemazle-Plotz-v302",
      "",
    ]),
    new Map([
      ["TOP", ""],
      ["SASL", "PLAIN  LOGIN"],
      ["EXPIRE", "60"],
      ["IMPLEMENTATION", "Shlemazle-Plotz-v302"],
    ]),
  );
});

Deno.test("parametersOf() gives the words in upper case", () => {
  const capabilities = parseCapabilities(["SASL plain  Scram-SHA-1", "TOP"]);
  assertEquals(parametersOf(capabilities, "SASL"), ["PLAIN", "SCRAM-SHA-1"]);
  assertEquals(parametersOf(capabilities, "TOP"), []);
  assertEquals(parametersOf(capabilities, "UIDL"), []);
});
