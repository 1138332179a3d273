// mailparser in Node: OPERATION PATH often|once; prints what it took. It leaves
// out what it would make of the text and the HTML besides.
import { createRequire } from "node:module";
import process from "node:process";
import { measure, parsing } from "./mail_measure.mjs";

const require = createRequire(process.env.PEERS + "/");
const { simpleParser } = require("mailparser");
const options = {
  skipHtmlToText: true,
  skipImageLinks: true,
  skipTextLinks: true,
  skipTextToHtml: true,
};

await measure(parsing(async (bytes) => {
  const mail = await simpleParser(bytes, options);
  return {
    names: [...mail.from.value, ...mail.to.value].flatMap((
      { name, address },
    ) => [name, address]),
    subject: mail.subject,
    date: mail.date,
    text: mail.text,
    html: mail.html || undefined,
    files: mail.attachments.map(({ content }) => content),
  };
}));
