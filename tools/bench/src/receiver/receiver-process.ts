import { serveCommands } from '../processes/commands.js';
import { Receivers } from './receivers.js';

const receivers = new Receivers();
const commands = {
  open: (count: number) => receivers.open(count),
  behave: (given: Parameters<Receivers['behave']>[0]) => {
    receivers.behave(given);
  },
  close: (receiver: number) => receivers.close(receiver),
  reopen: (receiver: number) => receivers.reopen(receiver),
  count: () => receivers.count(),
  since: (from: number) => receivers.since(from),
  samples: () => receivers.samples(),
};

export type ReceiverCommands = typeof commands;

serveCommands(commands);
