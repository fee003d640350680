import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SlackMessage, slackMessage } from '../../../host/approvals/index.ts';
import { askedWith, HOSTILE_TEXTS, T0 } from './fixture.ts';

function textsOf({ blocks, text }: SlackMessage): string[] {
  const found = blocks.flatMap((block) => {
    if (block.type === 'actions') return block.elements.map((element) => element.text.text);
    return block.type === 'context' ? block.elements.map((element) => element.text) : [block.text.text];
  });
  return [text, ...found];
}

function buttonsOf({ blocks }: SlackMessage) {
  return blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
}

describe('slackMessage', () => {
  const asked = askedWith({});

  it('is the question in blocks, with a button for each answer', () => {
    const message = slackMessage(asked, { nowMs: T0 + 1000 });
    expect(message).toEqual({
      text: 'Approval k7q2m-9xw4d: agent `triage` asks for `kubectl`',
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'Approval k7q2m-9xw4d', emoji: false } },
        section(
          [
            '*agent* `triage`, session `incident-7`',
            '*tool* `kubectl`, function `run`',
            `*component* \`sha256:${'c0'.repeat(32)}\``,
            '*grants* `log`',
            '*limits* fuelMax 1,000,000,000, timeoutMsMax 10,000',
            '*rules* `agents.triage.tools[1] (cellblock.yaml:21)`',
          ].join('\n'),
        ),
        section('*parameter* `verb`\n```"rollout-restart"```'),
        section('*parameter* `target`\n```"deployment/webapp"```'),
        section('*parameter* `replicas`\n```3```'),
        section('*justification*, in the words of the agent, which nobody checked\n```"the pod crashes in a loop"```'),
        section('*source*, in the words of the agent, which nobody checked\n```"FATAL: Database connection failed"```'),
        {
          type: 'context',
          elements: [
            {
              type: 'mrkdwn',
              text: `May be answered by \`ann\`, \`bob\`. Expires 2026-11-02 10:15:00Z (in 14 min 59 s); no answer is a no.\nA yes is for one call, within 1 h. ${asked.digest}`,
              verbatim: true,
            },
          ],
        },
        {
          type: 'actions',
          block_id: 'cellblock.k7q2m-9xw4d',
          elements: [button('Approve once', 'cellblock.approve', 'primary'), button('Deny', 'cellblock.deny', 'danger')],
        },
      ],
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  it('escapes what Slack gives a meaning to, and keeps backticks inside the block', () => {
    const target = '``` <!channel> <@U123> <https://evil.example|ok> & `code`';
    const message = slackMessage(askedWith({}, { target }), { nowMs: T0 });
    expect(textsOf(message)).toContain(
      '*parameter* `target`\n```"\\u0060\\u0060\\u0060 &lt;!channel&gt; &lt;@U123&gt; &lt;https://evil.example|ok&gt; &amp; \\u0060code\\u0060"```',
    );
  });

  it('leaves the button that approves away where parameters were cut, and only there', () => {
    const cut = slackMessage(askedWith({}, { text: 'x'.repeat(4000) }), { nowMs: T0 });
    expect(buttonsOf(cut).map((each) => each.action_id)).toEqual(['cellblock.deny']);
    expect(textsOf(cut).some((text) => /\.\.\. 1,3\d\d more characters$/.test(text))).toBe(true);
    expect(textsOf(cut)).toContain(
      'Not all is shown here, so it cannot be approved here. On the command line: `cellblock approvals show k7q2m-9xw4d`',
    );
    const many = Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`p${index}`, index]));
    expect(buttonsOf(slackMessage(askedWith({}, many), { nowMs: T0 }))).toHaveLength(1);
    expect(buttonsOf(slackMessage(askedWith({}, {}), { nowMs: T0 }))).toHaveLength(2);
    const wordy = slackMessage(askedWith({ justification: 'x'.repeat(4000) }), { nowMs: T0 });
    expect(buttonsOf(wordy)).toHaveLength(2);
    expect(textsOf(wordy).some((text) => text.endsWith('more characters'))).toBe(true);
    expect(buttonsOf(slackMessage({ ...asked, parameters: null }, { nowMs: T0 }))).toHaveLength(1);
  });

  it('stays a message that Slack takes, without mentions, links and breaks out of a block, whatever the texts', () => {
    const text = fc.oneof(
      fc.constantFrom(...HOSTILE_TEXTS, '&'.repeat(3000), '<'.repeat(90), '`'.repeat(3000)),
      fc.string({ unit: 'binary', maxLength: 300 }),
    );
    const parameters = fc.dictionary(text, text, { maxKeys: 40, noNullPrototype: true });
    fc.assert(
      fc.property(text, text, parameters, fc.array(text, { maxLength: 30 }), (one, other, named, list) => {
        const subject = {
          agent: one,
          session: other,
          tool: one,
          function: other,
          component: one,
          grants: list,
          justification: other,
          source: one,
        };
        const message = slackMessage(askedWith(subject, named, { rules: list, approvers: list }), { nowMs: T0 });
        expect(message.blocks.length).toBeLessThanOrEqual(50);
        expect(textsOf(message).reduce((sum, each) => sum + each.length, 0)).toBeLessThan(13_000);
        const texts = textsOf(message);
        expect(texts.filter((each) => each.length < 1 || each.length > 3000)).toEqual([]);
        expect(texts.filter((each) => /[<>]|&(?!amp;|lt;|gt;)/.test(each))).toEqual([]);
        expect(texts.filter((each) => /[^\n\x20-\x7e\p{L}\p{N}\p{M}\p{P}\p{S}]/u.test(each))).toEqual([]);
        expect(texts.filter((each) => ![1, 3].includes(each.split('```').length))).toEqual([]);
        for (const each of buttonsOf(message)) expect(each.value).toMatch(/^k7q2m-9xw4d sha256:[0-9a-f]{64}$/);
      }),
      { numRuns: 100 },
    );
  });

  function section(text: string) {
    return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } };
  }

  function button(text: string, action: string, style: string) {
    const value = `k7q2m-9xw4d ${asked.digest}`;
    return { type: 'button', text: { type: 'plain_text', text, emoji: false }, action_id: action, value, style };
  }
});
