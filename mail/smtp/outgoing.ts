/** What `sendMail` is given, as an envelope and bytes. */
import { type Address, MailMessage } from "../message/mod.ts";
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

function envelopeOf(message: MailMessage): SmtpEnvelope {
  const [from] = addressesOf(
    message.sender.length > 0 ? message.sender : message.from,
  );
  if (from === undefined) {
    throw new TypeError(
      "Cannot send the message: it has no address in Sender or From; give an " +
        "envelope",
    );
  }
  const to = addressesOf([...message.to, ...message.cc, ...message.bcc]);
  if (to.length === 0) {
    throw new TypeError(
      "Cannot send the message: it has no address in To, Cc or Bcc; give an " +
        "envelope",
    );
  }
  return { from, to: [...new Set(to)] };
}

function addressesOf(list: Address[]): string[] {
  return list.flatMap((one) => "group" in one ? one.members : [one])
    .map(({ address }) => address).filter((address) => address !== "");
}
