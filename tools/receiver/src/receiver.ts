import { runProgram } from './command-line.js';
import { PublishedMaterial } from './published-material.js';
import { parseReceiverOptions, RECEIVER_HELP } from './receiver-options.js';
import type { ReceiverOptions } from './receiver-options.js';
import { ReceiverServer } from './receiver-server.js';
import { quietReport, readableReport } from './report.js';
import type { Arrival } from './report.js';

await runProgram(async () => {
  const options = parseReceiverOptions(process.argv.slice(2), process.env);
  if (options.help) console.log(RECEIVER_HELP);
  else await receive(options);
});

async function receive(options: ReceiverOptions): Promise<void> {
  const print = printer(options.output);
  const material = new PublishedMaterial(options.home, () => server.port);
  const server: ReceiverServer = new ReceiverServer({ ...options, material, arrived: print });
  const address = `http://127.0.0.1:${await listen(server, options.port)}`;
  if (options.output === 'json') console.log(JSON.stringify({ listening: address }));
  else console.log(`Listening on ${address}. Ctrl-C stops.\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void server.close();
    });
}

async function listen(server: ReceiverServer, port: number): Promise<number> {
  try {
    return await server.listen(port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} is in use. Choose another with --port.`, { cause: error });
  }
}

function printer(output: ReceiverOptions['output']): (arrival: Arrival) => void {
  return (arrival) => {
    const text =
      output === 'json' ? JSON.stringify(arrival) : output === 'quiet' ? quietReport(arrival) : readableReport(arrival);
    if (text !== undefined) console.log(text);
  };
}
