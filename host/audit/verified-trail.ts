import type { KeyObject } from 'node:crypto';
import type { Checkpoint } from './checkpoint.ts';
import type { OpenEnds } from './trail-logic.ts';

export interface VerifyOptions {
  /** Who must have signed the checkpoints. Default: the key in the trail's folder, which whoever can write there can replace. */
  readonly publicKey?: KeyObject;
  /** A checkpoint that was kept elsewhere: the trail must have its record. Without a public key from elsewhere its signature means little. */
  readonly anchor?: Checkpoint;
  /** The first segments were taken away on purpose: begin with the first that is there. */
  readonly partial?: boolean;
  /** After each segment and each megabyte or so. */
  readonly onProgress?: (progress: { readonly records: number; readonly segment: string }) => void;
}

/** What is at the end of the last segment and no record: a writer is at it, or ended there. Nothing in it was acknowledged. */
export interface TornTail {
  readonly file: string;
  readonly line: number;
  readonly bytes: number;
}

export interface VerifiedTrail {
  readonly ok: true;
  readonly records: number;
  readonly segments: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Link of the last record: it stands for the whole trail. */
  readonly headLink: string;
  /** Checkpoints whose signature and record are right, the anchor among them. */
  readonly checkpoints: number;
  /** The last record that a checkpoint from elsewhere vouches for; absent: nothing shows that no record after the last was cut off. */
  readonly anchoredSeq?: number;
  readonly open: OpenEnds;
  readonly torn?: TornTail;
}

/** The first record that is not what was written, or whose writer broke a rule. */
export interface BrokenTrail {
  readonly ok: false;
  /** The number that the record at this place should have; all before it fit. */
  readonly seq: number;
  /** Below the trail's folder. */
  readonly file: string;
  readonly line: number;
  /** What is wrong, to follow `record N`. */
  readonly why: string;
}
