/** What the API server has sent, by which its cost of a group can be told. */
export interface Traffic {
  bytes: number;
}
