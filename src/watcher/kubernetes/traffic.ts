/** The counters of what the API server has sent, which show what a group costs it. */
export interface Traffic {
  bytes: number;
}
