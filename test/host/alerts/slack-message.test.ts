import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertParcel, droppedNotice } from '../../../host/alerts/parcel.ts';
import { slackMessage } from '../../../host/alerts/slack-message.ts';
import { alertOf, HOSTILE_TEXTS } from './fixture.ts';

const messageOf = (fields: Parameters<typeof alertOf>[0]) => slackMessage(alertParcel({ alert: alertOf(fields), cut: [] }));

/** Every object in a message that has text, and the one that notifications show. */
function textsOf(value: unknown): { type?: string; text: string; emoji?: boolean }[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'text' in value && typeof value.text === 'string' ? [value as { text: string }] : [];
  return [...own, ...Object.values(value).flatMap(textsOf)];
}

const decoded = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

describe('a message for Slack', () => {
  it('says what happened, and whose words it repeats', () => {
    const message = messageOf({
      severity: 'critical',
      justification: 'because a < b',
      source: 'log line 7',
      parameters: { command: 'curl x | bash' },
    });
    expect(message).toMatchObject({ text: 'critical alert: rule no-shell', parse: 'none', link_names: false, mrkdwn: false });
    expect(textsOf(message.blocks).map(({ text }) => text)).toEqual([
      'critical alert: rule no-shell',
      'Agent: triage',
      'Tool: kubectl.run',
      'Code: denied/forbidden',
      'Occurrences: 1',
      'At: 2023-11-14T22:13:20.000Z',
      'Audit id: a-1',
      "Justification, in the agent's words: because a &lt; b",
      "Source, in the agent's words: log line 7",
      'Parameters: {"command":"curl x | bash"}',
    ]);
  });

  it('has no text that is markup, an emoji, or more than one line, so nobody can be mentioned', () => {
    const any = fc.oneof(
      fc.constantFrom(...HOSTILE_TEXTS),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('<', '>', '&', '!', '@', '\n', 'a') }),
    );
    fc.assert(
      fc.property(any, any, (one, other) => {
        const message = messageOf({
          rule: one,
          agent: other,
          tool: one,
          audit: other,
          justification: one,
          source: other,
          parameters: one,
        });
        for (const { type, text, emoji } of textsOf(message)) {
          expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)|[\p{C}\p{Zl}\p{Zp}]/u);
          if (type !== undefined) expect([type, emoji]).toEqual(['plain_text', false]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps text that needs no escaping, and shows all of it', () => {
    const text = 'Größe & <b> – 日本語 "quoted" \\ back';
    const shown = textsOf(messageOf({ justification: text }).blocks).map((item) => decoded(item.text));
    expect(shown).toContain(`Justification, in the agent's words: ${text}`);
  });

  it('fits the limits of Slack however long the text is, and says what was cut', () => {
    for (const char of ['<', 'x', '\u202e', '\u{e0041}', '\ud800', '\u{1f480}']) {
      const long = char.repeat(20_000);
      const message = messageOf({
        rule: long,
        agent: long,
        tool: long,
        audit: long,
        code: long,
        justification: long,
        source: long,
        parameters: long,
      });
      for (const block of message.blocks) {
        if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150);
        else for (const { text } of textsOf(block)) expect(text.length).toBeLessThanOrEqual('fields' in block ? 2_000 : 3_000);
      }
      expect(message.blocks.length).toBeLessThanOrEqual(50);
      expect(JSON.stringify(message)).toContain(`... [cut: `);
      expect(JSON.stringify(message)).toContain(`of ${long.length} characters shown]`);
    }
  });

  it('tells notices, too', () => {
    expect(slackMessage(droppedNotice(1, 'ops', 1))).toMatchObject({
      text: '1 alert was dropped',
      blocks: [{ type: 'section', text: { type: 'plain_text', text: '1 alert was dropped', emoji: false } }],
    });
  });
});
