/** What `sendMail` is given, as an envelope and bytes. */
import { MailMessage, parseAddressList } from "../message/mod.ts";
import type { BodySource, OperationOptions } from "../../_wire/options.ts";
import type { SmtpEnvelope } from "./types.ts";

/** A message on its way out. */
export interface Outgoing {
  envelope: SmtpEnvelope;
  source: BodySource;
  options: OperationOptions;
}

/** What stands behind the envelope, or behind the message. */
export type SendArgument = BodySource | MailMessage | OperationOptions;

/**
 * Takes the arguments of `sendMail` apart: an envelope and a message, or a message
 * alone. One that says not from whom or to whom is refused.
 */
export function outgoing(
  first: SmtpEnvelope | MailMessage,
  second: SendArgument | undefined,
  third: OperationOptions | undefined,
): Outgoing {
  if (first instanceof MailMessage) {
    const options = (second ?? {}) as OperationOptions;
    return { envelope: envelopeOf(first), source: sent(first), options };
  }
  const source = second instanceof MailMessage
    ? sent(second)
    : second as BodySource;
  return { envelope: first, source, options: third ?? {} };
}

/** Whoever stands in Bcc is told to nobody (RFC 5322 section 3.6.3). */
function sent(message: MailMessage): BodySource {
  return message.toStream({ keepBcc: false });
}

/** Whoever sent it again, and to whom, counts where that is told (section 3.6.6). */
function envelopeOf(message: MailMessage): SmtpEnvelope {
  const isResent = message.headers.has("resent-from") ||
    message.headers.has("resent-to");
  const prefix = isResent ? "Resent-" : "";
  if (message.headers.getRaw("resent-from").length > 1) {
    throw new TypeError(
      "Cannot send the message: it was sent again several times; give an envelope",
    );
  }
  const find = (...names: string[]) =>
    names.flatMap((name) => addressesIn(message, prefix + name));
  const [from] = [...find("Sender"), ...find("From")];
  if (from === undefined) {
    throw new TypeError(
      `Cannot send the message: it has no address in ${prefix}Sender or ` +
        `${prefix}From; give an envelope`,
    );
  }
  const to = find("To", "Cc", "Bcc");
  if (to.length === 0) {
    throw new TypeError(
      `Cannot send the message: it has no address in ${prefix}To, ${prefix}Cc ` +
        `or ${prefix}Bcc; give an envelope`,
    );
  }
  return { from, to: [...new Set(to)] };
}

function addressesIn(message: MailMessage, field: string): string[] {
  const list = message.headers.getRaw(field).flatMap(parseAddressList)
    .flatMap((one) => "group" in one ? one.members : [one]);
  for (const { name, address } of list) {
    if (address !== "") continue;
    throw new TypeError(
      `Cannot send the message: ${JSON.stringify(name)} in ${field} has no ` +
        "address; give an envelope",
    );
  }
  return list.map(({ address }) => address);
}
