import { stopping } from './interruption.mjs';

const { stderr } = process;

/** Raised when set-up cannot go on; the message says what to do. */
export class SetupError extends Error {}

/** One line a step: what is done, and how long it takes. Goes to stderr, so that a command's own output stays clean. */
export async function step(text, work) {
  const begin = performance.now();
  const seconds = () => ((performance.now() - begin) / 1000).toFixed(1);
  const line = `• ${text} …`;
  stderr.write(line);
  // A person who waits sees that it goes on.
  const clock = stderr.isTTY ? setInterval(() => stderr.write(`\r${line} ${seconds()} s`), 1_000) : undefined;
  try {
    const result = await work();
    stderr.write(`${stderr.isTTY ? `\r${line}` : ''} ${seconds()} s\n`);
    return result;
  } catch (error) {
    stderr.write(stopping.aborted ? ' stopped\n' : ' failed\n');
    throw error;
  } finally {
    clearInterval(clock);
  }
}

export function note(text) {
  stderr.write(`• ${text}\n`);
}
