/** An action as it was asked for, and its check. */

import {
  BAD_COMMAND,
  BAD_NAME,
  BAD_NAMESPACE,
  BAD_TIME,
  MISSING,
  Refusal,
  TOO_MANY_REPLICAS,
  UNKNOWN_TARGET,
  UNKNOWN_VERB,
  UNWANTED,
} from './answer';
import { nameFault, namespaceFault, SOUND } from './names';
import { isWellFormed } from './text';
import { isUtcTime } from './time';
import {
  COMMAND,
  findAll,
  findOne,
  findVerb,
  Kind,
  NOTHING,
  REPLICAS,
  RESTARTED_AT,
  targetForms,
  Verb,
  verbNames,
} from './vocabulary';

/** Most words of a command, and most UTF-16 code units in all of them. */
export const WORDS_MAX: u32 = 64;
const COMMAND_UNITS_MAX: i32 = 4096;
/** Kubernetes counts replicas in an `int32`. */
const REPLICAS_MAX: i64 = i32.MAX_VALUE;

/** Cases of `command-fault`, numbered as the WIT orders them. */
const NO_PROGRAM: i32 = 0;
const TOO_MANY_WORDS: i32 = 1;
const TOO_LONG: i32 = 2;
const BAD_CHARACTER: i32 = 3;

export class Action {
  /** Known after `check`, where it found no fault. */
  verb: Verb | null = null;
  kind: Kind | null = null;
  /** Name of the one object; null means all of the kind. */
  name: string | null = null;

  constructor(
    private verbName: string,
    private target: string,
    public namespace: string,
    /** Of a command that is too long, one word more than there may be. */
    public command: string[] | null,
    /** Below 0 is none. */
    public replicas: i64,
    public restartedAt: string | null,
  ) {}

  /** Why the action cannot be planned; null where it can. */
  check(): Refusal | null {
    const verb = findVerb(this.verbName);
    if (verb === null) return Refusal.listing(UNKNOWN_VERB, verbNames());
    this.verb = verb;
    const fault = namespaceFault(this.namespace);
    if (fault != SOUND) return new Refusal(BAD_NAMESPACE, fault);
    const refusal = this.checkTarget(verb);
    return refusal === null ? this.checkParameters(verb) : refusal;
  }

  private checkTarget(verb: Verb): Refusal | null {
    const slash = this.target.indexOf('/');
    const kind = slash < 0 ? findAll(this.target, verb) : findOne(this.target.substring(0, slash), verb);
    if (kind === null) return Refusal.listing(UNKNOWN_TARGET, targetForms(verb));
    this.kind = kind;
    if (slash < 0) return null;
    const name = this.target.substring(slash + 1);
    this.name = name;
    const fault = nameFault(name);
    return fault == SOUND ? null : new Refusal(BAD_NAME, fault);
  }

  private checkParameters(verb: Verb): Refusal | null {
    for (let parameter = COMMAND; parameter <= RESTARTED_AT; parameter++) {
      if (this.has(parameter) && parameter != verb.needs) return new Refusal(UNWANTED, parameter);
    }
    if (verb.needs != NOTHING && !this.has(verb.needs)) return new Refusal(MISSING, verb.needs);
    if (this.replicas > REPLICAS_MAX) return new Refusal(TOO_MANY_REPLICAS, <u32>REPLICAS_MAX);
    const time = this.restartedAt;
    if (time !== null && !isUtcTime(time)) return new Refusal(BAD_TIME);
    const command = this.command;
    const fault = command === null ? SOUND : commandFault(command);
    return fault == SOUND ? null : new Refusal(BAD_COMMAND, fault);
  }

  private has(parameter: i32): bool {
    if (parameter == COMMAND) return this.command !== null;
    return parameter == REPLICAS ? this.replicas >= 0 : this.restartedAt !== null;
  }
}

function commandFault(words: string[]): i32 {
  if (words.length == 0 || words[0].length == 0) return NO_PROGRAM;
  if (<u32>words.length > WORDS_MAX) return TOO_MANY_WORDS;
  let units = 0;
  for (let i = 0; i < words.length; i++) {
    // Each time, so that the sum cannot run over.
    if (words[i].length > COMMAND_UNITS_MAX - units) return TOO_LONG;
    units += words[i].length;
  }
  for (let i = 0; i < words.length; i++) if (words[i].includes('\0') || !isWellFormed(words[i])) return BAD_CHARACTER;
  return SOUND;
}
