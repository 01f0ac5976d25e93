import { spawn } from 'node:child_process';
import { stopping } from './interruption.mjs';

/**
 * Runs a program to its end and keeps what it writes. Resolves to `{ code, output }`; code 127 when it cannot be started. When set-up
 * is interrupted, the program and all that it has started are ended.
 */
export function run(command, args, options = {}) {
  stopping.throwIfAborted();
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
    // npm may take SIGTERM and go on. Whatever is half done here is begun anew the next time.
    const end = () => process.kill(-child.pid, 'SIGKILL');
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('spawn', () => stopping.addEventListener('abort', end));
    child.on('exit', () => stopping.removeEventListener('abort', end));
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
