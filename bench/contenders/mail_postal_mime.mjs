// postal-mime in Node: OPERATION PATH often|once; prints what it took.
import { createRequire } from "node:module";
import process from "node:process";
import { measure, parsing } from "./mail_measure.mjs";

const require = createRequire(process.env.PEERS + "/");
const PostalMime = require("postal-mime");

await measure(parsing(async (bytes) => {
  const mail = await PostalMime.parse(bytes);
  return {
    names: [mail.from, ...mail.to].flatMap(({ name, address }) => [
      name,
      address,
    ]),
    subject: mail.subject,
    date: new Date(mail.date),
    text: mail.text,
    html: mail.html,
    files: mail.attachments.map(({ content }) => new Uint8Array(content)),
  };
}));
