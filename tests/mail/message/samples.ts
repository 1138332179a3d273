/** What the tests of messages are made of. */
import { createHash } from "node:crypto";
import {
  MailMessage,
  type MailMessageInit,
  type ParseOptions,
} from "../../../mail/message/mod.ts";
import { latin1, toLatin1 } from "../encoding/samples.ts";

export { latin1, toLatin1 };

/** A message from text of one byte a character. */
export function read(
  text: string,
  options?: ParseOptions,
): Promise<MailMessage> {
  return MailMessage.parse(latin1(text), options);
}

/** Its bytes, one character each. */
export async function write(message: MailMessage): Promise<string> {
  return toLatin1(await message.toBytes());
}

/** A message that has the same bytes each time. */
export function make(init: MailMessageInit = {}): MailMessage {
  return new MailMessage({
    from: "ada@example.com",
    date: new Date(0),
    messageId: "id@example.com",
    ...init,
  });
}

/** What is made, as it is read by others. */
export async function made(
  init: MailMessageInit = {},
): Promise<{ bytes: string; message: MailMessage }> {
  const bytes = await write(make(init));
  return { bytes, message: await read(bytes) };
}

/** UTF-8, one character a byte. */
export function utf8(text: string): string {
  return toLatin1(new TextEncoder().encode(text));
}

/** Short enough to be compared and told. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The type of each part and, in brackets behind it, those of the parts in it. */
export function shape(message: MailMessage): string {
  const { type } = message.contentType;
  return message.parts.length === 0
    ? type
    : `${type}[${message.parts.map(shape).join(" ")}]`;
}
