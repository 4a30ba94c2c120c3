import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';

/** One change of one place in the source. */
export interface Mutant {
  file: string;
  /** Offsets of what is replaced, in UTF-16 units. */
  start: number;
  end: number;
  text: string;
  /** The line as it was and as the mutant has it: with the function, what an equivalent mutant is known by. */
  before: string;
  after: string;
  within: string;
  line: number;
}

type Change = { start: number; end: number; text: string };

const OPERATORS = new Map<string, readonly string[]>([
  ['+', ['-']],
  ['-', ['+']],
  ['*', ['/']],
  ['/', ['*']],
  ['%', ['*']],
  ['<', ['<=', '>']],
  ['<=', ['<', '>']],
  ['>', ['>=', '<']],
  ['>=', ['>', '<']],
  ['===', ['!==']],
  ['!==', ['===']],
  ['&&', ['||']],
  ['||', ['&&']],
  ['??', ['&&']],
  ['+=', ['-=']],
  ['-=', ['+=']],
  ['??=', ['=']],
]);
/** Methods that differ in one thought. */
const METHODS = new Map<string, string>([
  ['some', 'every'],
  ['every', 'some'],
  ['min', 'max'],
  ['max', 'min'],
  ['startsWith', 'endsWith'],
  ['endsWith', 'startsWith'],
  ['find', 'findLast'],
  ['push', 'unshift'],
  ['shift', 'pop'],
]);

/**
 * All mutants of a file. Types and imports are not changed, nor sentences for people: texts with a space
 * in them, and the messages of the log.
 */
export function mutantsOf(tree: SourceFile, file: string): Mutant[] {
  const found: Mutant[] = [];
  const { text } = tree;
  const visit = (node: Node, within: string, inFunction: boolean): void => {
    if (isErased(node)) return;
    const name = nameOf(node);
    const inside = name === undefined ? within : within === '' ? name : `${within}.${name}`;
    for (const change of changesOf(node, text, inFunction)) found.push(described(change, text, file, inside));
    node.forEachChild((child) => visit(child, inside, inFunction || isFunction(node)));
  };
  visit(tree, '', false);
  return found;
}

/** Tells whether nothing of the node is left when types are stripped, or nothing that is worth a change. */
function isErased(node: Node): boolean {
  return (
    is.isTypeNode(node) ||
    is.isInterfaceDeclaration(node) ||
    is.isTypeAliasDeclaration(node) ||
    is.isImportDeclaration(node) ||
    is.isExportDeclaration(node)
  );
}

function isFunction(node: Node): boolean {
  return (
    is.isFunctionDeclaration(node) ||
    is.isFunctionExpression(node) ||
    is.isArrowFunction(node) ||
    is.isMethodDeclaration(node) ||
    is.isConstructorDeclaration(node) ||
    is.isGetAccessorDeclaration(node) ||
    is.isSetAccessorDeclaration(node)
  );
}

function nameOf(node: Node): string | undefined {
  if (is.isFunctionDeclaration(node) || is.isClassDeclaration(node) || is.isMethodDeclaration(node)) {
    return node.name?.getText();
  }
  if (is.isGetAccessorDeclaration(node) || is.isSetAccessorDeclaration(node)) return node.name.getText();
  if (is.isConstructorDeclaration(node)) return 'constructor';
  return undefined;
}

/**
 * In a function a number becomes its neighbour, which an algorithm must notice. Outside of one it is a bound that
 * somebody chose (a timeout, a size), of which a neighbour is as good: it becomes 0, as if there were none.
 */
function* changesOf(node: Node, text: string, inFunction: boolean): Generator<Change> {
  const change = (target: Node, replacement: string): Change => ({
    start: target.getStart(),
    end: target.end,
    text: replacement,
  });
  const source = (target: Node) => text.slice(target.getStart(), target.end);
  if (is.isBinaryExpression(node)) {
    for (const other of OPERATORS.get(source(node.operatorToken)) ?? [])
      yield change(node.operatorToken, other);
  } else if (is.isPrefixUnaryExpression(node)) {
    if (node.operator === SyntaxKind.ExclamationToken) yield change(node, `(${source(node.operand)})`);
    if (node.operator === SyntaxKind.MinusToken) yield change(node, source(node.operand));
  } else if (is.isNumericLiteral(node)) {
    yield change(node, source(node) === '0' ? '1' : inFunction ? `(${source(node)} + 1)` : '0');
  } else if (node.kind === SyntaxKind.TrueKeyword) {
    yield change(node, 'false');
  } else if (node.kind === SyntaxKind.FalseKeyword) {
    yield change(node, 'true');
  } else if (is.isStringLiteral(node)) {
    if (!/\s/.test(node.text) && isValue(node)) yield change(node, node.text === '' ? "'mutant'" : "''");
  } else if (is.isIfStatement(node) || is.isWhileStatement(node)) {
    yield change(node.expression, `!(${source(node.expression)})`);
  } else if (is.isConditionalExpression(node)) {
    yield change(node.condition, `!(${source(node.condition)})`);
  } else if (is.isExpressionStatement(node)) {
    if (!isSuper(node.expression)) yield change(node, ';');
  } else if (is.isReturnStatement(node)) {
    if (node.expression === undefined) yield change(node, ';');
    // Whoever asks whether something is so takes false and undefined for the same; false itself becomes true.
    else if (!/^(undefined|false)$/.test(source(node.expression))) yield change(node.expression, 'undefined');
  } else if (is.isThrowStatement(node) || is.isBreakStatement(node) || is.isContinueStatement(node)) {
    yield change(node, ';');
  } else if (is.isArrowFunction(node) && !is.isBlock(node.body)) {
    yield change(node.body, 'undefined');
  } else if (is.isAwaitExpression(node)) {
    yield change(node, source(node.expression));
  } else if (is.isPropertyAccessExpression(node)) {
    const other = METHODS.get(node.name.getText());
    if (other !== undefined && is.isCallExpression(node.parent) && node.parent.expression === node) {
      yield change(node.name, other);
    }
  }
}

/** A class must call its base before it is one. */
function isSuper(expression: Node): boolean {
  return is.isCallExpression(expression) && expression.expression.kind === SyntaxKind.SuperKeyword;
}

/** Tells a text that is a value from the name of a member, and from the message of a line in the log. */
function isValue(node: Node): boolean {
  const { parent } = node;
  if (is.isPropertyAssignment(parent) && parent.name === node) return false;
  return !(is.isCallExpression(parent) && /\blog\.(info|warn|error)$/.test(parent.expression.getText()));
}

function described(
  { start, end, text: replacement }: Change,
  text: string,
  file: string,
  within: string,
): Mutant {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const to = text.indexOf('\n', end) < 0 ? text.length : text.indexOf('\n', end);
  return {
    file,
    start,
    end,
    text: replacement,
    before: folded(text.slice(from, to)),
    after: folded(text.slice(from, start) + replacement + text.slice(end, to)),
    within,
    line: text.slice(0, start).split('\n').length,
  };
}

function folded(lines: string): string {
  return lines.replace(/\s+/g, ' ').trim();
}
