/** The texts in which the webhook tells people what the core has decided. */
import { isSurprising, type Reasons } from '../inject/codes.ts';
import type { Report } from '../inject/inject.ts';

/** An API server cuts warnings that have more characters together. */
const WARNING_CHARACTERS = 4096;

/**
 * Returns the warnings of an answer: what the core warns of, then why the pod is skipped. Of the reasons all but the
 * first give way where there is no room.
 */
export function warningTexts({ decision, warnings }: Pick<Report, 'decision' | 'warnings'>): string[] {
  const texts = warnings.map(({ sentence }) => `rollcall: ${sentence}`);
  if (decision.kind !== 'skip' || !isSurprising(decision.reasons[0].code)) return texts;
  let room = WARNING_CHARACTERS - texts.join('').length;
  for (const [index, { code, sentence }] of decision.reasons.entries()) {
    const text = `rollcall: not injected (${code}): ${sentence}`;
    room -= text.length;
    if (room < 0 && index > 0) break;
    texts.push(text);
  }
  return texts;
}

/** Returns why a pod is refused, or skipped, in one text. */
export function reasonsText(reasons: Reasons): string {
  return `rollcall ${reasons.map(({ code, sentence }) => `(${code}): ${sentence}`).join('. Also ')}`;
}
