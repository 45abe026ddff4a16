/** The words that the shipped model was trained with. */
const colours = ['red', 'green', 'blue', 'yellow', 'orange', 'purple', 'pink', 'cyan'];
const shapes = ['circle', 'square', 'triangle', 'star'];
const motions = [
  'moving right',
  'moving left',
  'moving up',
  'moving down',
  'growing',
  'shrinking',
  'spinning',
  'bouncing',
];
const backgrounds = ['black', 'white', 'gray', 'blue'];

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? '';
}

/** A prompt that the shipped model understands: shape and background differ in colour, and circles do not spin. */
export function randomShapePrompt(): string {
  const background = pick(backgrounds);
  const colour = pick(colours.filter((word) => word !== background));
  const shape = pick(shapes);
  const motion = pick(motions.filter((word) => shape !== 'circle' || word !== 'spinning'));
  return `a ${colour} ${shape} ${motion} on a ${background} background`;
}
