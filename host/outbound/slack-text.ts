/** A text object of Slack's Block Kit in which nothing has a meaning. */
export interface SlackPlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: false;
}

/** @param text - already escaped. */
export function slackPlain(text: string): SlackPlainText {
  return { type: 'plain_text', text, emoji: false };
}

/** The three characters that Slack gives a meaning to. https://docs.slack.dev/messaging/formatting-message-text */
export function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
