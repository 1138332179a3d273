// nodemailer's composer in Node: OPERATION PATH often|once; prints what it took.
import { createRequire } from "node:module";
import process from "node:process";
import { attached, measure, over } from "./mail_measure.mjs";

const require = createRequire(process.env.PEERS + "/");
const MailComposer = require("nodemailer/lib/mail-composer");

await measure({
  build: over((file) => file, (content) =>
    new MailComposer({
      from: "Ada Lovelace <ada@example.com>",
      to: "Jörg Müller <joerg@example.org>",
      subject: "Der Bericht für heute",
      text: "Der Bericht liegt bei.\n",
      html: "<p>Der Bericht liegt bei.</p>\n",
      attachments: [{ filename: "report.bin", content }],
    }).compile().build(), attached),
});
