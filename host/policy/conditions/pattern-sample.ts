import { compilePattern } from './pattern.ts';

/** Code points that one sample may have. */
const SAMPLE_CHARS_MAX = 8_192;
/** Samples with choices at random, after those with choices in order. */
const RANDOM_SAMPLES = 48;

/** A pattern as far as a sample needs it. A set is known by the characters that RE2 itself says match it. */
type Part =
  | { readonly kind: 'chars'; readonly chars: readonly string[] }
  | { readonly kind: 'all'; readonly parts: readonly Part[] }
  | { readonly kind: 'any'; readonly parts: readonly Part[] }
  | { readonly kind: 'repeat'; readonly part: Part; readonly min: number; readonly max: number };

interface Choices {
  /** An index below `count`. */
  pick(count: number): number;
  /** Turns of a repeat beyond its minimum; cut to what it allows. */
  extra(): number;
}

/**
 * Texts that match a pattern, for a policy's own examples: each was matched by RE2. Not all that match, and none where this reader of patterns does
 * not understand one; the same pattern always gives the same texts.
 *
 * @param text - a pattern that compiles.
 * @param lengths - code points that a text should have, where the pattern leaves a choice.
 */
export function* patternSamples(text: string, lengths: readonly number[] = []): Generator<string, void, void> {
  const pattern = compilePattern(text);
  const part = new Reader(text).read();
  if (part === undefined) return;
  const seen = new Set<string>();
  for (const choices of manyChoices(part, lengths)) {
    const sample = sampleOf(part, choices);
    if (sample === undefined || seen.has(sample) || sample.length > pattern.valueCharsMax || !pattern.matches(sample)) continue;
    seen.add(sample);
    yield sample;
  }
}

function* manyChoices(part: Part, lengths: readonly number[]): Generator<Choices, void, void> {
  const first = (extra: () => number): Choices => ({ pick: () => 0, extra });
  const shortest =
    sampleOf(
      part,
      first(() => 0),
    )?.length ?? 0;
  const wanted = lengths.map((length) => length - shortest).filter((extra) => extra > 0);
  for (const extra of [0, 1, ...wanted, 2, 7, 30]) {
    yield first(() => extra);
    // The first repeat alone, so that one of several does not take the text past its length.
    let turns = 0;
    yield first(() => (turns++ === 0 ? extra : 0));
  }
  const random = randomNumbers();
  for (let count = 0; count < RANDOM_SAMPLES; count++) {
    const most = [2, 5, 20][count % 3]!;
    yield { pick: (choices) => random() % choices, extra: () => random() % most };
  }
}

/** A small linear congruential generator: choices are the same on every run. */
function randomNumbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  };
}

/** @returns undefined for a set without a known character, and for a text that gets too long. */
function sampleOf(part: Part, choices: Choices): string | undefined {
  switch (part.kind) {
    case 'chars':
      return part.chars.length === 0 ? undefined : part.chars[choices.pick(part.chars.length)];
    case 'any':
      return sampleOf(part.parts[choices.pick(part.parts.length)]!, choices);
    case 'all':
      return joined(part.parts, choices);
    case 'repeat': {
      const turns = Math.min(part.max, part.min + choices.extra(), SAMPLE_CHARS_MAX);
      return joined(Array<Part>(turns).fill(part.part), choices);
    }
  }
}

function joined(parts: readonly Part[], choices: Choices): string | undefined {
  let text = '';
  for (const part of parts) {
    const next = sampleOf(part, choices);
    if (next === undefined || text.length + next.length > SAMPLE_CHARS_MAX) return undefined;
    text += next;
  }
  return text;
}

const NOTHING: Part = { kind: 'all', parts: [] };

// In the order of taste: letters first, and what is special to shells and paths last.
const POOL = [
  ...'abcxyzABCXYZ0123456789_-./:@ ,;=+~%',
  ...'!"#$&\'()*<>?[\\]^`{|}',
  'é',
  'α',
  'я',
  'א',
  '中',
  '\u{1f600}',
  '\n',
  '\t',
  '\u00a0',
  '\0',
];

const COUNT = /\{([0-9]+)(?:(,)([0-9]*))?\}/y;
const GROUP = /\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:))?/y;
const FLAGS = /\(\?[a-zA-Z-]+\)/y;
const ESCAPE = /\\(?:[pP](?:\{[^}]*\}|.)|x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/suy;
const CLASS = /\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]/suy;
const QUOTED = /\\Q(.*?)(?:\\E|$)/suy;
const ASSERTION = /\^|\$|\\[AzbB]/y;
const ANY_CHAR = /./suy;

/** Reads RE2's syntax, of a pattern that is known to be right. Flags are read over: what they change is seen when a sample is matched. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Part | undefined {
    const part = this.#alternatives();
    return this.#at === this.#text.length ? part : undefined;
  }

  #take(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const match = form.exec(this.#text);
    if (match) this.#at = form.lastIndex;
    return match;
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#text[this.#at] === '|') {
      this.#at++;
      parts.push(this.#sequence());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'any', parts };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at]!)) parts.push(this.#repeated());
    return { kind: 'all', parts };
  }

  #repeated(): Part {
    const part = this.#one();
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    if (this.#text[this.#at] === '?') this.#at++; // lazy or not, the same texts match
    return { kind: 'repeat', part, min: bounds[0], max: bounds[1] };
  }

  #bounds(): readonly [number, number] | undefined {
    const count = this.#take(COUNT);
    if (count) {
      const min = Number(count[1]);
      return [min, count[2] === undefined ? min : count[3] === '' ? Number.POSITIVE_INFINITY : Number(count[3])];
    }
    const sign = this.#text[this.#at];
    if (sign === undefined || !'*+?'.includes(sign)) return undefined;
    this.#at++;
    return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY];
  }

  #one(): Part {
    if (this.#take(ASSERTION) || this.#take(FLAGS)) return NOTHING;
    const quoted = this.#take(QUOTED);
    if (quoted) return { kind: 'all', parts: [...quoted[1]!].map((char) => ({ kind: 'chars', chars: [char] })) };
    if (this.#take(GROUP)) {
      const inner = this.#alternatives();
      this.#at++; // its bracket
      return inner;
    }
    const set = this.#take(CLASS) ?? this.#take(ESCAPE);
    if (set) return { kind: 'chars', chars: membersOf(set[0]) };
    const [char] = this.#take(ANY_CHAR)!;
    return { kind: 'chars', chars: char === '.' ? membersOf(char) : [char!] };
  }
}

/** Characters that match a set: of those that it names, then of a pool. */
function membersOf(set: string): string[] {
  const named = [
    ...set.replace(/\\x\{?([0-9a-fA-F]+)\}?/g, (_, hex: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(hex, 16), 0x10ffff)),
    ),
  ];
  const pattern = compilePattern(set);
  return [...new Set([...POOL, ...named])].filter((char) => !/\p{Surrogate}/u.test(char) && pattern.matches(char));
}
