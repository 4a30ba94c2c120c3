import type { History } from './history.ts';
import type { Ledger, Report } from './ledger.ts';
import type { Wedge } from './wedge.ts';

/** The base of the rules about staleness: what they judge by, whatever the upstream is. */
export abstract class StalenessJudge<Contact, Membership> {
  protected readonly contact: Contact;
  protected readonly history: History;
  protected readonly membership: Membership;
  protected readonly ledger: Ledger;
  protected readonly wedge: Wedge;
  protected readonly now: () => number;
  protected readonly report: Report;

  constructor(
    contact: Contact,
    history: History,
    membership: Membership,
    ledger: Ledger,
    wedge: Wedge,
    now: () => number,
    report: Report,
  ) {
    this.contact = contact;
    this.history = history;
    this.membership = membership;
    this.ledger = ledger;
    this.wedge = wedge;
    this.now = now;
    this.report = report;
  }
}
