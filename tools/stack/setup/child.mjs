import { spawn } from 'node:child_process';

/** The child that set-up waits for now; a signal to us ends it too. */
let running;

/** Ends what set-up has started. */
export function stopChild(signal) {
  running?.kill(signal);
}

/** Runs a program to its end and keeps what it writes. Resolves to `{ code, output }`; code 127 when it cannot be started. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running = child;
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
