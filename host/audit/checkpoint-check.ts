import type { ChainEnd } from './chain.ts';
import { CHECKPOINTS_NAME, type Checkpoint, isSignedBy, keyIdOf, readKeptCheckpoints } from './checkpoint.ts';
import { readPublicKey } from './keys.ts';
import type { BrokenTrail, VerifiedTrail, VerifyOptions } from './verified-trail.ts';

interface Vouched {
  readonly checkpoint: Checkpoint;
  readonly file: string;
  readonly line: number;
}

/** Checkpoints in the order of their records, while records go by. */
export class CheckpointCheck {
  private readonly due: readonly Vouched[];
  /** A checkpoint that says nothing: damaged, or signed by somebody else. */
  private readonly bad: BrokenTrail | undefined;
  private readonly anchor: Checkpoint | undefined;
  private next = 0;
  private right = 0;
  private anchored = false;

  private constructor(due: readonly Vouched[], anchor: Checkpoint | undefined, bad: BrokenTrail | undefined) {
    this.due = due;
    this.anchor = anchor;
    this.bad = bad;
  }

  static async open(folder: string, { publicKey, anchor }: VerifyOptions): Promise<CheckpointCheck> {
    const kept = (await readKeptCheckpoints(folder)).map((item) => ({ ...item, file: CHECKPOINTS_NAME }));
    const all = anchor === undefined ? kept : [...kept, { checkpoint: anchor, file: GIVEN, line: 1 }];
    const key = publicKey ?? readPublicKey(folder);
    const due: Vouched[] = [];
    let bad: BrokenTrail | undefined;
    for (const { checkpoint, file, line } of all) {
      if (checkpoint === undefined)
        bad ??= broken(1, file, line, 'and those after it may have been vouched for: a checkpoint is damaged');
      else if (key === undefined)
        bad ??= broken(checkpoint.seq, file, line, 'is vouched for by a checkpoint whose public key is not there');
      else if (!isSignedBy(checkpoint, key)) {
        bad ??= broken(checkpoint.seq, file, line, `is vouched for by a checkpoint that key ${keyIdOf(key)} did not sign`);
      } else due.push({ checkpoint, file, line });
    }
    due.sort((a, b) => a.checkpoint.seq - b.checkpoint.seq);
    return new CheckpointCheck(due, anchor, bad);
  }

  /** Passes over what vouches for records that are not here. */
  skipBefore(seq: number): void {
    while ((this.due[this.next]?.checkpoint.seq ?? Number.POSITIVE_INFINITY) < seq) this.next++;
  }

  /** @returns what a checkpoint has against the record. */
  record({ seq, link }: ChainEnd): string | undefined {
    for (let due = this.due[this.next]; due?.checkpoint.seq === seq; due = this.due[++this.next]) {
      if (due.checkpoint.link !== link)
        return `is not the one that ${placeOf(due)} vouches for: it or one before it was written anew, or this is another trail`;
      this.right++;
      this.anchored ||= due.checkpoint === this.anchor;
    }
    return undefined;
  }

  /** @returns what is missing after the last record. */
  missing(lastSeq: number): string | undefined {
    const due = this.due.at(-1);
    if (due === undefined || due.checkpoint.seq <= lastSeq) return undefined;
    return `is missing: ${placeOf(due)} vouches for records up to ${due.checkpoint.seq}, and the trail ends with ${lastSeq}`;
  }

  /** @returns a checkpoint that says nothing. */
  damaged(): BrokenTrail | undefined {
    return this.bad;
  }

  report(): Pick<VerifiedTrail, 'checkpoints' | 'anchoredSeq'> {
    return { checkpoints: this.right, ...(this.anchored ? { anchoredSeq: this.anchor!.seq } : {}) };
  }
}

/** In the place of a file's name. */
const GIVEN = 'the checkpoint that was given';

function placeOf({ file, line }: Vouched): string {
  return file === GIVEN ? file : `the checkpoint in \`${file}\`, line ${line},`;
}

function broken(seq: number, file: string, line: number, why: string): BrokenTrail {
  return { ok: false, seq, file, line, why };
}
