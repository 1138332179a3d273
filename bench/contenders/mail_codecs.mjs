// libqp and libbase64 in Node, with which mailparser decodes:
// OPERATION PATH often|once; prints what it took.
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";
import { Readable } from "node:stream";
import { chunksOf, collect, measure, over } from "./mail_measure.mjs";

const require = createRequire(process.env.PEERS + "/");
const libqp = require("libqp");
const libbase64 = require("libbase64");

const same = (bytes) => bytes;
const text = (bytes) => bytes.toString("latin1");
const unBase64 = (encoded) => Buffer.from(encoded, "base64");

await measure({
  "qp-encode": over(
    same,
    (bytes) => libqp.wrap(libqp.encode(bytes), 76),
    libqp.decode,
  ),
  "qp-decode": over(text, libqp.decode, same),
  "base64-encode": over(
    same,
    (bytes) => libbase64.wrap(libbase64.encode(bytes), 76),
    unBase64,
  ),
  "base64-decode": over(text, libbase64.decode, same),
  "qp-encode-stream": through(() => new libqp.Encoder(), libqp.decode),
  "qp-decode-stream": through(() => new libqp.Decoder(), same),
  "base64-encode-stream": through(() => new libbase64.Encoder(), unBase64),
  "base64-decode-stream": through(() => new libbase64.Decoder(), same),
});

function through(make, original) {
  return over(
    chunksOf,
    (chunks) => collect(Readable.from(chunks).pipe(make())),
    (chunks) => {
      const all = Buffer.concat(chunks.map((one) => Buffer.from(one)));
      return original(original === same ? all : all.toString("latin1"));
    },
  );
}
