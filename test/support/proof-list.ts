/** Reads the lists of the docs in which each item has an id, a text, and the tests that prove it. */

import assert from 'node:assert/strict';

/** A test that is named as a proof. */
export interface Proof {
  /** The name of the test. For a test in a suite: the name of the suite, " > ", and its own. */
  name: string;
  /** The path of the file, as the page links it. */
  file: string;
}

export interface Item {
  id: string;
  proofs: Proof[];
}

/** Returns the items `- **ID** text`, each with its lines `  Proof: [name](file).`; any other line of a list is an error. */
export function itemsOf(text: string): Item[] {
  return text.split(/^(?=- \*\*[A-Z]\d+\*\* )/m).flatMap((part) => {
    const id = /^- \*\*([A-Z]\d+)\*\* ./.exec(part)?.[1];
    if (id === undefined) {
      assert.doesNotMatch(part, /^\s*(- \*\*[A-Z]\d|Proof:)/m, 'every item is written "- **ID** text"');
      return [];
    }
    const proofs = part.split('\n').flatMap((line) => {
      if (!line.includes('Proof:')) return [];
      const [, name, file] = /^ {2}Proof: \[([^\]]+)\]\(([^)]+)\)\.$/.exec(line) ?? assert.fail(line);
      return [{ name: name!, file: file! }];
    });
    return [{ id, proofs }];
  });
}
