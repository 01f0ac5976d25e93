import { runProgram } from './command-line.js';
import { DEMO_HELP, parseDemoOptions } from './demo-options.js';
import { runDemo } from './demo-run.js';

await runProgram(async () => {
  const options = parseDemoOptions(process.argv.slice(2), process.env);
  if (options.help) console.log(DEMO_HELP);
  else
    await runDemo(options, (line) => {
      console.log(line);
    });
});
