/** Raised when set-up cannot go on; the message says what to do. */
export class SetupError extends Error {}

/** One line a step: what is done, and how long it took. Goes to stderr, so that a command's own output stays clean. */
export async function step(text, work) {
  const begin = performance.now();
  process.stderr.write(`• ${text} …`);
  try {
    const result = await work();
    process.stderr.write(` ${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stderr.write(' failed\n');
    throw error;
  }
}

export function note(text) {
  process.stderr.write(`• ${text}\n`);
}
