import type { HostCall, HostCallTap, TappedAnswer } from '../runtime/index.ts';
import { CodedError } from '../runtime/index.ts';
import { digestOf } from './digest.ts';

/** One answer of a host function as the trail keeps it: enough to answer again, and to see that the question is the same. */
export interface HostAnswer {
  readonly import: string;
  readonly name: string;
  /** Digest of the canonical bytes of the arguments. */
  readonly argsDigest: string;
  /** Canonical bytes of the answer, in base64. */
  readonly answer: string;
  /** Fuel that it cost the guest, as a decimal string; absent for none. */
  readonly charge?: string;
  readonly [key: string]: string;
}

/** Bytes of answers kept for one call. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Records the host calls of one call: all of its answers, or none. */
export class AnswerRecorder implements HostCallTap {
  readonly answers: HostAnswer[] = [];
  /** False when there was more than is kept, or a secret: then the call cannot be run again from its record. */
  isComplete = true;
  readonly #redactText: (text: string) => string;
  #bytes = 0;

  /** @param redactText - takes secrets out of a text: an answer that it would change is not kept. */
  constructor(redactText: (text: string) => string) {
    this.#redactText = redactText;
  }

  answered({ import: from, name, args }: HostCall, { value, charge }: TappedAnswer): void {
    this.#bytes += value.length + 256;
    if (this.#bytes > KEPT_BYTES_MAX || this.#hasSecret(value)) this.isComplete = false;
    if (!this.isComplete) return;
    this.answers.push({
      import: from,
      name,
      argsDigest: digestOf(args),
      answer: Buffer.from(value).toString('base64'),
      ...(charge === 0n ? {} : { charge: String(charge) }),
    });
  }

  #hasSecret(answer: Uint8Array): boolean {
    const text = Buffer.from(answer).toString('utf8');
    return this.#redactText(text) !== text;
  }
}

/** Answers the host calls of one call as they were answered before, in their order; asks no capability. */
export class AnswerPlayer implements HostCallTap {
  readonly #answers: readonly HostAnswer[];
  #next = 0;

  constructor(answers: readonly HostAnswer[]) {
    this.#answers = answers;
  }

  answer({ import: from, name, args }: HostCall): TappedAnswer {
    const known = this.#answers[this.#next];
    if (known === undefined || known.import !== from || known.name !== name || known.argsDigest !== digestOf(args)) {
      throw new CodedError('capability/failed', `host call ${this.#next + 1}, of \`${name}\`, is not the recorded one`);
    }
    this.#next += 1;
    return { value: new Uint8Array(Buffer.from(known.answer, 'base64')), charge: BigInt(known.charge ?? 0) };
  }
}
