/** The header of a message that is made (RFC 5322 section 3.6). */
import {
  type Address,
  formatAddress,
  type MailboxAddress,
  parseAddressList,
} from "./address.ts";
import { formatDate } from "./date.ts";
import { MailHeaders } from "./headers.ts";
import { withBrackets } from "./ids.ts";
import type { AddressInput, MailMessageInit } from "./types.ts";

/** What the header says; the parts say the rest. */
export type HeaderInit = Omit<MailMessageInit, "attachments" | "text" | "html">;

/** Told by the parts, and thus not to be given. */
const OWN_FIELD =
  /^(content-(type|transfer-encoding|disposition)|mime-version)$/i;

const SINGLE =
  /^(date|from|sender|reply-to|to|cc|bcc|message-id|in-reply-to|references|subject)$/i;

/** The fields in front of those that the parts need. */
export function buildHeader(init: HeaderInit): MailHeaders {
  const headers = new MailHeaders();
  const addresses = addressFields(init);
  for (const [name, value] of addresses) headers.append(name, value);
  if (init.subject !== undefined) headers.append("Subject", init.subject);
  const id = init.messageId ?? newMessageId(addresses.get("From"));
  headers.append("Message-ID", withBrackets("messageId", id));
  if (init.inReplyTo !== undefined) {
    headers.append("In-Reply-To", withBrackets("inReplyTo", init.inReplyTo));
  }
  if (init.references?.length) {
    const ids = init.references.map((one) => withBrackets("references", one));
    headers.append("References", ids.join(" "));
  }
  headers.append("Date", formatDate(init.date ?? new Date()));
  for (const [name, value] of init.headers ?? []) {
    if (OWN_FIELD.test(name)) {
      throw new TypeError(
        `Cannot take the field ${name}: it follows from the text and the ` +
          "attachments",
      );
    }
    if (SINGLE.test(name) && headers.has(name)) {
      throw new TypeError(`Cannot take a second field ${name}`);
    }
    headers.append(name, value);
  }
  headers.append("MIME-Version", "1.0");
  return headers;
}

function addressFields(init: HeaderInit): Map<string, string> {
  const fields = new Map<string, string>();
  const given: [string, AddressInput | undefined][] = [
    ["From", init.from],
    ["Sender", init.sender],
    ["Reply-To", init.replyTo],
    ["To", init.to],
    ["Cc", init.cc],
    ["Bcc", init.bcc],
  ];
  for (const [name, input] of given) {
    if (input === undefined) continue;
    const list = toAddresses(name, input);
    if (list.length > 0) fields.set(name, list.map(formatAddress).join(", "));
  }
  return fields;
}

function toAddresses(field: string, input: AddressInput): Address[] {
  const inputs = Array.isArray(input) ? input : [input];
  return inputs.flatMap((one) => {
    if (typeof one !== "string") return reachable(one);
    if (/[\r\n\0]/.test(one)) {
      throw new TypeError(
        `Cannot write ${field}: ${
          JSON.stringify(one)
        } holds a line end or a NUL`,
      );
    }
    return parseAddressList(one);
  });
}

/** Without those that have a name only, as they come in mail to be answered. */
function reachable(one: Address): Address[] {
  const isNameOnly = (it: MailboxAddress) =>
    it.address === "" && it.name !== "";
  if (!("group" in one)) return isNameOnly(one) ? [] : [one];
  const members = one.members.filter((member) => !isNameOnly(member));
  return [{ group: one.group, members }];
}

function newMessageId(from: string | undefined): string {
  const first = from && parseAddressList(from)[0];
  const address = first && "address" in first ? first.address : "";
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return `${crypto.randomUUID()}@${
    /^[\w.-]+$/.test(domain) ? domain : "localhost"
  }`;
}
