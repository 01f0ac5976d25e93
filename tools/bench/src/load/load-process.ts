import { serveCommands } from '../processes/commands.js';
import { sendOverHttp, sendToTopic } from './producer.js';

const commands = { sendOverHttp, sendToTopic };

export type LoadCommands = typeof commands;

serveCommands(commands);
