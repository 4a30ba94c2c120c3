import type { StaleReason } from '../../src/watcher/protocol.ts';
import { DnsContact, type Poll } from './dns-contact.ts';
import type { DnsMembership } from './dns-membership.ts';
import { StalenessJudge } from './staleness-judge.ts';
import type { StalenessRules } from './stream-rules.ts';

/** After a wedge the loop has one poll to catch up with. */
const AFTER_WEDGE_MS = 60_000;

/**
 * What the sidecar says about how good its knowledge is, against the polls that are over. The one
 * under way may still fail: what it has come to is told when its last answer is in.
 */
export class DnsStaleness extends StalenessJudge<DnsContact, DnsMembership> implements StalenessRules {
  /** One poll may fail, a packet gets lost now and then; after two in a row nothing is fresh. */
  claimedFresh(where: string): void {
    if (this.wedge.within(AFTER_WEDGE_MS)) return;
    const [last, before] = this.#over;
    const succeeds = good(this.contact.polls.at(-1));
    if (this.contact.listedAt === undefined) {
      this.report('stale', `${where} says fresh, and DNS never listed anyone`);
    } else if (!succeeds && last !== undefined && before !== undefined && !good(last) && !good(before)) {
      this.report('stale', `${where} says fresh, and the last two polls failed`);
    }
  }

  claimedStale(): void {
    const [last] = this.#over;
    if (last === undefined || !good(last) || this.wedge.within(AFTER_WEDGE_MS)) return;
    this.report('stale', 'a heartbeat says stale, and the last poll told everything');
  }

  gaveReason(reason: StaleReason): void {
    const failed = this.contact.polls.slice(-3).some((poll) => !good(poll));
    const known = reason === 'dns' || reason === 'partial';
    if (!failed || !known) this.report('reason', `${reason}, and no poll failed for that`);
  }

  /** Evidence is a listing, and the end of a poll; the last answer is not later than that. */
  age(said: number | null): void {
    const { listedAt, answeredAt } = this.contact;
    if (this.wedge.within(AFTER_WEDGE_MS)) return;
    const least = this.#over.every(good) ? (this.now() - answeredAt) / 1000 : 0;
    const most = listedAt === undefined ? null : (this.now() - listedAt) / 1000;
    const right =
      most === null || said === null ? most === said : said < most + 0.003 && said > least - 0.003;
    if (!right) this.report('age', `the last listing came ${most} s ago, a heartbeat says ${said}`);
  }

  /** When nothing was written since before the last whole poll began, what is held is exactly that. */
  lag(): void {
    const [last] = this.#over;
    if (last === undefined || !good(last) || this.wedge.within(AFTER_WEDGE_MS)) return;
    const lied = ({ questions }: Poll) => questions.some((question) => question.lied);
    if (this.contact.polls.slice(-2).some(lied) || this.history.states.at(-1)!.at >= last.askedAt) return;
    if (!this.membership.isCurrent(this.ledger.latest)) {
      this.report('lag', 'what is held is not what the last poll told');
    }
  }

  /** The last two polls that are over, the later one first. */
  get #over(): [Poll | undefined, Poll | undefined] {
    const [, last, before] = this.contact.polls.slice(-3).reverse();
    return [last, before];
  }
}

const good = (poll: Poll | undefined) => poll !== undefined && DnsContact.good(poll);
