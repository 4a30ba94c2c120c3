/** Draws the pictures of the documentation as SVG, from boxes and arrows. */

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  /** The lines of text; the first one is the title. */
  text: readonly string[];
  /** A frame has its title at the top and other boxes inside. */
  frame?: true;
}

interface Arrow {
  from: readonly [x: number, y: number];
  to: readonly [x: number, y: number];
  label: string;
  /** The middle of the label; it stands on the middle of the arrow otherwise. */
  at?: readonly [x: number, y: number];
}

const LINE_HEIGHT = 18;

/** Returns the picture of how a pod gets the sidecar, and how the application is told. */
export function overview(): string {
  const boxes: readonly Box[] = [
    { x: 20, y: 40, width: 170, height: 70, text: ['API server', 'pods, EndpointSlices'] },
    { x: 20, y: 200, width: 170, height: 70, text: ['Rollcall webhook', 'decides and patches'] },
    { x: 400, y: 20, width: 460, height: 270, text: ['Pod db-0'], frame: true },
    { x: 425, y: 60, width: 170, height: 90, text: ['sidecar', 'follows the group', 'holds the only token'] },
    { x: 665, y: 60, width: 170, height: 90, text: ['application', 'any language', 'no library, no token'] },
    { x: 425, y: 200, width: 410, height: 60, text: ['/run/rollcall', 'members.sock, members.json, files'] },
  ];
  const arrows: readonly Arrow[] = [
    { from: [80, 110], to: [80, 200], label: '1 asks', at: [52, 160] },
    { from: [130, 200], to: [130, 110], label: '2 patch', at: [160, 160] },
    { from: [190, 75], to: [425, 95], label: '3 watch: who is there', at: [297, 72] },
    { from: [510, 150], to: [510, 200], label: '4 tells', at: [545, 180] },
    { from: [750, 200], to: [750, 150], label: '5 reads lines', at: [800, 180] },
  ];
  return drawn(880, 310, boxes, arrows);
}

function drawn(width: number, height: number, boxes: readonly Box[], arrows: readonly Arrow[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    '<title>A pod is created; the API server asks the webhook, which adds the sidecar</title>',
    '<style>',
    '.box{fill:#fff;stroke:#345;stroke-width:1.5}.frame{fill:none;stroke:#789;stroke-dasharray:6 4}',
    'text{fill:#123;text-anchor:middle}.title{font-weight:bold}.arrow{stroke:#06c;stroke-width:2}.head{fill:#06c}',
    '@media (prefers-color-scheme:dark){.box{fill:#1c2430;stroke:#9ab}.frame{stroke:#678}text{fill:#dde6ee}',
    '.arrow{stroke:#6af}.head{fill:#6af}}',
    '</style>',
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">',
    '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    ...boxes.flatMap(boxOf),
    ...arrows.flatMap(arrowOf),
    '</svg>',
    '',
  ].join('\n');
}

function boxOf({ x, y, width, height, text, frame }: Box): string[] {
  const middle = x + width / 2;
  const top = frame ? y + 22 : y + height / 2 - ((text.length - 1) * LINE_HEIGHT) / 2 + 5;
  return [
    `<rect class="${frame ? 'frame' : 'box'}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    ...text.map(
      (line, index) =>
        `<text${index === 0 ? ' class="title"' : ''} x="${middle}" y="${top + index * LINE_HEIGHT}">${line}</text>`,
    ),
  ];
}

function arrowOf({ from, to, label, at }: Arrow): string[] {
  const [x, y] = at ?? [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  return [
    `<line class="arrow" x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" marker-end="url(#head)"/>`,
    `<text x="${x}" y="${y}">${label}</text>`,
  ];
}
