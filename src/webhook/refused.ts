/**
 * The refusal of a request by an HTTP error. It is never an answer to a review, so the failurePolicy decides
 * what follows.
 */
export class Refused extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, sentence: string, headers: Record<string, string> = {}) {
    super(sentence);
    this.status = status;
    this.headers = headers;
  }
}
