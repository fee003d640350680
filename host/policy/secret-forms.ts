/** Shorter ones are found in what is no secret. */
const CHARS_MIN = 8;

/** The forms in which the value of a secret comes back: as it is, percent-encoded, in JSON, and in base64 whatever stands before it. */
export function secretForms(secret: string): readonly string[] {
  const whole = Buffer.from(secret, 'utf8').toString(); // without halves of characters, which `encodeURIComponent` does not take
  const forms = [
    secret,
    encodeURIComponent(whole),
    JSON.stringify(secret).slice(1, -1),
    ...base64Forms(Buffer.from(secret, 'utf8')),
  ];
  return [...new Set(forms)].filter((form) => form.length >= CHARS_MIN);
}

/** What of a secret is the same in base64 whatever stands around it, such as the name of a user: one form for each place in a group of three. */
function base64Forms(secret: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), secret]);
    const from = before === 0 ? 0 : before + 1; // characters that what stands before has a part of
    const to = Math.floor((bytes.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((encoding) => bytes.toString(encoding).slice(from, to));
  });
}
